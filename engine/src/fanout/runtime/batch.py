"""From a batch of messages to the answer Lambda expects: one message in, one outcome out, and never a wrong answer.

The answer names exactly the failed messages (ReportBatchItemFailures). An id that is not in the batch, or an exception
that leaves the handler, would send every message of the batch back, so ids come from the records alone.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Protocol

from fanout import names
from fanout.runtime import circuit_breaker, metrics, retry
from fanout.runtime.attempt import Attempt, Task, event_in
from fanout.runtime.log import logger
from fanout.runtime.outcome import NotTried, Outcome, OutOfTime, Record

MARGIN_MS = 1_000
"""What is kept back of the function's time, to report the messages that did not finish."""

_threads = ThreadPoolExecutor(int(os.environ.get(names.CONCURRENCY, "10")), thread_name_prefix="message")

Answer = dict[str, list[dict[str, str]]]
Places = list[int]


class Context(Protocol):
    """What we use of Lambda's context: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


def each_message(task: Task) -> Callable[[dict[str, Any], Context], Answer]:
    """Turns `task`, a function of one event, into a Lambda handler of an SQS batch.

    The task raises PermanentError for what no retry can help, anything else for what may pass; returning is success.
    Messages are worked on at the same time, those of one FIFO group one after the other. A message that has not
    finished a second before the function's own time-out is reported as failed, so that its neighbours are not lost to
    that time-out with it.
    """

    def handle(event: dict[str, Any], context: Context) -> Answer:
        records: list[Record] = event["Records"]
        _announce(records, context.aws_request_id)
        seconds = max(0.0, (context.get_remaining_time_in_millis() - MARGIN_MS) / 1000)
        outcomes = _work(Attempt(task, context.aws_request_id, time.monotonic() + seconds), records, seconds)
        for outcome in outcomes:
            outcome.log(context.aws_request_id)
        metrics.emit(outcomes)
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
    wait([_threads.submit(_in_order, attempt, records, places, found) for places in _groups(records)], timeout=seconds)
    elapsed_ms = (time.perf_counter() - began) * 1000
    finished = dict(found)  # a thread that is still busy may add to `found`, but what was reported stays reported
    return [
        finished.get(place) or Outcome("failed", record, event_in(record), OutOfTime(), elapsed_ms)
        for place, record in enumerate(records)
    ]


def _in_order(attempt: Attempt, records: list[Record], places: Places, found: dict[int, Outcome]) -> None:
    """Works on the records at `places`, one after the other; behind the first that will be tried again, none is tried.

    Those behind it were received as often, so behind one that just had its last attempt they have theirs: waiting for
    it any longer, they would follow it to the dead letters without having been tried once.
    """
    failed = False
    for place in places:
        if time.monotonic() >= attempt.deadline:
            return
        record = records[place]
        if failed:
            found[place] = Outcome("failed", record, event_in(record), NotTried(), 0.0)
        else:
            found[place] = attempt.at(record)
        failed = failed or (found[place].failed and not retry.is_last(found[place].attempt))


def _groups(records: list[Record]) -> list[Places]:
    """A standard queue keeps no order, whatever its groups mean; a FIFO queue's messages stay in order in each group."""
    groups: dict[object, Places] = {}
    for place, record in enumerate(records):
        fifo = record["eventSourceARN"].endswith(".fifo")
        groups.setdefault(record["attributes"]["MessageGroupId"] if fifo else place, []).append(place)
    return list(groups.values())
