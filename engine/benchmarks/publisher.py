"""Publisher: events a second through `publish_many`, against one `publish` for each, by the same EventPublisher, in turn.

Against an SNS that does nothing, in a process of its own on loopback (what the client itself can do, 9 rounds), and against
boto3's bare `publish_batch` of the same bodies without attributes. Then against the embedded
AWS with one topic and no subscriber, 5 rounds. Events are made before the clock starts; what making one takes of the processor is
a row of its own, next to fastjsonschema's own check of the same event and its JSON, 9 rounds.

Then what a generator of a million events adds to the process that publishes it, and what a publishing service's start takes of
the processor until its client is there, next to boto3's own, 9 rounds.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import boto3
import fastjsonschema

from benchmarks.harness.embedded import embedded_aws
from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import ENGINE, Say, environment, interleaved, run
from benchmarks.harness.rows import Row, at_least, at_most, row
from fanout.contracts.app import app_contracts
from fanout.publisher import Event, EventPublisher, checked_event
from tests.published import order_placed

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
ONES, MANY, MILLION = 100, 1_000, 1_000_000
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "eu-west-1"}
START = "from time import process_time\nbegan = process_time()\n{code}\nprint((process_time() - began) * 1000)"
OURS = f"from fanout.publisher import EventPublisher; EventPublisher({ARN!r})"
PLAIN = "import boto3; boto3.client('sns', region_name='eu-west-1')"


def measure(say: Say) -> Iterator[Row]:
    yield _checked(say)
    with _null_sns() as session:
        yield from _speed("an SNS that does nothing", session, ARN, rounds=9, say=say)
    with embedded_aws() as emulator:
        session = emulator.connection.session
        topic = session.client("sns").create_topic(Name="OrderPlaced")["TopicArn"]
        yield from _speed("the embedded AWS", session, topic, rounds=5, say=say)
    say("a million events")
    grown = float(run([sys.executable, "-m", "benchmarks.peers.million", str(MILLION)], environment=environment()))
    yield row("what a generator of a million events adds to memory", grown, unit="MB", goal=at_most(1))
    starts = {"ours": partial(_start, OURS), "boto3": partial(_start, PLAIN)}
    times = interleaved(starts, rounds=9, say=say)
    yield row(
        "the publishing service's start, until its client is there", times["ours"], unit="ms", peer=times["boto3"]
    )


class NullSession(boto3.Session):
    """Its clients speak to the SNS that does nothing."""

    def __init__(self, url: str) -> None:
        super().__init__("none", "none", region_name="eu-west-1")
        self.url = url

    if not TYPE_CHECKING:

        def client(self, service_name, **options):
            return super().client(service_name, endpoint_url=self.url, **options)


def _speed(where: str, session: boto3.Session, topic: str, *, rounds: int, say: Say) -> Iterator[Row]:
    orders, events, client = EventPublisher(topic, session=session), _events(MANY), session.client("sns")
    entries: list[PublishBatchRequestEntryTypeDef] = [
        {"Id": str(number % 10), "Message": each.body} for number, each in enumerate(events)
    ]

    def many() -> None:
        if orders.publish_many(events).failed:
            raise BenchmarkError("not every event was published")

    def ones() -> None:
        for each in events[:ONES]:
            orders.publish(each)

    def bare() -> None:
        for start in range(0, MANY, 10):
            client.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries[start : start + 10])

    variants = {"many": partial(_a_second, MANY, many), "ones": partial(_a_second, ONES, ones)}
    times = interleaved({**variants, "bare": partial(_a_second, MANY, bare)}, rounds=rounds, say=say)
    name, goal = f"publish_many, against publish, to {where}", at_least(5, of="peer")
    yield row(name, times["many"], unit="events/s", peer=times["ones"], goal=goal)
    yield row(f"publish_many, against boto3 alone, to {where}", times["many"], unit="events/s", peer=times["bare"])


def _checked(say: Say) -> Row:
    contracts, (order,) = app_contracts(), _events(1)
    event = json.loads(order.body)
    valid = fastjsonschema.compile(contracts[event["type"]].schema)
    ways = {"ours": lambda: checked_event(event), "bare": lambda: json.dumps(valid(event))}
    times = interleaved({name: partial(_microseconds, way) for name, way in ways.items()}, rounds=9, say=say)
    return row("checked_event, against a check and its JSON", times["ours"], unit="us", peer=times["bare"])


def _microseconds(way: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(MANY):
        way()
    return (time.process_time() - began) / MANY * 1e6


def _a_second(count: int, work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def _events(count: int) -> list[Event]:
    answers = {"message": "A question that somebody typed into an order, as long as questions are" * 2}
    return [order_placed(shop_id="contact", order_id=str(each), items=answers) for each in range(count)]


@contextmanager
def _null_sns() -> Iterator[boto3.Session]:
    command = [sys.executable, "-m", "benchmarks.peers.null_sns"]
    with subprocess.Popen(command, cwd=ENGINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield NullSession(f"http://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            server.terminate()


def _start(code: str) -> float:
    command = [sys.executable, "-c", START.format(code=code)]
    return float(run(command, environment=environment(**CREDENTIALS)))
