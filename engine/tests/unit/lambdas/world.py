"""One task in a world where everything around it may fail: its queues, its store and its effects, all simulated.

The handler is the real one of `handler_of`; what it reaches through `fanout.runtime.aws.client` is simulated. A crash is a
moment after which nothing that the container does has any effect, and its answer never arrives.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from events import OrderPlaced
from fanout.runtime import aws, batch, dead_letters, decision, idempotency, record, retry, threads
from fanout.runtime.dead_letters import CAUSE
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.outcome import Record
from tests.unit.lambdas.dynamodb import Table
from tests.unit.lambdas.given import Context, ended, example, handler
from tests.unit.lambdas.mapping import Clock, Mapping, Message, NoAnswer, Queue

ATTEMPTS = 3  # one more than there are delays in FANOUT_RETRY_DELAYS
RETENTION = 4 * 86_400

TASK_FAILS: dict[str, Callable[[], BaseException]] = {
    "transient": lambda: TransientError("later"),
    "permanent": lambda: PermanentError("no"),
    "bug": lambda: KeyError("answer"),
    "exit": lambda: SystemExit(1),
}
WAYS = ("done", *TASK_FAILS, "slow", "crash before", "crash after")
"""How one run of the task on one event ends. slow: not before the function's time is nearly over."""
BODIES = {"event": "", "not json": "{not json", "no event": "{}", "unknown version": '"order.placed.v2"'}


@dataclass(frozen=True)
class Weather:
    """What is wrong around one invocation."""

    store_away: frozenset[str] = frozenset()
    """Requests to DynamoDB (see `request_of`) that fail and do nothing."""
    store_answers_lost: frozenset[str] = frozenset()
    """Requests to DynamoDB that fail although they were carried out."""
    dead_letter_queue_refuses: bool = False
    visibility: str = "obeyed"
    """Or `refused`: the call fails; or `partly`: it refuses every second message."""
    frozen_for_good: bool = False
    """Whether the container never runs again after its answer; else what was slow finishes then."""


@dataclass(frozen=True)
class Published:
    """One event: how its runs end, one after the other, the last again and again; and how often it is published."""

    ways: tuple[str, ...] = ("done",)
    copies: int = 1
    group: str = "a"
    body: str = "event"


@dataclass
class World:
    """One task with its queue, its dead-letter queue, its store and its effects. All threads of it share `lock`."""

    events: Sequence[Published]
    weather: list[Weather] = field(default_factory=list)
    fifo: bool = False
    idempotent: bool = True
    threads: int = 10
    batch_size: int = 10
    seed: int = 0
    clock: Clock = field(default_factory=Clock)
    effects: list[str] = field(default_factory=list)
    """Event ids, in the order in which the outside world saw them."""
    in_the_window: Counter[str] = field(default_factory=Counter)
    """Effects by event id that were not recorded, as their container ended first or the store was away."""
    runs: Counter[str] = field(default_factory=Counter)
    alive: bool = True
    now: Weather = field(default_factory=Weather)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        chance = Random(self.seed)
        self.dead = Queue(self.clock, fifo=self.fifo, chance=chance)
        self.queue = Queue(
            self.clock,
            fifo=self.fifo,
            max_receives=ATTEMPTS,
            dead_letters=self.dead,
            chance=chance,
            delivers_twice=0.05,
        )
        self.table = Store(self)
        self.answered = threading.Event()
        self.handle = handler(self.task)
        copies = [number for number, event in enumerate(self.events) for _ in range(event.copies)]
        if not self.fifo:
            chance.shuffle(copies)
        for copy, number in enumerate(copies):
            self.queue.send(self.message(number, f"sent {copy}"))

    def message(self, number: int, deduplication: str) -> Message:
        event = self.events[number]
        body = BODIES[event.body] or json.dumps({**example(), "id": f"event-{number}"})
        attributes = {"type": {"stringValue": "order.placed.v1", "dataType": "String"}}
        if not self.fifo:
            return Message(body, attributes)
        return Message(body, attributes, event.group, deduplication)

    def task(self, order: OrderPlaced) -> None:
        with self.lock:
            way = self.ways_left(order.id)[0]
            self.runs[order.id] += 1
        if way == "slow":
            self.answered.wait(10)
        decision.check()  # as a client of the runtime does before each request, and so before the effect
        if way in TASK_FAILS:
            raise TASK_FAILS[way]()
        with self.lock:
            if way == "crash before":
                self.alive = False
            self.check_alive()
            self.effects.append(order.id)
            if way == "crash after":
                self.alive = False

    def ways_left(self, id_: str) -> tuple[str, ...]:
        ways = self.events[number_of(id_)].ways if id_ != "none" else ("done",)
        return ways[min(self.runs[id_], len(ways) - 1) :]

    def check_alive(self) -> None:
        if not self.alive:
            raise ConnectionError("this container is gone: nothing it does has an effect")

    def invoke(self, event: dict[str, Any]) -> str:
        """One invocation; what is left over of it goes on once it has answered, and ends before the next."""
        self.alive, self.now = True, self.weather.pop(0) if self.weather else Weather()
        self.answered.clear()
        before = len(self.effects)
        slow = any("slow" in self.ways_left(event_id(each)) for each in event["Records"])
        with in_place(threads, "CONCURRENCY", self.threads):
            try:
                answer = self.handle(event, Context(remaining_ms=batch.MARGIN_MS + 10 if slow else 30_000))
            finally:
                crashed = not self.alive
                self.alive = self.alive and not self.now.frozen_for_good
                self.answered.set()
                ended(threads._given_up)
        self.check_records(self.effects[before:])
        if crashed:
            raise NoAnswer("the container ended")
        assert set(answer) == {"batchItemFailures"}
        return json.dumps(answer)

    def check_records(self, effects: list[str]) -> None:
        """Every effect is recorded, unless the container ended or the store was away: the one gap, and nothing else."""
        for id_ in effects:
            kept = self.table.items.get(f"a_task#{id_}", {}).get(record.attribute(example()["source"]), {"M": {}})["M"]
            if not self.idempotent or kept.get("state") == {"S": record.DONE}:
                continue
            assert not self.alive or "end" in self.now.store_away, "an effect without its record"
            self.in_the_window[id_] += 1

    def check_acknowledged(self, message: Message) -> None:
        """Only what was done, or is a dead letter that names this very message, may be deleted."""
        causes = [json.loads(each.attributes[CAUSE]["StringValue"]) for each in self.dead.messages if sent(each)]
        is_dead = any(cause["message_id"] == message.id for cause in causes)
        assert event_id(message) in self.effects or is_dead, "acknowledged, but neither done nor dead"

    def run(self) -> None:
        began = self.clock.now
        mapping = Mapping(self.queue, self.invoke, self.batch_size, self.check_acknowledged)
        with ExitStack() as simulated:
            for module in (aws, idempotency, dead_letters, retry):
                simulated.enter_context(in_place(module, "client", self.client))
            simulated.enter_context(in_place(idempotency, "time", self.time()))
            simulated.enter_context(in_place(idempotency, "TABLE", "completed"))
            simulated.enter_context(in_place(idempotency, "CLAIMS", self.idempotent))
            mapping.run()
        assert self.clock.now - began < RETENTION

    def redrive(self) -> None:
        """New messages, as AWS's own redrive makes them: all but the id and the count of receives stays."""
        letters, self.dead.messages = self.dead.messages, []
        for letter in letters:
            again = Message(letter.body, {}, letter.group, letter.deduplication)
            for name, value in letter.attributes.items():
                text = value.get("StringValue") or value["stringValue"]
                again.attributes[name] = {"stringValue": text, "dataType": "String"}
            self.queue.send(again)

    def time(self) -> SimpleNamespace:
        return SimpleNamespace(time=lambda: self.clock.now)

    def client(self, service: str) -> Any:
        return {"dynamodb": self.table, "sqs": Sqs(self)}[service]


class Store(Table):
    """DynamoDB, of a container that may be gone, on a network that may lose a request or its answer."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def update_item(self, **request: Any) -> dict[str, Any]:
        with self.world.lock:
            self.world.check_alive()
            if request_of(request) in self.world.now.store_away:
                raise ConnectionError("the store is away")
            answer = super().update_item(**request)
            if request_of(request) in self.world.now.store_answers_lost:
                raise ConnectionError("the answer was lost")
            return answer


def request_of(request: dict[str, Any]) -> str:
    """claim, renew or end."""
    if "#record" not in request.get("ExpressionAttributeNames", {}):
        return "renew"
    return "claim" if ":working" in request["ExpressionAttributeValues"] else "end"


class Sqs:
    """The two calls that a function makes."""

    def __init__(self, world: World) -> None:
        self.world = world

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, MessageAttributes: dict[str, Any], **system: Any
    ) -> dict[str, str]:
        assert QueueUrl.endswith("/dead-letters") and len(MessageAttributes) <= 10
        with self.world.lock:
            self.world.check_alive()
            if self.world.now.dead_letter_queue_refuses:
                raise ConnectionError("refused")
            group, deduplication = system.get("MessageGroupId"), system.get("MessageDeduplicationId")
            letter = Message(MessageBody, MessageAttributes, group, deduplication)
            self.world.dead.send(letter)
            return {"MessageId": letter.id}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert QueueUrl.endswith("/queue") and 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        with self.world.lock:
            self.world.check_alive()
            if self.world.now.visibility == "refused":
                raise ConnectionError("refused")
            refused = Entries[::2] if self.world.now.visibility == "partly" else []
            for entry in Entries:
                if entry not in refused:
                    assert self.world.queue.hide(entry["ReceiptHandle"], entry["VisibilityTimeout"])
            return {"Failed": [{"Id": entry["Id"], "Code": "ReceiptHandleIsInvalid"} for entry in refused]}


@contextmanager
def in_place(module: Any, name: str, value: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, value, raising=False)
        yield


def sent(letter: Message) -> bool:
    """Whether the function sent it, and not SQS."""
    return "StringValue" in letter.attributes.get(CAUSE, {})


def event_id(message: Message | Record) -> str:
    """Of a message, or of a record of a batch."""
    try:
        return str(json.loads(message.body if isinstance(message, Message) else message["body"])["id"])
    except (ValueError, LookupError, TypeError):
        return "none"


def number_of(id_: str) -> int:
    return int(id_.removeprefix("event-"))
