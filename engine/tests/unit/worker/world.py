"""A worker with its queue, its store and its effects, all simulated."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from events import OrderPlaced
from fanout.runtime import attempt, dead_letters, decision, idempotency, record, retry
from fanout.worker import hands, queue
from fanout.worker.queue import Queue
from fanout.worker.variables import Variables
from fanout.worker.worker import Worker
from tests.unit.lambdas.dynamodb import Table
from tests.unit.lambdas.given import example, handler
from tests.unit.lambdas.world import in_place
from tests.unit.ops.aws.sqs import Message
from tests.unit.worker.machine import NOON, Simulated
from tests.unit.worker.sqs import DEAD, QUEUE, Checked, WorkerSqs

VARIABLES = Variables("a_task", QUEUE, concurrency=3, visibility=60, longest_attempt=3_600, grace=25, cool_down=60)
Way = Callable[[OrderPlaced], None]


class World:
    """`ways`: what an event's runs do, one after the other, the last again and again; nothing: they have their effect."""

    def __init__(self, **variables: Any) -> None:
        self.variables = replace(VARIABLES, **variables)
        self.machine = Simulated()
        self.sqs = WorkerSqs(self.machine)
        self.table = Table()
        self.ways: dict[str, list[Way]] = {}
        self.effects: list[tuple[float, str]] = []
        self.runs: list[tuple[float, str]] = []
        self.worker: Worker | None = None

    @property
    def url(self) -> str:
        return self.variables.queue_url

    def send(self, *ids: str, group: str | None = None) -> None:
        more: Any = {"MessageGroupId": group, "MessageDeduplicationId": "once"} if group else {}
        for id_ in ids:
            self.sqs.put(self.url, json.dumps({**example(), "id": id_}), id_=f"message-{id_}", **more)

    def message(self, id_: str) -> Message:
        (found,) = (each for each in self.sqs.queue(self.url).messages if each.id == f"message-{id_}")
        return found

    @property
    def left(self) -> list[str]:
        return [each.id.removeprefix("message-") for each in self.sqs.queue(self.url).messages]

    @property
    def dead(self) -> list[str]:
        return [json.loads(each.body)["id"] for each in self.sqs.queue(DEAD).messages]

    @property
    def done(self) -> list[str]:
        return [id_ for _, id_ in self.effects]

    def state(self, id_: str) -> str:
        """Of the event's record."""
        item = self.table.items[f"a_task#{id_}"]
        return str(item[record.attribute(example()["source"])]["M"]["state"]["S"])

    def task(self, order: OrderPlaced) -> None:
        self.runs.append((self.machine.now, order.id))
        ways = self.ways.get(order.id, [])
        if ways:
            (ways.pop(0) if len(ways) > 1 else ways[0])(order)
        decision.check()  # as a client of the runtime does before each request, and so before the effect
        self.effects.append((self.machine.now, order.id))

    def takes(self, seconds: float) -> Way:
        return lambda order: self.machine.sleep(seconds)

    def stop_at(self, time: float) -> None:
        """As SIGTERM."""
        self.machine.at(time, lambda: self.machine.tell(lambda: self.worker.stop()))  # type: ignore[union-attr]

    def run(self, until: float | None = None) -> int:
        """A new worker, until it ends; `until`: it is told to stop then."""
        if until is not None:
            self.stop_at(until)
        with self.simulated():
            client = Checked(self.sqs)
            found = Queue(self.url, self.variables.queue_arn("eu-west-1"), client)
            task: Any = handler(self.task)
            self.worker = Worker(task.task, self.variables, found, self.machine, lambda worker: None)
            return self.worker.run()

    def kill_at(self, time: float) -> None:
        """As SIGKILL: `run` raises Killed."""
        self.machine.at(time, self._kill)

    def _kill(self) -> None:
        self.machine.kill()
        raise Killed

    @contextmanager
    def simulated(self) -> Iterator[None]:
        doubles = {"sqs": Checked(self.sqs), "dynamodb": Checked(self.table)}
        with ExitStack() as places:
            for module in (idempotency, dead_letters, retry, queue):
                places.enter_context(in_place(module, "client", doubles.__getitem__))
            wall = SimpleNamespace(time=self.machine.wall)
            steady = SimpleNamespace(monotonic=self.machine.monotonic, perf_counter=self.machine.monotonic)
            places.enter_context(in_place(idempotency, "time", wall))
            places.enter_context(in_place(attempt, "time", steady))
            places.enter_context(in_place(hands, "monotonic", self.machine.monotonic))
            places.enter_context(in_place(idempotency, "TABLE", "completed"))
            yield

    def seconds(self, real: float) -> float:
        return real - NOON


class Killed(Exception):
    pass
