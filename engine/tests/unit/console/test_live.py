"""The picture: whatever is in a queue or a log is shown as text, what is not known is told so, and tabs cost nothing."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fanout.console.budget import Budget
from fanout.console.collector import Collector
from fanout.console.counts import Counts
from fanout.console.health import facts
from fanout.console.live import task as switching
from fanout.console.live.lanes import lanes
from fanout.console.templates import environment
from fanout.ops.aws.line import Line
from fanout.ops.aws.stack import Stack
from fanout.ops.journal import Journal
from fanout.ops.pause import switch
from fanout.ops.status.report import Report
from tests.unit.console.given import Here, health, stack
from tests.unit.ops.aws.logs import Logs, outcome

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
    counts = Counts()
    for each in (line("done", 30), line("failed", 61), line("dead", 298), line("done", 301), line("done", -5)):
        assert counts.add("task", each) and not counts.add("task", each)
    (lane,) = lanes(Report(stack(["task"]), datetime.now(UTC), [health("task")], 1, [], []), counts.lately())
    assert (lane.done, lane.failed, lane.dead, lane.per_minute) == (2, 1, 1, 2)
    assert lane.said == "2 done, 1 failed, 1 dead in the last 5 minutes"


def test_all_outcomes_of_a_busy_task_are_counted_whatever_others_do() -> None:
    collector = Collector(lambda: stack(["a", "b"]), Budget())
    for task in ("a", "b"):
        for number in range(3_500):
            collector._add(task, replace(line("done", number % 280), message_id=f"m{number}"))
    report = Report(stack(["a", "b"]), datetime.now(UTC), [health("a"), health("b")], 2, [], [])
    assert [each.done for each in lanes(report, collector.counts.lately())] == [3_500, 3_500]
    assert facts.rate(collector.counts.lately()) == 700 and len(collector.outcomes()) < 3_500


def test_what_is_long_over_is_not_kept() -> None:
    counts = Counts()
    for seconds in (1_000, 700, 1):
        counts.add("task", line("done", seconds))
    assert len(counts._seconds) == 1


def test_a_subscriber_that_is_deployed_later_is_followed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    logs, tasks, rests = Logs(), ["task"], list[float]()

    def deployed() -> Stack:
        found = stack(tasks)
        vars(found.aws)["logs"] = logs
        return found

    def rest(self: Collector, seconds: float) -> None:
        rests.append(seconds)
        if "later" not in tasks:
            tasks.append("later")
        self._over = len(rests) >= 4

    for each in ("task", "later"):
        logs.write(f"/aws/lambda/{each}", outcome("done", each))
    monkeypatch.setattr(Collector, "_rest", rest)
    collector = Collector(deployed, Budget())
    collector._tail()
    assert sorted(each.task for each in collector.outcomes()) == ["later", "task"] and collector.unread == ""


def test_an_alarm_is_shown_at_the_subscriber_that_it_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    rings = [{"name": "Orders-prod-NotifyWebhookDeadLetterAlarm1A2B-X", "says": "notify_webhook: an event is dead"}]
    healths = [health("notify"), health("notify_webhook"), health("webhook")]
    report = Report(stack([each.task for each in healths]), datetime.now(UTC), healths, 3, rings, [])
    assert [(each.task, each.state) for each in lanes(report, []) if each.alarms] == [("notify_webhook", "alarm")]


def test_dead_letters_that_were_not_read_are_told_neither_as_none_nor_as_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unread = health("task", dead=None, problems=["it is throttled"], unread=["it is throttled"])
    here = Here(monkeypatch, unread, health("drops", dead=None, buries=False), health("other", dead=1))
    page = here.page("/")
    assert page.count("no dead letters") == 1 and "<dt>dead</dt><dd>?</dd>" in page and "<b>?</b>" in page
    for each in here.console.collector.state.subscribers if here.console.collector.state else []:
        monkeypatch.setattr(switching, "health", lambda _, told=each: told)
        page = here.page(f"/tasks/{each.task}")
        assert ("none are kept" in page) == (each.task == "drops") and ("not known" in page) == (each.task == "task")
        assert (">?</a>" in page) == (each.task == "task")


def test_of_who_keeps_no_dead_letters_none_is_missing_in_their_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Here(monkeypatch, health("drops", dead=None, buries=False), health("other", dead=1)).page("/")
    assert "<dt>dead</dt><dd>1</dd>" in page


def test_of_a_worker_whose_log_is_elsewhere_no_last_error_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task"))
    monkeypatch.setattr(switching, "health", lambda _: health("task", kind="worker", mapping="elsewhere"))
    assert here.page("/tasks/task").count("not known") == 2


def test_a_pause_beside_a_switch_that_goes_on_is_refused_and_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    here, done, go = Here(monkeypatch, health("task"), allow="pause"), list[str](), threading.Event()

    def resume(*_: object) -> None:
        done.append("resume")
        assert go.wait(10)

    monkeypatch.setattr(switching, "AT_ONCE", 0.01)
    monkeypatch.setattr(Journal, "open", lambda *_: None)
    monkeypatch.setattr(switch, "resume", resume)
    monkeypatch.setattr(switch, "pause", lambda *_: done.append("pause"))
    assert here.post("/tasks/task/resume").status_code == 303
    refused = here.post("/tasks/task/pause", reason="the receiver is down")
    assert refused.status_code == 409 and "task: nothing was done, as the console is resuming it now" in refused.text
    go.set()
    here.console.close()
    assert here.post("/tasks/task/pause", reason="the receiver is down").status_code == 303
    here.console.close()
    assert done == ["resume", "pause"]


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


@pytest.mark.parametrize(("path", "status"), [("/", 500), ("/events/e1", 500), ("/nowhere", 404)])
def test_whatever_keeps_the_stack_from_being_found_is_a_line_of_a_page(
    monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    here = Here(monkeypatch, health("task"))
    monkeypatch.setattr(
        here.console, "find", lambda: json.loads("s3cret: sign in")
    )  # what a credential_process printed
    answer = here.client.get(path)
    assert answer.status_code == status and "no stack" in answer.text and "s3cret" not in answer.text
    assert ("JSONDecodeError" in answer.text) == (status == 500)
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/find", "/submit", "/submit/order.placed.v1", "/nowhere"])
def test_every_page_has_a_title_a_main_and_a_way_past_its_head(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    answer = Here(monkeypatch, health("task")).client.get(path, follow_redirects=True)
    assert answer.text.count("<h1") == 1 and 'href="#main"' in answer.text and '<html lang="en">' in answer.text


def test_a_template_that_forgets_a_filter_shows_no_control_character_either() -> None:
    assert environment().from_string("{{ text }}").render(text=HOSTILE + "\n") == (
        "&lt;script&gt;alert(1)&lt;/script&gt;&#34;\\x1b[31m\\u202e\n"
    )
