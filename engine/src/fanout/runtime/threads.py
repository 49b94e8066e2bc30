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
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from os import environ
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
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
    _given_up[:] = [each for each in _given_up if not each.ended.is_set()]
    return len(_given_up)


def in_time(run: Callable[[], None], seconds: float) -> bool:
    """Calls `run` in a thread and waits for it as long as that; False: it was given up, or there was no thread."""
    decision = Decision[Any]()
    job = Job(partial(_decided, decision, run))
    try:
        _begin(job)
    except RuntimeError:  # the system has no more threads
        return False
    in_time = job.ended.wait(seconds)
    decision.close()
    if not in_time:
        _given_up.append(job)
    return in_time


def work(attempt: Attempt, records: list[Record]) -> list[Outcome]:
    """One outcome for each record, in their order, by `attempt.deadline`."""
    return _Work(attempt, records).run()


@dataclass(eq=False, slots=True)
class Job:
    """What one thread does; it is free for another once `ended`."""

    run: Callable[[], None]
    ended: Event = field(default_factory=Event)


@dataclass(eq=False, slots=True)
class _Running:
    place: int
    behind: Lane
    decision: Decision[Ending]
    began: float
    until: float
    job: Job
    outcome: Outcome | None = None


class _Work:
    """The threads share the messages out among themselves, and the caller sees to the time alone: to hand each message
    over costs more than most of what is done to it. Who has taken one calls the next thread, and that takes what is left.
    """

    def __init__(self, attempt: Attempt, records: list[Record]) -> None:
        self._attempt = attempt
        self._records = records
        self._lock = Lock()
        """Of all that follows."""
        self._waiting = deque(_lanes(records))
        self._last = [is_last(each) for each in records]
        self._last_waiting = sum(self._last)
        """Of the messages in `_waiting`."""
        self._called = False
        """Whether a thread is on its way."""
        self._running: list[_Running] = []
        self._found: dict[int, Outcome] = {}
        self._wakes_at = attempt.deadline
        """When the caller looks at the time, unless it hears of a reason before."""
        self._reasons = _reasons()

    def run(self) -> list[Outcome]:
        self._call()
        while not self._over():
            try:
                self._reasons.get(timeout=max(0.0, self._wakes_at - time.monotonic()))
            except Empty:
                self._give_up()
            self._call()
        return [self._found.get(place) or self._untried(place, OutOfTime()) for place in range(len(self._records))]

    def _over(self) -> bool:
        with self._lock:
            self._wakes_at = min((each.until for each in self._running), default=self._attempt.deadline)
            return not (self._running or (self._called and self._may_begin()))

    def _may_begin(self) -> bool:
        free = len(self._running) < CONCURRENCY
        return free and bool(self._waiting) and time.monotonic() < self._attempt.deadline

    def _call(self) -> None:
        with self._lock:
            if self._called or not self._may_begin():
                return
            self._called = True
        job = Job(lambda: self._serve(job))
        try:
            _begin(job)
        except RuntimeError as error:  # the system has no more threads: those that run go on
            with self._lock:
                self._called = False
                while self._waiting and not self._running:
                    place, behind = self._head()
                    self._finish(place, behind, self._untried(place, error))

    def _serve(self, job: Job) -> None:
        with self._lock:
            self._called = False
            one = self._take(job)
        while one:
            self._call()
            Context().run(_decided, one.decision, partial(self._try, one))
            one = self._next(one)

    def _take(self, job: Job) -> _Running | None:
        if not self._may_begin():
            return None
        place, behind = self._head()
        now = time.monotonic()
        one = _Running(place, behind, Decision(), now, self._until(now, behind), job)
        self._running.append(one)
        if one.until < self._wakes_at:
            self._reasons.put(None)
        return one

    def _head(self) -> tuple[int, Lane]:
        lane = self._waiting.popleft()
        self._last_waiting -= self._lasts(lane)
        return lane.popleft(), lane

    def _try(self, one: _Running) -> None:
        one.outcome = self._attempt.at(self._records[one.place], one.decision)

    def _next(self, one: _Running) -> _Running | None:
        """What the thread does after `one`: nothing, if that was given up before."""
        with self._lock:
            if one not in self._running or one.outcome is None:
                return None
            one.decision.close()
            self._running.remove(one)
            self._finish(one.place, one.behind, one.outcome)
            following = self._take(one.job)
            if not self._running:
                self._reasons.put(None)
            return following

    def _until(self, now: float, behind: Lane) -> float:
        """When a message that begins now is given up: at the end, or after its share if others have their last attempt.

        Those would follow it to the dead letters without having been tried once. Where they come again, it keeps all
        the time there is: to be slow is no fault.
        """
        free = CONCURRENCY - len(self._running) - 1
        elsewhere = self._last_waiting - sum(map(self._lasts, islice(self._waiting, max(free, 0))))
        rounds = 1 + self._lasts(behind) + -(-elsewhere // CONCURRENCY)
        deadline = self._attempt.deadline
        return deadline if rounds == 1 else now + (deadline - now) / rounds

    def _give_up(self) -> None:
        with self._lock:
            now = time.monotonic()
            for one in [each for each in self._running if each.until <= now]:
                ending = one.decision.close()
                kind, error = ending if ending is not None else ("failed", OutOfTime())
                event = event_in(self._records[one.place], self._attempt.classes)
                outcome = Outcome(kind, self._records[one.place], event, error, (now - one.began) * 1000)
                _given_up.append(one.job)
                self._running.remove(one)
                self._finish(one.place, one.behind, outcome, hangs=True)

    def _finish(self, at: int, behind: Lane, outcome: Outcome, *, hangs: bool = False) -> None:
        """Whoever stands behind a message that comes again waits for it, but for whom this attempt is the last.

        Behind one that just had its last attempt, and ended it, the others need not wait: it does not come again.
        """
        self._found[at] = outcome
        if outcome.failed and (hangs or not self._last[at]):
            for place in behind:
                if not self._last[place]:
                    self._found[place] = self._untried(place, NotTried())
            behind = Lane(place for place in behind if self._last[place])
        if behind:
            self._last_waiting += self._lasts(behind)
            self._waiting.appendleft(behind)

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


def _reasons() -> "SimpleQueue[None]":
    """By which the caller hears that all is done, or that it has to look at the time sooner."""
    return SimpleQueue()


def _decided(decision: Decision[Any], run: Callable[[], None]) -> None:
    CURRENT.set(decision)
    with suppress(AttemptOver):
        run()


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
        Context().run(job.run)
        _idle.append(inbox)
        job.ended.set()
