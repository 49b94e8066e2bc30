"""The messages of one batch, each in a thread of its own, until the time of the batch is over.

A thread whose message ended is used again: to begin one costs more than most of what is done in it. One that does not come
to its end is given up with its message and is left over: it takes no part in what comes later (`decision`), and another
takes its place.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from itertools import islice
from os import environ
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from fanout import names
from fanout.runtime import retry
from fanout.runtime.attempt import Attempt, Ending, event_in
from fanout.runtime.decision import CURRENT, AttemptOver, Decision
from fanout.runtime.outcome import NotTried, Outcome, OutOfTime, Record

CONCURRENCY = int(environ.get(names.CONCURRENCY, "10"))
"""Messages at a time."""

_given_up: "list[Job]" = []
_idle: "list[SimpleQueue[Job]]" = []
"""The inbox of each thread that waits for something to do."""

Lane = deque[int]
"""Places in the batch of messages that wait for each other: one of a standard queue, a group of a FIFO queue."""


def left_over() -> int:
    """Threads of earlier invocations that have not ended yet."""
    _given_up[:] = [each for each in _given_up if not each.ended]
    return len(_given_up)


def in_time(run: Callable[[], None], seconds: float) -> bool:
    """Calls `run` in a thread and waits for it as long as that; False: it was given up, or there was no thread."""
    ended = Event()
    job = Job(Decision(), run, ended.set)
    try:
        _begin(job)
    except RuntimeError:  # the system has no more threads
        return False
    in_time = ended.wait(seconds)
    job.decision.close()
    if not in_time:
        _given_up.append(job)
    return in_time


def work(attempt: Attempt, records: list[Record]) -> list[Outcome]:
    """One outcome for each record, in their order, by `attempt.deadline`."""
    return _Work(attempt, records).run()


@dataclass(eq=False, slots=True)
class Job:
    """What one thread does: `run`, and `then` once it is free for another."""

    decision: Decision[Any]
    run: Callable[[], None]
    then: Callable[[], None]
    ended: bool = False

    def __call__(self) -> None:
        CURRENT.set(self.decision)
        with suppress(AttemptOver):
            self.run()


@dataclass(eq=False, slots=True)
class _Running:
    place: int
    lane: Lane
    decision: Decision[Ending]
    began: float
    until: float
    outcome: Outcome | None = None
    job: Job | None = None


class _Work:
    def __init__(self, attempt: Attempt, records: list[Record]) -> None:
        self._attempt = attempt
        self._records = records
        self._waiting = deque(_lanes(records))
        self._last = [is_last(each) for each in records]
        self._last_waiting = sum(self._last)
        """Of the messages in `_waiting`."""
        self._running: list[_Running] = []
        self._ended = _ended()
        self._found: dict[int, Outcome] = {}

    def run(self) -> list[Outcome]:
        self._start()
        while self._running:
            seconds = min(each.until for each in self._running) - time.monotonic()
            try:
                one = self._ended.get(timeout=max(0.0, seconds))
            except Empty:
                self._give_up()
            else:
                if one in self._running and one.outcome is not None:  # else it was given up before
                    one.decision.close()
                    self._finish(one, one.outcome)
            self._start()
        return [self._found.get(place) or self._untried(place, OutOfTime()) for place in range(len(self._records))]

    def _start(self) -> None:
        while self._waiting and len(self._running) < CONCURRENCY and time.monotonic() < self._attempt.deadline:
            lane = self._waiting.popleft()
            self._last_waiting -= self._lasts(lane)
            place = lane.popleft()
            now = time.monotonic()
            one = _Running(place, lane, Decision(), now, self._until(now, lane))
            one.job = Job(one.decision, partial(self._try, one), partial(self._ended.put, one))
            try:
                _begin(one.job)
            except RuntimeError as error:  # the system has no more threads
                self._finish(one, self._untried(place, error), running=False)
                continue
            self._running.append(one)

    def _try(self, one: _Running) -> None:
        one.outcome = self._attempt.at(self._records[one.place], one.decision)

    def _until(self, now: float, lane: Lane) -> float:
        """When a message that begins now is given up: at the end, or after its share if others have their last attempt.

        Those would follow it to the dead letters without having been tried once. Where they come again, it keeps all
        the time there is: to be slow is no fault.
        """
        behind = self._lasts(lane)
        free = CONCURRENCY - len(self._running) - 1
        elsewhere = self._last_waiting - sum(map(self._lasts, islice(self._waiting, max(free, 0))))
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
            if one.job is not None:
                _given_up.append(one.job)
            self._finish(one, Outcome(kind, record, event, error, (now - one.began) * 1000), hangs=True)

    def _finish(self, one: _Running, outcome: Outcome, *, running: bool = True, hangs: bool = False) -> None:
        """Whoever stands behind a message that comes again waits for it, but for whom this attempt is the last.

        Behind one that just had its last attempt, and ended it, the others need not wait: it does not come again.
        """
        if running:
            self._running.remove(one)
        self._found[one.place] = outcome
        lane = one.lane
        if outcome.failed and (hangs or not self._last[one.place]):
            lane = Lane(place for place in one.lane if self._last[place])
            for place in set(one.lane) - set(lane):
                self._found[place] = self._untried(place, NotTried())
        if lane:
            self._last_waiting += self._lasts(lane)
            self._waiting.appendleft(lane)

    def _untried(self, place: int, error: BaseException) -> Outcome:
        record = self._records[place]
        return Outcome("failed", record, event_in(record, self._attempt.classes), error, 0.0)

    def _lasts(self, lane: Lane) -> int:
        """Messages of `lane` that have their last attempt."""
        return sum(self._last[place] for place in lane)


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


def _ended() -> "SimpleQueue[_Running]":
    """Where a batch hears of what ended."""
    return SimpleQueue()


def _begin(job: Job) -> None:
    """In a thread that is free, or in a new one; raises RuntimeError where the system has no more of them."""
    if _idle:
        _idle.pop().put(job)
        return
    inbox: SimpleQueue[Job] = SimpleQueue()
    Thread(target=_serve, args=(inbox,), name="message", daemon=True).start()
    inbox.put(job)


def _serve(inbox: "SimpleQueue[Job]") -> None:
    """Each job in a context of its own: what it sets there ends with it."""
    while True:
        job = inbox.get()
        Context().run(job)
        job.ended = True
        _idle.append(inbox)
        job.then()
