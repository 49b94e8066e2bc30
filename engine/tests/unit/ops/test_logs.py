"""`fanout logs`: what a task's function wrote, line by line; and a queue that cannot empty."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.cli.views.logs import render
from fanout.ops.aws.line import Raw
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.interrupt import Stop
from fanout.ops.pause import switch
from fanout.ops.timeline.tail import EVERYTHING, follow, follow_outcomes

OUTCOME = {
    **{"outcome": "done", "message_id": "m1", "attempt": 1, "function_request_id": "r1"},
    **{"level": "INFO", "message": "done", "task": "t"},
}


def raw(line: Any) -> Raw:
    text = line if isinstance(line, str) else json.dumps(line)
    return Raw("1", 1_767_225_600_000, "s", text, line if isinstance(line, dict) else None)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("printed by the task\n", "00:00:00 printed by the task"),
        ("\x1b[2Jgone", "00:00:00 \\x1b[2Jgone"),
        (OUTCOME, "00:00:00 INFO    done  outcome=done  message_id=m1  attempt=1  function_request_id=r1"),
        (
            {"level": "ERROR", "message": "a bug", "error": "in f, a/b.py:1", "traceback": "Traceback:\n  line\n"},
            "00:00:00 ERROR   a bug  error=in f, a/b.py:1\nTraceback:\n  line",
        ),
        (
            {"type": "platform.report", "record": {"status": "success", "metrics": {"durationMs": 3.5}}},
            "00:00:00 platform.report  status=success  durationMs=3.5",
        ),
    ],
    ids=["plain", "a terminal's commands", "structured", "with a traceback", "lambda's own"],
)
def test_a_line_is_shown_as_words(line: Any, shown: str) -> None:
    assert render(raw(line)).plain == shown


def subscriber(*lines: Any, waiting: int = 0, state: str = "Enabled", **tags: str) -> DeployedSubscriber:
    now = int(datetime.now(UTC).timestamp() * 1000)
    events = [
        {"message": each if isinstance(each, str) else json.dumps(each), "timestamp": now, "eventId": str(number)}
        for number, each in enumerate(lines)
    ]
    patterns: list[str] = []

    def read(filterPattern: str = "", **_: Any) -> dict[str, Any]:
        patterns.append(filterPattern)
        return {"events": events}

    mapping = {"EventSourceArn": "arn:aws:sqs:eu-west-1:1:q", "State": state, "EventSourceMappingArn": "m"}
    attributes = {"Attributes": {"ApproximateNumberOfMessages": str(waiting)}}
    aws = SimpleNamespace(
        logs=SimpleNamespace(filter_log_events=read),
        functions=SimpleNamespace(
            get_function_configuration=lambda **_: {},
            list_event_source_mappings=lambda **_: {"EventSourceMappings": [mapping]},
            list_tags=lambda **_: {"Tags": tags},
        ),
        sqs=SimpleNamespace(get_queue_attributes=lambda **_: attributes),
        patterns=patterns,
    )
    return DeployedSubscriber(cast(Aws, aws), "T", "t", "https://sqs/1/q", "https://sqs/1/dead", "fn")


def test_every_line_is_followed_once() -> None:
    task, stop = subscriber("printed", OUTCOME), Stop()
    since = datetime.now(UTC) - timedelta(minutes=1)
    seen = []
    for _, line in follow([task], EVERYTHING, since, 0.0, stop, once=False, unread=print):
        seen.append(line.text)
        if len(seen) == 2:
            stop.asked = True
    assert seen == ["printed", json.dumps(OUTCOME)]
    again = list(follow([task], EVERYTHING, since, 0.0, Stop(), once=True, unread=print))
    assert len(again) == 2 and set(cast(Any, task.aws).patterns) == {""}


def test_two_subscribers_of_one_task_are_each_followed_from_their_own_place() -> None:
    tasks = [subscriber("of one"), replace(subscriber("of another"), id="U")]
    since = datetime.now(UTC) - timedelta(minutes=1)
    found = follow(tasks, EVERYTHING, since, 0.0, Stop(), once=True, unread=print)
    assert [(each.id, line.text) for each, line in found] == [("T", "of one"), ("U", "of another")]


def test_logs_are_read_at_once() -> None:
    """Each waits until both have been asked, and would give up alone."""
    tasks, together = [subscriber("printed"), replace(subscriber("told"), id="U", task="u")], Barrier(2)
    for each in tasks:
        aws: Any = each.aws
        aws.logs.filter_log_events = partial(_waiting, together, aws.logs.filter_log_events)
    since = datetime.now(UTC) - timedelta(minutes=1)
    found = list(follow(tasks, EVERYTHING, since, 0.0, Stop(), once=True, unread=print))
    assert {line.text for _, line in found} == {"printed", "told"} and not together.broken


def _waiting(together: Barrier, read: Callable[..., Any], **asked: Any) -> Any:
    together.wait(timeout=5)
    return read(**asked)


def test_tail_follows_outcomes_alone() -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    found = list(follow_outcomes([subscriber("printed", OUTCOME)], since, 0.0, Stop(), once=True, unread=print))
    assert [line.kind for _, line in found] == ["done"]


@pytest.mark.parametrize(
    ("waiting", "state", "tags", "line"),
    [
        (
            1,
            "Disabled",
            {"fanout:paused": "now by me = it is down"},
            "t is paused (it is down): 1 event waits and none",
        ),
        (
            2,
            "Disabled",
            {},
            "t has its mapping switched off: 2 events wait and none is worked on; fanout resume t first",
        ),
        (0, "Disabled", {"fanout:paused": "now by me = it is down"}, None),
        (2, "Enabled", {}, None),
        (2, "Disabling", {}, None),
    ],
)
def test_a_paused_queue_does_not_drain(waiting: int, state: str, tags: dict[str, str], line: str | None) -> None:
    said = switch.why_not_draining(subscriber(waiting=waiting, state=state, **tags))
    assert said is None if line is None else str(said).startswith(line)
