"""From a batch of messages to the answer Lambda expects: one message in, one outcome out, and never a wrong answer.

The answer names exactly the failed messages (ReportBatchItemFailures). An id that is not in the batch, or an exception
that leaves the handler, would send every message of the batch back, so ids come from the records alone.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from shared import retry
from shared.event import FormSubmitted, parse
from shared.outcome import Outcome, Record, attempt, out_of_time

CONCURRENCY = 10
"""Messages at a time. Tasks wait on the network, so threads are enough."""

MARGIN_MS = 1_000
"""What is kept back of the function's time, to report the messages that did not finish."""

_threads = ThreadPoolExecutor(max_workers=CONCURRENCY, thread_name_prefix="message")

Answer = dict[str, list[dict[str, str]]]


class Context(Protocol):
    """What we use of Lambda's context: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


def each_message(task: Callable[[FormSubmitted], None]) -> Callable[[dict[str, Any], Context], Answer]:
    """Turns `task`, a function of one event, into a Lambda handler of an SQS batch.

    The task raises PermanentError for what no retry can help, anything else for what may pass; returning is success.
    Messages are worked on concurrently. One that has not finished a second before the function's own time-out is
    reported as failed, so that its neighbours are not lost to that time-out with it.
    """

    def handle(event: dict[str, Any], context: Context) -> Answer:
        outcomes = _work(task, event["Records"], context.get_remaining_time_in_millis() - MARGIN_MS)
        for outcome in outcomes:
            outcome.log(context.aws_request_id)
        failed = [outcome for outcome in outcomes if not outcome.done]
        retry.postpone(failed)
        return {"batchItemFailures": [{"itemIdentifier": outcome.message_id} for outcome in failed]}

    return handle


def _work(task: Callable[[FormSubmitted], None], records: list[Record], milliseconds: int) -> list[Outcome]:
    began = time.perf_counter()
    futures = [_threads.submit(attempt, task, parse, record) for record in records]
    wait(futures, timeout=max(0, milliseconds / 1000))
    elapsed_ms = (time.perf_counter() - began) * 1000
    return [_settle(future, record, elapsed_ms) for future, record in zip(futures, records, strict=True)]


def _settle(future: "Future[Outcome]", record: Record, elapsed_ms: float) -> Outcome:
    if future.done():
        return future.result()
    future.cancel()
    return out_of_time(record, elapsed_ms)
