"""Lambda's handler of a task that its topic calls directly, without a queue between them.

SNS hands over one message as an envelope, and Lambda tries again after a minute and after two more, as often as the function
is told to; then it writes the envelope to the function's on-failure destination, or drops it. It never says which try it is,
so each is the first here, and all of them have one request id.
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import os
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from fanout import names
from fanout.runtime import metrics, threads
from fanout.runtime.attempt import Attempt
from fanout.runtime.batch import MARGIN_MS, Context
from fanout.runtime.event import event_classes
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import Record


class NotDone(Exception):
    """Asks Lambda to try again. Its words hold nothing of the event: Lambda logs them."""


def handle(event: dict[str, Any], context: Context) -> None:
    """Works on the event as a batch of one is worked on behind a queue. Raises NotDone."""
    end = time.monotonic() + max(0.0, context.get_remaining_time_in_millis() - MARGIN_MS) / 1000
    task = _task()
    classes = event_classes(task)
    if count := threads.left_over():
        logger.warning("threads of earlier invocations have not ended", extra={"left_over": count})
        metrics.left_over(count)
    records = [record_of(each) for each in event["Records"]]
    outcomes = threads.work(Attempt(task, classes, context.aws_request_id, end), records)
    for outcome in outcomes:
        _guarded(lambda outcome=outcome: outcome.log(context.aws_request_id))  # type: ignore[misc]
    _guarded(lambda: metrics.emit(outcomes, classes[0].GROUP))
    failed = [each for each in outcomes if each.failed]
    if failed:
        raise NotDone(
            f"{len(failed)} of {len(outcomes)} events failed: {failed[0].cause().get('error_type', 'unknown')}"
        )


def record_of(given: dict[str, Any]) -> Record:
    """What SNS hands over, as a message of a queue would hold it."""
    envelope = given["Sns"]
    attributes = {name: _attribute(each) for name, each in (envelope.get("MessageAttributes") or {}).items()}
    return {
        "messageId": envelope["MessageId"],
        "receiptHandle": "",
        "body": envelope["Message"],
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": attributes,
        "eventSourceARN": envelope["TopicArn"],
    }


def _attribute(value: dict[str, str]) -> dict[str, str]:
    kind = value["Type"]
    return {"dataType": kind, "binaryValue" if kind.startswith("Binary") else "stringValue": value["Value"]}


@cache
def _task() -> Callable[[Any], None]:
    """What the handler of the task's folder was made of: the same file as behind a queue."""
    found: Callable[[Any], None] = import_module(f"{os.environ[names.TASK]}.handler").handle.task
    return found


def _guarded(run: Callable[[], None]) -> None:
    try:
        run()
    except BaseException as error:
        logger.warning("what comes after the work failed", extra=describe(error))
