"""Works on a batch of messages and returns the response Lambda expects: one outcome for each message.

The response names exactly the failed messages (ReportBatchItemFailures). An id that is not in the batch, or an exception
that leaves the handler, would send every message of the batch back, so ids come from the records alone.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Protocol

from fanout import names
from fanout.runtime import circuit_breaker, metrics, retry
from fanout.runtime.attempt import Attempt, Task, event_in
from fanout.runtime.event import event_classes
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import NotTried, Outcome, OutOfTime, Record

MARGIN_MS = 1_000
"""What is kept back of the function's time, to report the messages that did not finish."""

_threads = ThreadPoolExecutor(int(os.environ.get(names.CONCURRENCY, "10")), thread_name_prefix="message")

BatchResponse = dict[str, list[dict[str, str]]]
Indexes = list[int]


class Context(Protocol):
    """What we use of Lambda's context: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


def each_message(task: Task) -> Callable[[dict[str, Any], Context], BatchResponse]:
    """The former name of `handler_of`."""
    warnings.warn("each_message is deprecated: use handler_of", DeprecationWarning, stacklevel=2)
    return handler_of(task)


def handler_of(task: Task) -> Callable[[dict[str, Any], Context], BatchResponse]:
    """Turns `task`, a function of one event, into a Lambda handler of an SQS batch.

    The annotation of its parameter says which events it takes: a class of the generated package `events`, or a union.

    The task raises PermanentError for what no retry can help, anything else for what may pass; returning is success.
    Messages are worked on at the same time, those of one FIFO group one after the other. A message that has not
    finished a second before the function's own time-out is reported as failed, so that its neighbours are not lost to
    that time-out with it.
    """

    classes = event_classes(task)

    def handle(event: dict[str, Any], context: Context) -> BatchResponse:
        records: list[Record] = event["Records"]
        _announce(records, context.aws_request_id)
        seconds = max(0.0, (context.get_remaining_time_in_millis() - MARGIN_MS) / 1000)
        attempt = Attempt(task, classes, context.aws_request_id, time.monotonic() + seconds)
        outcomes = _work(attempt, records, seconds)
        for outcome in outcomes:
            outcome.log(context.aws_request_id)
        metrics.emit(outcomes, classes[0].GROUP)
        failed = [outcome for outcome in outcomes if outcome.failed]
        retry.postpone(failed)
        circuit_breaker.watch(outcomes)
        return {"batchItemFailures": [{"itemIdentifier": outcome.message_id} for outcome in failed]}

    return handle


def _announce(records: list[Record], request_id: str) -> None:
    """Says who is about to be tried: after a crash or a time-out this line is all that names the messages."""
    messages = {each["messageId"]: int(each["attributes"]["ApproximateReceiveCount"]) for each in records}
    logger.info("received", extra={"messages": messages, "function_request_id": request_id})


def _work(attempt: Attempt, records: list[Record], seconds: float) -> list[Outcome]:
    began = time.perf_counter()
    found: dict[int, Outcome] = {}
    wait(
        [_threads.submit(_in_order, attempt, records, indexes, found) for indexes in _groups(records)], timeout=seconds
    )
    elapsed_ms = (time.perf_counter() - began) * 1000
    finished = dict(found)  # a thread that is still busy may add to `found`, but what was reported stays reported
    return [
        finished.get(index) or Outcome("failed", record, event_in(record, attempt.classes), OutOfTime(), elapsed_ms)
        for index, record in enumerate(records)
    ]


def _in_order(attempt: Attempt, records: list[Record], indexes: Indexes, found: dict[int, Outcome]) -> None:
    """Works on the records at `indexes`, one after the other; behind the first that will be tried again, none is tried.

    Those behind it were received as often, so behind one that just had its last attempt they have theirs: waiting for
    it any longer, they would follow it to the dead letters without having been tried once.
    """
    failed = False
    for index in indexes:
        if time.monotonic() >= attempt.deadline:
            return
        record = records[index]
        if failed:
            found[index] = Outcome("failed", record, event_in(record, attempt.classes), NotTried(), 0.0)
        else:
            found[index] = attempt.at(record)
        failed = failed or (found[index].failed and not retry.is_last(found[index].attempt))


def _groups(records: list[Record]) -> list[Indexes]:
    """A standard queue keeps no order, whatever its groups mean; a FIFO queue's messages stay in order in each group."""
    groups: dict[object, Indexes] = {}
    for index, record in enumerate(records):
        fifo = record["eventSourceARN"].endswith(".fifo")
        groups.setdefault(record["attributes"]["MessageGroupId"] if fifo else index, []).append(index)
    return list(groups.values())
