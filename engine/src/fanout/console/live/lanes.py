"""One subscriber as the picture shows it: what waits, flies, comes back and is dead, and how it went in the last minutes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fanout.console.counts import MINUTES, Count
from fanout.ops.aws.subscriber import DELIVERY, DIRECT, WORKER
from fanout.ops.status.health import Health
from fanout.ops.status.report import Report

BIN = 10
"""Seconds of one bar."""
WELL, HELD, BAD = "well", "held", "bad"


@dataclass(frozen=True)
class Bar:
    """Outcomes within `BIN` seconds; `height` and the rest of 1."""

    number: int
    done: float
    failed: float
    dead: float


@dataclass
class Lane:
    """`tone` is the colour, `state` its word: colour alone says nothing."""

    health: Health
    state: str
    tone: str
    alarms: list[str] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    done: int = 0
    failed: int = 0
    dead: int = 0
    """Outcomes within MINUTES, as far as they were read."""
    per_minute: int = 0

    @property
    def task(self) -> str:
        return self.health.task

    @property
    def has_queue(self) -> bool:
        return self.health.kind not in (DIRECT, DELIVERY)

    @property
    def said(self) -> str:
        """The bars in words."""
        return f"{self.done} done, {self.failed} failed, {self.dead} dead in the last {MINUTES} minutes"

    @property
    def is_quiet(self) -> bool:
        return not (self.done or self.failed or self.dead)


def lanes(report: Report, counts: Iterable[Count]) -> list[Lane]:
    by_task: dict[str, list[Count]] = {}
    for each in counts:
        by_task.setdefault(each.task, []).append(each)
    made = []
    for health in report.subscribers:
        lane = _lane(health, [str(each["name"]) for each in report.alarms if _is_of(health.task, each)])
        _count(lane, by_task.get(health.task, []))
        made.append(lane)
    _raise_bars(made)
    return made


def _is_of(task: str, alarm: Mapping[str, Any]) -> bool:
    """By its description, which begins with whose it is: its name may begin with that of another subscriber, too."""
    return str(alarm["says"]).startswith(f"{task}: ")


def _lane(health: Health, alarms: list[str]) -> Lane:
    word = health.mapping.lower()
    if health.pause and health.mapping != "Enabled":
        return Lane(health, "paused", HELD, alarms)
    if word == "circuit open":
        return Lane(health, "circuit open", HELD, alarms)
    if alarms:
        return Lane(health, "alarm", BAD, alarms)
    if health.problems or health.unseen:
        return Lane(health, "dead letters" if health.dead else "see below", BAD, alarms)
    if word in ("enabled", "subscribed") or health.kind == WORKER:
        return Lane(health, "works", WELL, alarms)
    return Lane(health, word, HELD, alarms)


def _count(lane: Lane, counts: Iterable[Count]) -> None:
    bins = [[0, 0, 0] for _ in range(MINUTES * 60 // BIN)]
    for each in counts:
        kind = 0 if each.is_success else 2 if each.kind == "dead" else 1
        bins[-1 - each.age // BIN][kind] += each.number
        lane.per_minute += each.number if kind == 0 and each.age < 60 else 0
    lane.done, lane.failed, lane.dead = (sum(each[kind] for each in bins) for kind in range(3))
    lane.bars = [Bar(number, *map(float, each)) for number, each in enumerate(bins) if any(each)]


def _raise_bars(made: list[Lane]) -> None:
    """All lanes on one scale, so that they can be compared."""
    most = max((bar.done + bar.failed + bar.dead for lane in made for bar in lane.bars), default=1.0)
    for lane in made:
        lane.bars = [Bar(each.number, each.done / most, each.failed / most, each.dead / most) for each in lane.bars]
