"""Warm path: what a message costs beside its task, in batches of ten, 15 rounds in turn, each the best of 50 batches.

The task does nothing and the log goes to /dev/null. First the whole handler, next to a loop by hand over `json.loads`
(the floor) and to Powertools' Batch with a line of its Logger for each message, which checks no contract and has no
threads. Then its parts: the log lines alone; parse, contract, outcome and metrics; and what handing to threads adds.

Then batches of a task that waits 20 ms for each message, on as many threads as the subscriber's `concurrency` allows, and
a batch of 10,000: what a message of it takes, against one of 1,000, and what all of it adds to memory.
"""

import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from logging import StreamHandler
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import APP, Say, interleaved
from benchmarks.harness.rows import Row, at_most, row
from fanout.contracts.contract import load

ROUNDS = 15
BATCHES = 50
WAITING = 0.02
VARIABLES = {
    "FANOUT_TASK": "a_task",
    "FANOUT_STACK": "a-stack",
    "FANOUT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
    "FANOUT_RETRY_DELAYS": "30",
    "FANOUT_RETRY_JITTER": "0",
}


def measure(say: Say) -> Iterator[Row]:
    os.environ.update(VARIABLES)
    sys.path.insert(0, str(APP / "lambdas"))
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield from _per_message(say)
        for messages, most in ((10, 24), (100, 40)):
            yield _waiting(messages, most, say)
        yield from _large(say)


class Context:
    """What a handler uses of Lambda's."""

    aws_request_id = "request-1"
    function_name = function_version = invoked_function_arn = memory_limit_in_mb = "a"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def _per_message(say: Say) -> Iterator[Row]:
    from fanout.runtime import batch, metrics
    from fanout.runtime.attempt import Attempt
    from fanout.runtime.log import logger

    silence(logger)
    event, of = batch_of(10), event_class()
    done: list[object] = []
    batch.handler_of(task_of(lambda: done.append(None)))(event, Context())
    if len(done) != len(event["Records"]):
        raise BenchmarkError(
            f"the task was handed {len(done)} of {len(event['Records'])} events: nothing would be measured"
        )
    handle = batch.handler_of(task_of(lambda: None))
    attempt = Attempt(lambda event: None, (of,), "request-1", time.monotonic() + 3_600)
    outcomes = [attempt.at(record) for record in event["Records"]]

    def log() -> None:
        batch._announce(event["Records"], "request-1")
        for outcome in outcomes:
            outcome.log("request-1")

    def parts() -> None:
        metrics.emit([attempt.at(record) for record in event["Records"]], of.GROUP)

    times = interleaved(
        {
            "ours": lambda: best(lambda: handle(event, Context())),
            "by hand": lambda: best(lambda: _by_hand(event)),
            "Powertools": lambda: best(_powertools(event)),
            "log": lambda: best(log),
            "parts": lambda: best(parts),
        },
        rounds=ROUNDS,
        say=say,
    )
    peers = {"floor": times["by hand"], "peer": times["Powertools"]}
    yield row("a message of ten, whole", times["ours"], unit="us", goal=at_most(40), **peers)
    yield row("of it its log lines", times["log"], unit="us")
    yield row("of it parse, contract, outcome and metrics", times["parts"], unit="us", goal=at_most(15))
    yield row("of it handing to threads", times["ours"].over(times["log"]).over(times["parts"]), unit="us")


def _large(say: Say) -> Iterator[Row]:
    from fanout.runtime import batch

    handle = batch.handler_of(task_of(lambda: None))
    batches = {f"{messages:,}": batch_of(messages) for messages in (1_000, 10_000)}

    def a_message(event: dict[str, Any]) -> float:
        return _microseconds(lambda: handle(event, Context())) / len(event["Records"])

    variants = {name: partial(a_message, event) for name, event in batches.items()}
    times = interleaved(variants, rounds=ROUNDS, say=say)
    goal = at_most(1.2, of="peer")
    yield row("a message of 10,000, against one of 1,000", times["10,000"], unit="us", peer=times["1,000"], goal=goal)
    tracemalloc.start()
    handle(batches["10,000"], Context())
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    yield row("what a batch of 10,000 adds to memory", peak, unit="MB", goal=at_most(40))


def _waiting(messages: int, most: int, say: Say) -> Row:
    from fanout.runtime import batch, threads

    handle, event = batch.handler_of(task_of(lambda: time.sleep(WAITING))), batch_of(messages)
    before = threads.CONCURRENCY
    threads.CONCURRENCY = messages  # as FANOUT_CONCURRENCY makes it when the function starts
    name = f"{messages} messages that wait"
    times = interleaved({name: lambda: _microseconds(lambda: handle(event, Context())) / 1e3}, rounds=ROUNDS, say=say)
    threads.CONCURRENCY = before
    return row(
        f"{messages} messages that wait 20 ms each, with concurrency {messages}",
        times[name],
        unit="ms",
        floor=WAITING * 1e3,
        goal=at_most(most),
    )


def event_class() -> Any:
    """The app's only class of events."""
    import events

    return next(each for each in vars(events).values() if isinstance(each, type))


def task_of(work: Callable[[], None]) -> Callable[[Any], None]:
    def task(event: Any) -> None:
        work()

    task.__annotations__["event"] = event_class()
    return task


def batch_of(messages: int) -> dict[str, Any]:
    """As Lambda hands it over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    example = json.loads(load(APP / "contracts").valid["contact_form"])
    return {
        "Records": [
            {
                "messageId": f"00000000-0000-4000-8000-{number:012}",
                "receiptHandle": f"handle of {number}",
                "body": json.dumps({**example, "id": f"event-{number}"}),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:queue",
            }
            for number in range(messages)
        ]
    }


def _by_hand(event: dict[str, Any]) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        try:
            json.loads(record["body"])
        except Exception:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _powertools(event: dict[str, Any]) -> Callable[[], object]:
    logger, processor = Logger(service="a_task"), BatchProcessor(EventType.SQS)

    def one(record: SQSRecord) -> None:
        order = json.loads(record.body)
        logger.info("done", extra={"message_id": record.message_id, "event_id": order["id"]})

    silence(logger)
    context: Any = Context()
    return lambda: process_partial_response(event=event, record_handler=one, processor=processor, context=context)


def silence(logger: Any) -> None:
    for handler in logger.handlers:
        if isinstance(handler, StreamHandler):
            handler.setStream(open(os.devnull, "w"))


def best(work: Callable[[], object]) -> float:
    """Microseconds a message of ten."""
    return min(_microseconds(work) for _ in range(BATCHES)) / 10


def _microseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e6
