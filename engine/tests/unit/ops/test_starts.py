"""A function that cannot start is a cause of its own: told from its log, before "SNS could not deliver it"."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.ops.aws.session import Aws
from fanout.ops.aws.starts import has_attempts, start_failures
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.causes import NOT_STARTED, UNDELIVERED, UNEXPLAINED, Cause, Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.status import reads
from fanout.ops.status.health import Health
from fanout.ops.status.told import Told
from fanout.ops.timeline import timeline

IMPORT_ERROR = {
    "level": "ERROR",
    "errorType": "Runtime.ImportModuleError",
    "errorMessage": "Unable to import module 'sync_crm.handler': No module named 'nosuchmodule'",
}
REPORT = {"type": "platform.initReport", "record": {"phase": "init", "status": "error", "errorType": "KeyError"}}
FINE = {"type": "platform.initReport", "record": {"phase": "init", "status": "success"}}
RECEIVED = {"message": "received", "messages": {"another": 1}, "function_request_id": "r"}
NOW = datetime.now(UTC)


def aws(*lines: Any, depth: str = "0", endpoint: str = "https://sqs.eu-west-1.amazonaws.com") -> Aws:
    found = [{"message": json.dumps(each), "timestamp": int(NOW.timestamp() * 1000)} for each in lines]
    counts = {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": depth}
    return cast(
        Aws,
        SimpleNamespace(
            logs=SimpleNamespace(filter_log_events=lambda **_: {"events": found}),
            sqs=SimpleNamespace(
                get_queue_attributes=lambda QueueUrl, **_: {"Attributes": {} if QueueUrl.endswith("dead") else counts}
            ),
            functions=SimpleNamespace(get_function_configuration=lambda **_: {}),
            is_aws=endpoint.endswith("amazonaws.com"),
        ),
    )


def subscriber(of: Aws) -> DeployedSubscriber:
    return DeployedSubscriber(of, "SyncCrm", "sync_crm", "https://sqs/1/q", "https://sqs/1/dead", "fn")


def message(sent: datetime = NOW, *, by_sqs: bool = True) -> DeadLetterMessage:
    system = {"SentTimestamp": str(int(sent.timestamp() * 1000))}
    return DeadLetterMessage("m1", "r", "{}", {}, system | ({"DeadLetterQueueSourceArn": "q"} if by_sqs else {}))


def cause(of: Aws, *messages: DeadLetterMessage) -> Cause:
    return Explainer(of, subscriber(of)).explain(messages or [message()])[0]


def test_what_could_not_be_imported_is_the_cause() -> None:
    found = cause(aws(FINE, IMPORT_ERROR))
    assert str(found) == f"FunctionNotStarted: Runtime.ImportModuleError: {IMPORT_ERROR['errorMessage']}"


def test_lambdas_own_report_of_the_start_is_enough() -> None:
    assert str(cause(aws(REPORT))) == "FunctionNotStarted: KeyError: its start ended in error"
    assert start_failures(aws(FINE), "group", NOW)[0] == []


def test_a_log_without_any_attempt_says_that_it_did_not_start() -> None:
    assert cause(aws()) == NOT_STARTED


def test_a_function_that_was_handed_other_messages_did_start() -> None:
    assert has_attempts(aws(RECEIVED), "group", NOW)
    assert cause(aws(RECEIVED)) == UNEXPLAINED


def test_of_a_log_whose_retention_may_be_over_nothing_is_concluded() -> None:
    assert cause(aws(), message(NOW - timedelta(days=3))) == UNEXPLAINED


def test_what_sns_could_not_deliver_stays_so() -> None:
    assert cause(aws(IMPORT_ERROR), message(by_sqs=False)) == UNDELIVERED


def test_where_says_it_while_the_event_waits() -> None:
    (found,) = timeline.for_subscriber(subscriber(aws(IMPORT_ERROR, depth="1")), "e1", NOW)
    assert found.said().startswith("not seen, and its function does not start: Runtime.ImportModuleError: Unable to")


@pytest.mark.parametrize(
    ("lines", "endpoint", "problem"),
    [
        (
            [IMPORT_ERROR],
            "https://sqs.eu-west-1.amazonaws.com",
            "its function does not start: Runtime.ImportModuleError",
        ),
        ([], "https://sqs.eu-west-1.amazonaws.com", None),
        ([], "https://127.0.0.1:4566", "1 event in flight, and its function was handed none: it does not start"),
        ([RECEIVED], "https://127.0.0.1:4566", None),
    ],
    ids=["aws", "aws, no line yet", "embedded", "embedded, at work"],
)
def test_status_has_it_as_a_problem(
    lines: list[Any], endpoint: str, problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "START_SECONDS", 0.0)
    found = Health("sync_crm")
    reads._outcomes(subscriber(aws(*lines, endpoint=endpoint)), with_in_flight(1), found)
    assert [each.startswith(problem) for each in found.problems if problem] == ([True] if problem else [])
    assert bool(found.problems) is (problem is not None)


def with_in_flight(count: int) -> reads.Seen:
    return reads.Seen(Told(), Health("sync_crm", waiting=0, in_flight=count, delayed=0, dead=0))


def test_of_an_idle_subscriber_nothing_is_concluded() -> None:
    found = Health("sync_crm")
    reads._outcomes(subscriber(aws(IMPORT_ERROR)), with_in_flight(0), found)
    assert found.problems == []
