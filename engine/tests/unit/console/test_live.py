"""The picture: whatever is in a queue or a log is shown as text, what is not known is told so, and tabs cost nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from fanout.console.collector import Outcome
from fanout.console.live.lanes import lanes
from fanout.console.templates import environment
from fanout.ops.aws.line import Line
from fanout.ops.status.report import Report
from tests.unit.console.given import Here, health, stack

HOSTILE = '<script>alert(1)</script>"\x1b[31m\u202e'


def line(kind: str = "done", seconds: float = 1, **more: str) -> Line:
    return Line(kind, "m1", 1, datetime.now(UTC) - timedelta(seconds=seconds), event_id="e1", **more)  # type: ignore[arg-type]


def test_three_subscribers_and_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(
        monkeypatch,
        health("good"),
        health("bad", dead=2, problems=["2 dead letters: fanout dead list bad"]),
        health("far", waiting=7),
    )
    page = here.page("/")
    assert page.count('class="lane ') == 3 and "picture dense" not in page
    assert "somebody is needed" in page and "2 dead letters: fanout dead list bad" in page
    assert "<code>fanout status --stack Orders-prod --watch</code>" in page


def test_forty_subscribers_have_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Here(monkeypatch, *(health(f"task_{number}") for number in range(40))).page("/")
    assert page.count('class="lane ') == 40 and "picture dense" in page


def test_what_is_not_known_is_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("a", waiting=None), health("b", waiting=3, unseen=["the log: too many pages"]))
    page = here.page("/")
    assert "<dt>waiting</dt><dd>?</dd>" in page and "not read: the log: too many pages" in page
    assert "nobody is needed" not in page


def test_text_of_others_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task", problems=[HOSTILE]))
    here.console.collector._add("task", line("failed", error_type=HOSTILE, error=HOSTILE))
    page = here.page("/")
    assert "<script>alert" not in page and "\x1b" not in page and "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;\\x1b[31m\\u202e" in page


def test_outcomes_are_counted_within_their_minutes_and_moved_once() -> None:
    found = health("task")
    outcomes = [
        Outcome(1, "task", line("done", 30)),
        Outcome(2, "task", line("failed", 61)),
        Outcome(3, "task", line("dead", 299)),
        Outcome(4, "task", line("done", 301)),
        Outcome(5, "task", line("done", -5)),
    ]
    (lane,) = lanes(Report(stack(["task"]), datetime.now(UTC), [found], 1, [], []), outcomes)
    assert (lane.done, lane.failed, lane.dead, lane.per_minute) == (2, 1, 1, 2)
    assert lane.said == "2 done, 1 failed, 1 dead in the last 5 minutes"


def test_an_outcome_that_is_read_twice_moves_once(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Here(monkeypatch, health("task")).console.collector
    same = line()
    for _ in range(2):
        collector._add("task", same)
    assert [each.number for each in collector.outcomes()] == [1]


def test_without_a_first_look_the_page_says_that_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task"))
    here.console.collector.state = None
    assert "Looking at every subscriber" in here.page("/")
    here.console.collector.problem = "these credentials may not sqs:GetQueueAttributes"
    assert "these credentials may not" in here.page("/")


@pytest.mark.parametrize("path", ["/", "/find", "/submit", "/submit/order.placed.v1", "/nowhere"])
def test_every_page_has_a_title_a_main_and_a_way_past_its_head(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    answer = Here(monkeypatch, health("task")).client.get(path, follow_redirects=True)
    assert answer.text.count("<h1") == 1 and 'href="#main"' in answer.text and '<html lang="en">' in answer.text


def test_a_template_that_forgets_a_filter_shows_no_control_character_either() -> None:
    assert environment().from_string("{{ text }}").render(text=HOSTILE + "\n") == (
        "&lt;script&gt;alert(1)&lt;/script&gt;&#34;\\x1b[31m\\u202e\n"
    )
