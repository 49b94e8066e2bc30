"""Throughput: 2,000 events through the three tasks of OrderEvents-local, on the embedded AWS, in 2 rounds.

From the first call of the publisher to the last task's `done` line; and for each event and task from the moment the
publisher took the event to that line. Before that one event alone, 10 rounds. Beside both, in turn, the floor on the same
emulator: the same bodies through a plain topic to three plain queues, which one loop empties meanwhile, tens at a time,
and does nothing with what it gets. And one direct invocation of a task's function with an empty batch, 50 rounds: what
the emulator itself takes to run a function. A burst of 100 comes first, and is not counted.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import Say, interleaved
from benchmarks.harness.rows import Row, row
from benchmarks.harness.samples import Samples
from fanout.local.emulator.connection import Connection
from fanout.local.evidence import Evidence
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.publisher import Event, EventPublisher
from tests.published import order_placed

EVENTS = 2_000
WARM_UP = 100
ROUNDS = 2
INVOCATIONS = 50
ALONE = 10
DEADLINE = 180.0
"""Seconds until the last event of a burst must be done."""
TASKS = 3


def measure(say: Say) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        run = Run(Path(folder), preferred_port=0)
        try:
            with run.state.lock(waiting=lambda: None):
                evidence = run.up()
            yield from _measured(evidence, say)
        finally:
            run.down()


def _measured(evidence: Evidence, say: Say) -> Iterator[Row]:
    connection = evidence.emulator.connection
    ours, floor = _Ours(evidence), _ReceiveLoop(connection)
    ours.burst(WARM_UP)
    floor.burst(WARM_UP)
    alone = interleaved({"one event": ours.alone, "one receive loop": floor.alone}, rounds=ALONE, say=say)
    yield row(
        "one event alone, from publish to the last done", alone["one event"], unit="ms", floor=alone["one receive loop"]
    )
    ours.waits.clear()
    bursts = {"three tasks": lambda: ours.burst(EVENTS), "one receive loop": lambda: floor.burst(EVENTS)}
    speed = interleaved(bursts, rounds=ROUNDS, say=say, warm_up=0)
    burst = f"{EVENTS} events"
    yield row(f"{burst} through three tasks", speed["three tasks"], unit="events/s", floor=speed["one receive loop"])
    for name, share in (("p50", 50), ("p99", 99)):
        yield row(f"{burst}, {name} from publish to done", _percentile(ours.waits, share), unit="ms")
    function = evidence.stack.subscriber("send_receipt").function_name
    functions = connection.session.client("lambda")

    def invoke() -> float:
        began = time.perf_counter()
        functions.invoke(FunctionName=function, Payload=b'{"Records": []}')
        return 1000 * (time.perf_counter() - began)

    invocations = interleaved({"a direct invoke": invoke}, rounds=INVOCATIONS, say=say)
    yield row("one direct invoke with an empty batch", invocations["a direct invoke"], unit="ms")


def _percentile(rounds: list[list[float]], share: int) -> Samples:
    return Samples(tuple(1000 * quantiles(waits, n=100)[share - 1] for waits in rounds))


def _events(count: int) -> list[Event]:
    return [
        order_placed(
            shop_id="contact",
            order_id=f"{time.time_ns()}-{number}",
            items={"message": "A question that somebody typed into an order"},
            customer_email="kim.example@example.com",
            customer_name="Kim Example",
        )
        for number in range(count)
    ]


def _taken(events: list[Event], when: dict[str, float]) -> Iterator[Event]:
    for event in events:
        when[event.id] = time.time()
        yield event


class _Way(ABC):
    """One way that events take. `waits` has the seconds of each event at each of its ends, burst by burst."""

    waits: list[list[float]]

    @abstractmethod
    def burst(self, count: int) -> float:
        """Events a second."""

    def alone(self) -> float:
        """Milliseconds that one event takes to its last end."""
        self.burst(1)
        return 1000 * max(self.waits[-1])


class _Ours(_Way):
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._publisher = EventPublisher(evidence.stack.topic_arn, session=evidence.emulator.connection.session)
        self.waits = []

    def burst(self, count: int) -> float:
        events, published = _events(count), dict[str, float]()
        if failed := self._publisher.publish_many(_taken(events, published)).failed:
            raise BenchmarkError(f"{len(failed)} events were not published: {failed[0].reason}")

        def all_done() -> list[tuple[float, float]]:
            """Logs are read only while the queues are empty: reading them is work for the emulator too."""
            done = [] if any(map(self._evidence.waiting, self._evidence.stack.tasks)) else self._done(published)
            return done if len(done) == count * TASKS else []

        done = wait_until(all_done, what=f"{count} events at {TASKS} tasks", deadline=DEADLINE, every=0.5)
        self.waits.append([ended - began for ended, began in done])
        return count / (max(ended for ended, _ in done) - min(published.values()))

    def _done(self, published: dict[str, float]) -> list[tuple[float, float]]:
        """When a task was done with an event, and when that was published."""
        return [
            (attempt.at.timestamp(), published[attempt.event_id])
            for task in self._evidence.stack.tasks
            for attempt in self._evidence.attempts(task)
            if attempt.outcome == "done" and attempt.event_id in published
        ]


class _ReceiveLoop(_Way):
    def __init__(self, connection: Connection) -> None:
        self._sqs = connection.session.client("sqs")
        sns = connection.session.client("sns")
        topic = sns.create_topic(Name="floor")["TopicArn"]
        self._publisher = EventPublisher(topic, session=connection.session)
        self._urls = [self._sqs.create_queue(QueueName=f"floor-{number}")["QueueUrl"] for number in range(TASKS)]
        for url in self._urls:
            arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _let_in(topic, arn)})
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        self.waits = []

    def burst(self, count: int) -> float:
        events, published = _events(count), dict[str, float]()
        waits: list[float] = []
        end = time.monotonic() + DEADLINE
        with ThreadPoolExecutor(1) as publishing_service:
            publishing = publishing_service.submit(self._publisher.publish_many, _taken(events, published))
            while len(waits) < count * TASKS:
                if time.monotonic() > end:
                    raise BenchmarkError(f"the receive loop saw {len(waits)} of {count * TASKS} messages")
                for url in self._urls:
                    waits += [time.time() - published[event_id] for event_id in self._receive(url)]
            publishing.result()
        self.waits.append(waits)
        return count / (time.time() - min(published.values()))

    def _receive(self, url: str) -> list[str]:
        messages = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if messages:
            entries = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in messages]
            self._sqs.delete_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]  # plain dicts
        return [json.loads(each["Body"])["id"] for each in messages]


def _let_in(topic: str, queue: str) -> str:
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}
    statement = {
        **allow,
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
