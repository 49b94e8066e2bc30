"""The messages of one batch, each in a thread of its own, until the time of the batch is over.

A thread belongs to one invocation. One that does not end is given up with its message and is left over: it takes no part
in what comes later (`decision`), and its place is taken by a new one.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from os import environ
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from fanout import names
from fanout.runtime import retry
from fanout.runtime.attempt import Attempt, Ending, event_in
from fanout.runtime.decision import CURRENT, AttemptOver, Decision
from fanout.runtime.outcome import NotTried, Outcome, OutOfTime, Record

CONCURRENCY = int(environ.get(names.CONCURRENCY, "10"))
"""Messages at a time."""

_given_up: list[Thread] = []

Lane = deque[int]
"""Places in the batch of messages that wait for each other: one of a standard queue, a group of a FIFO queue."""


def left_over() -> int:
    """Threads of earlier invocations that have not ended yet."""
    _given_up[:] = [each for each in _given_up if each.is_alive()]
    return len(_given_up)


def in_time(run: Callable[[], None], seconds: float) -> bool:
    """Calls `run` in a thread and waits for it as long as that; False: it was given up. What `run` raises is lost."""
    decision: Decision[None] = Decision()
    thread = _started("after", decision, run)
    thread.join(seconds)
    decision.close()
    if not thread.is_alive():
        return True
    _given_up.append(thread)
    return False


def work(attempt: Attempt, records: list[Record]) -> list[Outcome]:
    """One outcome for each record, in their order, by `attempt.deadline`."""
    return _Work(attempt, records).run()


@dataclass(eq=False, slots=True)
class _Running:
    place: int
    lane: Lane
    decision: Decision[Ending]
    began: float
    until: float
    thread: Thread | None = None


class _Work:
    def __init__(self, attempt: Attempt, records: list[Record]) -> None:
        self._attempt = attempt
        self._records = records
        self._waiting = deque(_lanes(records))
        self._running: list[_Running] = []
        self._ended: SimpleQueue[tuple[_Running, Outcome]] = SimpleQueue()
        self._found: dict[int, Outcome] = {}

    def run(self) -> list[Outcome]:
        self._start()
        while self._running:
            seconds = min(each.until for each in self._running) - time.monotonic()
            try:
                one, outcome = self._ended.get(timeout=max(0.0, seconds))
            except Empty:
                self._give_up()
            else:
                if one in self._running:  # else it was given up before
                    one.decision.close()
                    self._finish(one, outcome)
            self._start()
        return [self._found.get(place) or self._untried(place, OutOfTime()) for place in range(len(self._records))]

    def _start(self) -> None:
        while self._waiting and len(self._running) < CONCURRENCY and time.monotonic() < self._attempt.deadline:
            lane = self._waiting.popleft()
            place = lane.popleft()
            now = time.monotonic()
            one = _Running(place, lane, Decision(), now, self._until(now, lane))
            try:
                one.thread = _started(f"message {place}", one.decision, lambda one=one: self._try(one))  # type: ignore[misc]
            except RuntimeError as error:  # the system has no more threads
                self._finish(one, self._untried(place, error), running=False)
                continue
            self._running.append(one)

    def _try(self, one: _Running) -> None:
        self._ended.put((one, self._attempt.at(self._records[one.place], one.decision)))

    def _until(self, now: float, lane: Lane) -> float:
        """When a message that begins now is given up: at the end, or after its share if others have their last attempt.

        Those would follow it to the dead letters without having been tried once. Where they come again, it keeps all
        the time there is: to be slow is no fault.
        """
        behind = sum(map(self._is_last, lane))
        free = CONCURRENCY - len(self._running) - 1
        elsewhere = sum(self._is_last(place) for each in islice(self._waiting, max(free, 0), None) for place in each)
        rounds = 1 + behind + -(-elsewhere // CONCURRENCY)
        deadline = self._attempt.deadline
        return deadline if rounds == 1 else now + (deadline - now) / rounds

    def _give_up(self) -> None:
        now = time.monotonic()
        for one in [each for each in self._running if each.until <= now]:
            ending = one.decision.close()
            kind, error = ending if ending is not None else ("failed", OutOfTime())
            record = self._records[one.place]
            event = event_in(record, self._attempt.classes)
            if one.thread is not None:
                _given_up.append(one.thread)
            self._finish(one, Outcome(kind, record, event, error, (now - one.began) * 1000), hangs=True)

    def _finish(self, one: _Running, outcome: Outcome, *, running: bool = True, hangs: bool = False) -> None:
        """Whoever stands behind a message that comes again waits for it, but for whom this attempt is the last.

        Behind one that just had its last attempt, and ended it, the others need not wait: it does not come again.
        """
        if running:
            self._running.remove(one)
        self._found[one.place] = outcome
        lane = one.lane
        if outcome.failed and (hangs or not self._is_last(one.place)):
            lane = Lane(place for place in one.lane if self._is_last(place))
            for place in set(one.lane) - set(lane):
                self._found[place] = self._untried(place, NotTried())
        if lane:
            self._waiting.appendleft(lane)

    def _untried(self, place: int, error: BaseException) -> Outcome:
        record = self._records[place]
        return Outcome("failed", record, event_in(record, self._attempt.classes), error, 0.0)

    def _is_last(self, place: int) -> bool:
        return is_last(self._records[place])


def is_last(record: Record) -> bool:
    """Whether SQS moves the message to the dead-letter queue if this attempt fails."""
    return retry.is_last(int(record["attributes"]["ApproximateReceiveCount"]))


def _lanes(records: list[Record]) -> Iterable[Lane]:
    """A standard queue keeps no order, whatever its groups mean; a FIFO queue's messages stay in order in each group."""
    lanes: dict[object, Lane] = {}
    for place, record in enumerate(records):
        fifo = record["eventSourceARN"].endswith(".fifo")
        lanes.setdefault(record["attributes"]["MessageGroupId"] if fifo else place, Lane()).append(place)
    return lanes.values()


def _started(name: str, decision: Decision[Any], run: Callable[[], None]) -> Thread:
    def thread() -> None:
        CURRENT.set(decision)
        with suppress(AttemptOver):
            run()

    made = Thread(target=thread, name=name, daemon=True)
    made.start()
    return made
