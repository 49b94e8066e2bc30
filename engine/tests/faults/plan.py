"""Which faults there are, which events they strike, and what must become of those: drawn from a seed."""

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fanout.publisher import Event, new_event
from tests.published import order_placed

Expected = Literal["done", "dead", "done or dead"]
LEAST_EACH = 2


@dataclass(frozen=True)
class Fault:
    """`name` is the first half of an order's id; `expected` is what becomes of an event at the task that it strikes."""

    name: str
    told: str
    expected: Expected
    window: bool = False
    """Whether it opens the one gap: a crash between the effect and its record."""
    spares: tuple[str, ...] = ()
    """Tasks that have nothing this fault could strike."""
    strikes_all: bool = False
    """Whether no task can be chosen."""
    effects: int = 1
    """How many events have this id: each has its effect."""


ARCHIVE, RECEIPT = "archive_order", "send_receipt"

MIXED = (
    Fault("healthy", "nothing is wrong", "done", strikes_all=True),
    Fault("raise", "the dependency answers 503", "dead"),
    Fault("permanent", "the dependency answers 410", "dead"),
    Fault("bug", "KeyError, with the answers in it", "dead"),
    Fault("flaky", "raises, the first time", "done"),
    Fault("exit", "sys.exit, the first time", "done"),
    Fault("slow", "the dependency answers after the deadline", "done"),
    Fault("hangs", "never comes back, the first time", "done"),
    Fault("duplicate", "published twice", "done", strikes_all=True),
    Fault("same-id", "two sources use one id", "done", strikes_all=True, effects=2),
    Fault("no-event", "not JSON, put on the queue", "dead"),
)
CRASHES = (
    Fault("crash", "os._exit, the first time", "done"),
    Fault("killed", "SIGKILL, as when memory runs out", "done"),
    Fault("time-out", "hangs until it is killed, the first time", "done"),
    Fault("redelivered", "crash after effect and record", "done"),
    Fault("crash-after-the-effect", "crash between effect and record", "done", window=True),
)
CRASH_ALWAYS = Fault("crash-always", "os._exit at each attempt", "dead")
AROUND = (
    Fault("down", "the dependency is down, then up", "done or dead"),
    Fault("flapping", "the dependency is down, up, down, up", "done or dead"),
    Fault("store-away", "DynamoDB refuses the task, then not", "done or dead", spares=(ARCHIVE,)),
    Fault("drips", "the dependency's answer never ends, then does", "done or dead", spares=(ARCHIVE, RECEIPT)),
    Fault("throttled", "reserved concurrency 0, then restored", "done"),
    Fault("burial-refused", "the dead-letter queue refuses, then not", "dead"),
    Fault("visibility-refused", "SQS refuses ChangeMessageVisibility", "done"),
)
POISON = Fault("poison", "dies, and is redriven beside messages that nobody can read", "done")
RESTART = Fault("restart", "AWS is killed before they are consumed", "done", strikes_all=True)
WORKERS = (
    Fault("worker-killed", "a worker gets SIGKILL at work; another begins", "done"),
    Fault("worker-ended", "a worker gets SIGTERM at work; then another begins", "done"),
    Fault("worker-restarted", "a worker gets SIGTERM beside its successor", "done"),
    Fault("worker-frozen", "a worker stands still past its visibility, and goes on", "done", window=True),
)
ALL = (POISON, *MIXED, *CRASHES, CRASH_ALWAYS, *AROUND, *WORKERS, RESTART)


@dataclass(frozen=True)
class Cell:
    """One fault at one task; `task` is empty where it strikes all."""

    fault: Fault
    task: str

    @property
    def shop_id(self) -> str:
        return f"{self.fault.name}.{self.task}" if self.task else self.fault.name


@dataclass(frozen=True)
class Plan:
    """Events by cell, in the order in which they are published."""

    seed: int
    canary: str
    events: dict[Cell, list[Event]]

    def of(self, *faults: Fault) -> list[tuple[Cell, Event]]:
        return [(cell, event) for cell, events in self.events.items() if cell.fault in faults for event in events]

    @property
    def count(self) -> int:
        return sum(len(events) for events in self.events.values())


def draw(seed: int, count: int, tasks: Sequence[str], faults: Sequence[Fault] = ALL) -> Plan:
    """At least LEAST_EACH of each cell, the rest at random; CRASH_ALWAYS strikes one task, so that all others show it."""
    chance = random.Random(seed)
    cells = [cell for fault in faults for cell in _cells(fault, tasks, chance)]
    drawn = [*cells * LEAST_EACH, *chance.choices(cells, k=max(0, count - len(cells) * LEAST_EACH))]
    canary = f"canary{chance.getrandbits(64):x}"
    events: dict[Cell, list[Event]] = {cell: [] for cell in cells}
    for cell in drawn:
        events[cell].append(_event(cell, canary, str(uuid.UUID(int=chance.getrandbits(128), version=4))))
    return Plan(seed, canary, events)


def _cells(fault: Fault, tasks: Sequence[str], chance: random.Random) -> list[Cell]:
    if fault.strikes_all:
        return [Cell(fault, "")]
    if fault is CRASH_ALWAYS:
        return [Cell(fault, chance.choice(tasks))]
    return [Cell(fault, task) for task in tasks if task not in fault.spares]


def _event(cell: Cell, canary: str, id_: str) -> Event:
    """Every answer, and the name, hold the canary."""
    return order_placed(
        shop_id=cell.shop_id,
        order_id=id_,
        event_id=id_,
        customer_email="pat.example@example.com",
        customer_name=canary,
        items={"message": canary, "nested": [{"deeper": canary}], canary: True},
    )


def of_another_source(event: Event) -> Event:
    """The same id and content, from elsewhere: another event."""
    told = json.loads(event.body)
    return new_event(told["type"], told["data"], source=told["source"] + "/another", event_id=event.id)


def no_event(event: Event) -> str:
    """What is put on a queue in place of it: a body that is no JSON, and that can still be told from others."""
    data = json.loads(event.body)["data"]
    return f"{{not JSON {event.id} {data['items']['message']}"
