"""When a gap that does not close rings, and how much does not: waiting, hidden, dead, redriven, dropped, twice."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from tests.infra.alarm_evaluator import Recorded, Series, at, none, rings, states
from tests.infra.alarms_of import HOUR, VISIBLE, alarm, metrics
from tests.infra.reading import Template
from tests.infra.test_alarms_heartbeat import beats

HIDDEN = "ApproximateNumberOfMessagesNotVisible"


def counted(minutes: int, **recorded: Series) -> Recorded:
    """What a queue and a task send; a queue that is asked sends zeros."""
    names = {
        "arrived": "NumberOfMessagesSent",
        "done": "Done",
        "duplicate": "Duplicate",
        "heartbeat": "Heartbeat",
        "taken": "NumberOfMessagesDeleted",
        "waiting": VISIBLE,
        "hidden": HIDDEN,
    }
    zeros = {"arrived": at(0, minutes), "waiting": at(0, minutes), "hidden": at(0, minutes)}
    given: dict[str, Series] = {**{name: none(minutes) for name in names}, **zeros, **recorded}
    return {names[name]: series for name, series in given.items() if name in names}


@pytest.fixture(scope="module")
def incomplete(prod: Template) -> dict[str, Any]:
    """Two of its metrics have one name: of the queue, and of the dead-letter queue."""
    found = deepcopy(alarm(prod, "Incomplete"))
    for each in found["Metrics"]:
        if each["Id"] == "letters":
            each["MetricStat"]["Metric"]["MetricName"] = "letters"
    return found


def told(incomplete: dict[str, Any], minutes: int, *, letters: Series | None = None, **recorded: Series) -> int:
    """How often it rings, for hours that begin at any minute."""
    series = {**counted(minutes, **recorded), "letters": letters or none(minutes)}
    found = {rings(incomplete, {name: each[by:] for name, each in series.items()}) for by in range(0, HOUR, 7)}
    assert len(found) == 1, f"it depends on when an hour begins: {found}"
    return found.pop()


N = 24 * HOUR


def once(minute: int, value: float = 1.0, minutes: int = N) -> list[float | None]:
    return [value if each == minute else None for each in range(minutes)]


def zero_but(minute: int, value: float = 1.0) -> list[float | None]:
    return [value if each == minute else 0.0 for each in range(N)]


BUSY = [float(minute % 7) for minute in range(N)]


def test_an_event_that_vanishes_rings_once(incomplete: dict[str, Any]) -> None:
    assert told(incomplete, N, arrived=zero_but(600)) == 1
    swallowed = [each - (1 if minute == 600 else 0) for minute, each in enumerate(BUSY)]
    assert told(incomplete, N, arrived=BUSY, done=swallowed) == 1
    heartbeats = beats(N)
    assert told(incomplete, N, arrived=[(each or 0) + (minute == 600) for minute, each in enumerate(heartbeats)], heartbeat=heartbeats) == 1  # fmt: skip


def test_it_rings_six_hours_after(incomplete: dict[str, Any]) -> None:
    found = states(incomplete, {**counted(N, arrived=zero_but(10 * HOUR)), "letters": none(N)})
    assert found.index("ALARM") == 15 and found.count("ALARM") == 1


COMPLETE: dict[str, dict[str, Series]] = {
    "no data": {"arrived": none(N), "waiting": none(N), "hidden": none(N)},
    "idle": {},
    "done in the same minute": {"arrived": BUSY, "done": BUSY},
    "done a minute later, over every boundary": {"arrived": BUSY, "hidden": BUSY, "done": [None, *BUSY[:-1]]},
    "done hours later: a pause": {
        "arrived": zero_but(300),
        "waiting": [1.0 if 300 <= each < 900 else 0.0 for each in range(N)],
        "done": once(900),
    },
    "still waiting: a pause without an end": {
        "arrived": zero_but(300),
        "waiting": [1.0 if each >= 300 else 0.0 for each in range(N)],
    },
    "hidden until its next attempt": {
        "arrived": zero_but(300),
        "hidden": [1.0 if each >= 300 else 0.0 for each in range(N)],
    },
    "a backlog that grows": {
        "arrived": at(10, N),
        "done": at(4, N),
        "waiting": [6.0 * each for each in range(1, N + 1)],
    },
    "a dead letter": {"arrived": zero_but(300), "letters": [1.0 if each >= 300 else 0.0 for each in range(N)]},
    "a letter that was redriven, and done": {
        "arrived": [1.0 if each in (300, 700) else 0.0 for each in range(N)],
        "letters": [1.0 if 300 <= each < 700 else 0.0 for each in range(N)],
        "taken": once(700),
        "done": once(701),
    },
    "letters that were dropped, and others after them in the same hour": {
        "arrived": [5.0 if each in (310, 340) else 0.0 for each in range(N)],
        "letters": [5.0 if 310 <= each < 325 or 340 <= each < 355 else 0.0 for each in range(N)],
        "taken": [5.0 if each in (325, 355) else None for each in range(N)],
    },
    "each event twice": {"arrived": [2 * each for each in BUSY], "done": BUSY, "duplicate": BUSY},
    "retries that end as duplicates": {"arrived": BUSY, "done": BUSY, "duplicate": BUSY},
    "what arrived before the queue was measured": {"done": once(30, 500.0)},
    "heartbeats alone": {"arrived": beats(N), "heartbeat": beats(N)},
}


@pytest.mark.parametrize("name", COMPLETE)
def test_what_is_worked_on_waits_or_is_dead_is_not_missing(name: str, incomplete: dict[str, Any]) -> None:
    assert told(incomplete, N, **COMPLETE[name]) == 0


def test_it_counts_what_arrived_in_the_queue_and_what_the_task_says(prod: Template) -> None:
    found = metrics(alarm(prod, "Incomplete"))
    assert len(found) == 8  # of ten that a metric math alarm may have
    assert {(each["Namespace"], each["MetricName"], how) for each, how, _ in found} == {
        ("AWS/SQS", "NumberOfMessagesSent", "Sum"),
        ("AWS/SQS", "NumberOfMessagesDeleted", "Sum"),
        ("AWS/SQS", VISIBLE, "Maximum"),
        ("AWS/SQS", HIDDEN, "Maximum"),
        ("Fanout", "Done", "Sum"),
        ("Fanout", "Duplicate", "Sum"),
        ("Fanout", "Heartbeat", "SampleCount"),
    }
    assert {seconds for _, _, seconds in found} == {3600}


class Traffic:
    """Ten hours of events, each with a fate; nothing is lost. What AWS would have counted of it, minute by minute."""

    HOURS = 10

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.sums: dict[str, Counter[int]] = {name: Counter() for name in ("arrived", "done", "duplicate", "taken")}
        self.samples: dict[str, Counter[int]] = {name: Counter() for name in ("waiting", "hidden", "letters")}
        self.pause = self.chance.uniform(0, 8) * 3600
        self.resumed = self.pause + self.chance.choice([0, 600, 5_400])
        self.latency = self.chance.choice([0.2, 3.0, 40.0])
        moment, rate = 0.0, self.chance.choice([0.002, 0.02, 0.3])
        while (moment := moment + self.chance.expovariate(self._rate(moment, rate))) < self.HOURS * 3600:
            self._arrives(moment)

    def _rate(self, moment: float, rate: float) -> float:
        """Ten times as much in the fifth and sixth hour."""
        return rate * (10 if 4 * 3600 < moment < 6 * 3600 else 1)

    def _arrives(self, moment: float, *, again: bool = False) -> None:
        self.sums["arrived"][int(moment) // 60] += 1
        begins = (
            max(moment, self.resumed + self.chance.uniform(0, 60)) if self.pause < moment < self.resumed else moment
        )
        self._is("waiting", moment, begins)
        ends = begins + self.chance.expovariate(1 / self.latency)
        fate = self.chance.random()
        if fate < 0.05:
            retried = ends + self.chance.choice([30, 600, 2_400])  # hidden until its next attempt
            self._is("hidden", begins, retried)
            self._settles("done", retried)
        elif fate < 0.08 and not again:
            self._is("hidden", begins, ends)
            self._dies(ends)
        else:
            self._is("hidden", begins, ends)
            self._settles("duplicate" if fate < 0.12 else "done", ends)

    def _dies(self, moment: float) -> None:
        """A letter is there for a while, and is then redriven or dropped."""
        until = moment + self.chance.choice([20, 900, 20_000])
        self._is("letters", moment, until)
        self._settles("taken", until)
        if self.chance.random() < 0.5:
            self._arrives(until, again=True)

    def _settles(self, how: str, moment: float) -> None:
        self.sums[how][int(moment) // 60] += 1

    def _is(self, where: str, since: float, until: float) -> None:
        """SQS counts once a minute who is there at that moment."""
        for minute in range(int(since) // 60 + 1, int(until) // 60 + 1):
            self.samples[where][minute] += 1

    def recorded(self) -> dict[str, Series]:
        """What was sent in a minute has no value where there was none, as what a task emits."""
        minutes = range(self.HOURS * HOUR)
        sums: dict[str, Series] = {
            name: [float(found[each]) if each in found else (0.0 if name == "arrived" else None) for each in minutes]
            for name, found in self.sums.items()
        }
        return {**sums, **{name: [float(found[each]) for each in minutes] for name, found in self.samples.items()}}


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_traffic_nothing_that_was_not_lost_is_missing(seed: int, incomplete: dict[str, Any]) -> None:
    recorded = Traffic(seed).recorded()
    letters = recorded.pop("letters")
    assert told(incomplete, Traffic.HOURS * HOUR, letters=letters, **recorded) == 0


@pytest.mark.parametrize("seed", range(0, 60, 10))
def test_in_any_traffic_a_real_loss_is_missing(seed: int, incomplete: dict[str, Any]) -> None:
    """Of a hundred times what is ever under way, or dead."""
    recorded = Traffic(seed).recorded()
    letters = recorded.pop("letters")
    most = sum(max(each or 0.0 for each in recorded[name]) for name in ("waiting", "hidden"))
    lost = 100 * (most + max(each or 0.0 for each in letters) + 1)
    arrived = [(each or 0.0) + (lost if minute == 90 else 0.0) for minute, each in enumerate(recorded["arrived"])]
    assert told(incomplete, Traffic.HOURS * HOUR, **{**recorded, "letters": letters, "arrived": arrived}) == 1
