"""Helps to test a task without AWS: the message Lambda hands over, and a handler run on it.

A task's own tests set the environment its handler reads and import it:

    @pytest.fixture
    def handler() -> Iterator[Any]:
        with task_module("archive_order", ARCHIVE_BUCKET="archive") as module:
            yield module
"""

import importlib
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock, patch

from fanout import names
from fanout.project import find_root

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    names.STACK: "Test",
    names.QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
    names.DEAD_LETTER_QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    names.RETRY_DELAYS: "30,120",
    names.RETRY_JITTER: "0",
}
"""What every function finds: no credentials that work, three attempts."""


@dataclass(frozen=True)
class Context:
    """Lambda's context of one invocation; its clock stands still."""

    aws_request_id: str = "request-1"
    remaining_ms: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass(frozen=True)
class Outcome:
    """What the runtime logged of one message. `kind` is done, failed (it is tried again), dead, duplicate or heartbeat."""

    kind: str
    error_type: str = ""
    error: str = ""


def example(name: str) -> dict[str, Any]:
    """The event of the app's contracts/examples with this file name, without its ending."""
    folder = find_root() / "contracts" / "examples"
    found = sorted(folder.rglob(f"{name}.json"))
    if len(found) != 1:
        there = ", ".join(sorted(path.stem for path in folder.rglob("*.json")))
        raise LookupError(f"{folder}: {len(found)} examples are called {name!r}: expected one of {there}")
    event: dict[str, Any] = json.loads(found[0].read_text("utf-8"))
    return event


def sqs_record(event: Mapping[str, Any] | str, message_id: str = "m-1", *, received: int = 1) -> dict[str, Any]:
    """One message as Lambda hands it over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    return {
        "messageId": message_id,
        "receiptHandle": f"handle of {message_id}",
        "body": event if isinstance(event, str) else json.dumps(event),
        "attributes": {
            "ApproximateReceiveCount": str(received),
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:queue",
        "awsRegion": "eu-west-1",
    }


@contextmanager
def task_module(task: str, **environment: str) -> Iterator[Any]:
    """Imports `<task>.handler` anew with `environment` set, and takes both back at the end: no task sees another's."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == task}
    with patch.dict(os.environ, {**ENVIRONMENT, names.TASK: task, **environment}):
        _forget(task)
        try:
            yield importlib.import_module(f"{task}.handler")
        finally:
            _forget(task)
            sys.modules.update(before)


def run(handle: Callable[..., Any], event: Mapping[str, Any] | str, *, received: int = 1) -> Outcome:
    """Runs a handler on a batch of one message and returns its outcome; the runtime's own calls to SQS go nowhere.

    Clients that the task made itself are the test's to stub: botocore.stub.Stubber.
    """
    with _log_lines() as lines, _without_sqs():
        answer = handle({"Records": [sqs_record(event, received=received)]}, Context())
    (line,) = [each for each in lines() if "outcome" in each]
    failed = line["outcome"] == "failed"
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}] if failed else []}, answer
    return Outcome(line["outcome"], line.get("error_type", ""), line.get("error", ""))


def _forget(task: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == task]:
        del sys.modules[name]


@contextmanager
def _without_sqs() -> Iterator[None]:
    """Hiding a failed message and sending one to the dead-letter queue succeed, and reach nobody."""
    sqs = MagicMock()
    sqs.change_message_visibility_batch.return_value = {"Successful": []}
    with ExitStack() as patches:
        for module in ("dead_letters", "retry"):
            patches.enter_context(patch(f"fanout.runtime.{module}.client", lambda service: sqs))
        yield


@contextmanager
def _log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the runtime logs meanwhile, parsed."""
    logger = logging.getLogger("fanout")
    handler, stream = logger.handlers[0], io.StringIO()
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines() if "outcome" in line]
    finally:
        if before is not None:
            handler.setStream(before)
