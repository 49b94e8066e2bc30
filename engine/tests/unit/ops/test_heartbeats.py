"""What the on-call commands make of heartbeats, and of probes: settled wherever an outcome is awaited, and no sign of the task's health."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from rich.console import Console

from fanout import names
from fanout.cli.views.dead_list import render
from fanout.cli.views.tail import render as render_line
from fanout.contracts.app import heartbeat_example
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.causes import Cause, Group
from fanout.ops.dead_letters.message import HEARTBEAT, DeadLetterMessage
from fanout.ops.dead_letters.summary import DeadLetterSummary
from fanout.ops.redrive.outcomes import OutcomeWatcher
from fanout.ops.status import report as status
from fanout.ops.timeline import tail, timeline
from fanout.ops.timeline.state import DONE
from fanout.ops.verify.probes import PREFIX
from tests.unit.ops.aws.logs import outcome
from tests.unit.ops.given import event, message
from tests.unit.ops.test_on_call_parts import events

BEAT = outcome("heartbeat", event_id="d32c5kddcf5bb8c3")
FAILED = outcome("failed", "m2", error_type="TransientError", error="503")


def subscriber(*lines: Any) -> DeployedSubscriber:
    empty = {"Attributes": {"ApproximateNumberOfMessages": "0"}}
    sqs = SimpleNamespace(get_queue_attributes=lambda **_: empty, list_queue_tags=lambda **_: {})
    functions = SimpleNamespace(
        get_function_configuration=lambda **_: {},
        list_event_source_mappings=lambda **_: {
            "EventSourceMappings": [{"EventSourceArn": "arn:q", "State": "Enabled"}]
        },
    )
    metrics = SimpleNamespace(get_metric_data=lambda **_: {"MetricDataResults": [{"Values": []}]})
    aws = cast(Aws, SimpleNamespace(sqs=sqs, functions=functions, cloudwatch=metrics, logs=events(*lines).logs))
    return DeployedSubscriber(aws, "Task", "task", "https://1/q", "https://1/d", "f")


def heartbeat() -> DeadLetterMessage:
    return message(heartbeat_example())


def test_the_type_is_the_contracts() -> None:
    assert names.HEARTBEAT_TYPE.endswith(HEARTBEAT)
    assert heartbeat().is_heartbeat and not message(event()).is_heartbeat and not message("no JSON").is_heartbeat


def test_one_that_was_acknowledged_is_done() -> None:
    (found,) = timeline.for_subscriber(subscriber(BEAT), "d32c5kddcf5bb8c3", datetime.now(UTC))
    assert (found.state, [each.kind for each in found.attempts]) == (DONE, ["heartbeat"])


def test_a_redrive_that_sends_one_sees_it_done() -> None:
    following = OutcomeWatcher(subscriber(BEAT))
    following.watch("m1")
    following.poll()
    assert (following.done, following.waiting, following.failed) == (1, 0, [])


def test_it_does_not_hide_that_the_task_still_fails() -> None:
    """`fanout dead redrive` refuses while the last failure is younger than the last success."""
    found = status.health(subscriber(FAILED, BEAT))
    assert found.last_success is None and found.last_error is not None
    assert status.health(subscriber({**BEAT, "outcome": "done"})).last_success is not None


def test_what_a_probe_was_asked_to_do_is_neither_an_error_nor_a_success_of_the_task() -> None:
    probes = [
        {**each, "event_id": f"{PREFIX}run-1"} for each in ({**FAILED, "message_id": "m9"}, outcome("done", "m9", 2))
    ]
    found = status.health(subscriber(*probes))
    assert (found.last_success, found.last_error) == (None, None)
    found = status.health(subscriber(FAILED, *probes))
    assert found.last_success is None and found.last_error is not None and found.last_error.message_id == "m2"


def test_a_list_of_messages_says_how_many_nobody_submitted() -> None:
    group = Group(Cause("FunctionEnded", "it crashed"))
    for each in (heartbeat(), message(event()), heartbeat()):
        group.add(each)
    assert (group.as_dict()["count"], group.as_dict()["heartbeats"], group.as_dict()["shops"]) == (3, 2, ["berlin"])
    console = Console(width=200)
    with console.capture() as shown:
        console.print(render([DeadLetterSummary("task", 3, 3, groups=[group])]))
    assert "2 of 3 are heartbeats" in shown.get()


def test_a_message_that_is_one_is_shown_whole_as_nothing_in_it_is_personal() -> None:
    assert heartbeat().redacted() == json.loads(heartbeat_example())


def test_tail_shows_it() -> None:
    (line,) = [
        found
        for _, found in tail.follow_outcomes(
            [subscriber(BEAT)], datetime.now(UTC), 0, cast(Any, False), once=True, unread=print
        )
    ]
    assert "heartbeat" in render_line("task", line).plain
