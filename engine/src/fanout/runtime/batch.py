"""Works on a batch of messages and returns the response Lambda expects: one outcome for each message.

The response names exactly the failed messages (ReportBatchItemFailures). An id that is not in the batch, or an exception
that leaves the handler, would send every message of the batch back, so ids come from the records alone, and nothing that
is done after the work may raise or outlast the function's time.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import os
import sys
import time
import warnings
from collections.abc import Callable
from logging import INFO
from typing import Any, Protocol

from fanout import names
from fanout.runtime import metrics, retry, threads
from fanout.runtime.attempt import Attempt, Task
from fanout.runtime.event import annotated_classes, event_classes
from fanout.runtime.log import describe, say, told_by_place
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import NotTried, Outcome, Record

MARGIN_MS = 1_000
"""What is kept back of the function's time, to report the messages that did not finish."""
ANSWER_MS = 250
"""What of that is kept back for the answer itself: what is done before it, and may be left, is left by then."""
LEAST_MS = 50
"""A request to AWS is not begun with less."""

_exit = os._exit

BatchResponse = dict[str, list[dict[str, str]]]


class Context(Protocol):
    """What we use of Lambda's context: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


def each_message(task: Task) -> Callable[[dict[str, Any], Context], BatchResponse]:
    """The former name of `handler_of`."""
    warnings.warn("each_message is deprecated: use handler_of", DeprecationWarning, stacklevel=2)
    return handler_of(task)


def handler_of(task: Task, *others: Task) -> Callable[[dict[str, Any], Context], BatchResponse]:
    """Turns `task`, a function of one event, into a Lambda handler of an SQS batch.

    The annotation of its parameter says which events it takes: a class of the generated package `events`, or a union.
    Of several functions each gets the events of its own classes. What other ways to run it call is the handler's `task`.

    The task raises PermanentError for what no retry can help, anything else for what may pass; returning is success.
    Messages are worked on at the same time, those of one FIFO group one after the other. A message that has not
    finished a second before the function's own time-out is reported as failed, so that its neighbours are not lost to
    that time-out with it. Its thread is left over; what that may still do: `fanout.runtime.decision`.
    """

    if os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):  # a process of its own
        told_by_place()
    if others:
        from fanout.runtime.several import OneOf

        task = OneOf((task, *others), annotated_classes)
    circuit: Any = None
    if os.environ.get(names.CIRCUIT_FAILURES):  # beside a task that has a circuit, and no other
        from fanout.runtime import circuit_breaker as circuit
    classes = event_classes(task)
    group_name = next((each.GROUP for each in classes if each.GROUP), "")

    def handle(event: dict[str, Any], context: Context) -> BatchResponse:
        began, remaining = time.monotonic(), context.get_remaining_time_in_millis() / 1000
        end = began + remaining - ANSWER_MS / 1000
        records: list[Record] = event["Records"]
        request_id = context.aws_request_id
        _guarded("naming the messages", lambda: _announce(records, request_id))
        if count := threads.left_over():
            _guarded("measuring", lambda: metrics.left_over(count))
            _look_at(count, records, request_id, end)
        attempt = Attempt(task, classes, request_id, began + max(0.0, remaining - MARGIN_MS / 1000))
        outcomes = threads.work(attempt, records)
        failed = [outcome for outcome in outcomes if outcome.failed]
        _log(outcomes, request_id)
        _guarded("measuring", lambda: metrics.emit(outcomes, group_name))
        if failed:
            _in_time("postponing", end, lambda: retry.postpone(failed, time.monotonic() - began))
        if circuit:
            _in_time("the circuit breaker", end, lambda: circuit.watch(outcomes))
        return {"batchItemFailures": [{"itemIdentifier": outcome.message_id} for outcome in failed]}

    handle.task = task  # type: ignore[attr-defined]
    return handle


def _announce(records: list[Record], request_id: str) -> None:
    """Says who is about to be tried: after a crash or a time-out this line is all that names the messages."""
    messages = {each["messageId"]: int(each["attributes"]["ApproximateReceiveCount"]) for each in records}
    say(INFO, "received", {"messages": messages, "function_request_id": request_id})


def _log(outcomes: list[Outcome], request_id: str) -> None:
    for outcome in outcomes:
        try:
            outcome.log(request_id)
        except BaseException as error:
            _tell(f"the log line of {outcome.message_id}", error)


def _look_at(left_over: int, records: list[Record], request_id: str, end: float) -> None:
    """Threads of earlier invocations that never end take memory and sockets: with more than `concurrency` of them the
    process is left, and Lambda makes a new environment for the batch, which comes back at once.

    That costs each message of it an attempt, so it is never done to one that has its last.
    """
    told = {"left_over": left_over, "function_request_id": request_id}
    if left_over <= threads.CONCURRENCY or any(map(threads.is_last, records)):
        logger.warning("threads of earlier invocations have not ended", extra=told)
        return
    logger.error(
        "too many threads of earlier invocations: the process ends, its messages come back untried", extra=told
    )
    untried = [Outcome("failed", record, None, NotTried(), 0.0) for record in records]
    _in_time("postponing", end, lambda: retry.postpone(untried))
    sys.stdout.flush()
    _exit(1)


def _in_time(what: str, end: float, run: Callable[[], None]) -> None:
    """Calls `run`, which may ask AWS, and waits for it until `end`, however long AWS takes."""
    seconds = end - time.monotonic()
    if seconds < LEAST_MS / 1000:
        logger.warning(f"{what} is left out: the function's time is over")
    elif not threads.in_time(lambda: _guarded(what, run), seconds):
        logger.warning(f"{what} is not waited for: the function's time is over, or it has no thread")


def _guarded(what: str, run: Callable[[], None]) -> None:
    try:
        run()
    except BaseException as error:
        _tell(what, error)


def _tell(what: str, error: BaseException) -> None:
    """Whatever is raised is a log line: the answer is known, or will be, and is given all the same."""
    logger.warning(f"{what} failed; the answer is given all the same", extra=describe(error))
