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
from fanout.runtime.outcome import NotBegun, NotTried, Outcome, OutOfTime, Record

Run = Callable[[], None]

CONCURRENCY = int(environ.get(names.CONCURRENCY, "10"))
"""Messages at a time."""

_given_up: list[Event] = []
"""Of each thread that was given up: set when it has ended after all."""
_idle: "list[SimpleQueue[tuple[Run, Event]]]" = []
"""The inbox of each thread that waits for something to do."""

Lane = list[int]
"""Places in the batch of messages that wait for each other: one of a standard queue, a group of a FIFO queue."""


def left_over() -> int:
    """Threads of earlier invocations that have not ended yet."""
    _given_up[:] = [each for each in _given_up if not each.is_set()]
    return len(_given_up)


def in_time(run: Run, seconds: float) -> bool:
    """Calls `run` in a thread and waits for it as long as that; False: it was given up, or there was no thread."""
    decision, ended = Decision[Any](), Event()
    try:
        _begin(partial(_decided, decision, run), ended)
    except RuntimeError:  # the system has no more threads
        return False
    in_time = ended.wait(seconds)
    decision.close()
    if not in_time:
        _given_up.append(ended)
    return in_time


def work(attempt: Attempt, records: list[Record]) -> list[Outcome]:
    """One outcome for each record, in their order, by `attempt.deadline`."""
    return _Work(attempt, records).run()


class _Running:
    """`ended` is its thread's."""

    __slots__ = ("began", "behind", "decision", "ended", "outcome", "place", "until")

    def __init__(self, place: int, behind: Lane, began: float, until: float, ended: Event) -> None:
        self.place, self.behind, self.began, self.until, self.ended = place, behind, began, until, ended
        self.decision: Decision[Ending] = Decision()
        self.outcome: Outcome | None = None


class _Work:
    """The threads share the messages out among themselves, and the caller sees to the time alone: to hand each message
    over costs more than most of what is done to it. One thread is called, and that calls the caller: it comes to that as
    soon as the thread waits for something, and calls all the others; where none waits, one does it all.
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
        self._called = 0
        """Threads on their way."""
        self._running: list[_Running] = []
        self._found: dict[int, Outcome] = {}
        self._wakes_at = attempt.deadline
        """When the caller looks at the time, unless it hears of a reason before."""
        self._reasons = _reasons()

    def run(self) -> list[Outcome]:
        self._call(1)
        while not self._over():
            try:
                self._reasons.get(timeout=max(0.0, self._wakes_at - time.monotonic()))
            except Empty:
                self._give_up()
            self._call(CONCURRENCY)
        return [self._found.get(place) or self._untried(place, NotBegun()) for place in range(len(self._records))]

    def _over(self) -> bool:
        with self._lock:
            self._wakes_at = min((each.until for each in self._running), default=self._attempt.deadline)
            return not (self._running or (self._called and self._room()))

    def _room(self, now: float | None = None) -> int:
        """How many messages could begin now."""
        if not self._waiting or (now or time.monotonic()) >= self._attempt.deadline:
            return 0
        return max(0, min(CONCURRENCY - len(self._running), len(self._waiting)))

    def _call(self, most: int) -> None:
        """Threads, as long as there is something for another to do; `most` on their way."""
        while self._one_more(most):
            ended = Event()
            try:
                _begin(partial(self._serve, ended), ended)
            except RuntimeError:  # the system has no more threads: those that run go on
                self._without_another()
                return

    def _one_more(self, most: int) -> bool:
        with self._lock:
            calls = self._called < min(most, self._room())
            self._called += calls
            return calls

    def _without_another(self) -> None:
        with self._lock:
            self._called -= 1
            while self._waiting and not (self._running or self._called):
                place, behind = self._head()
                self._finish(place, behind, self._untried(place, NotBegun("the system has no more threads")))

    def _serve(self, ended: Event) -> None:
        with self._lock:
            self._called -= 1
            one = self._take(ended)
            if not self._called and self._room():
                self._reasons.put(None)
        with suppress(AttemptOver):
            while one:
                Context().run(self._try, one)
                one = self._next(one)

    def _take(self, ended: Event) -> _Running | None:
        now = time.monotonic()
        if not self._room(now):
            return None
        place, behind = self._head()
        one = _Running(place, behind, now, self._until(now, behind), ended)
        self._running.append(one)
        if one.until < self._wakes_at:
            self._reasons.put(None)
        return one

    def _head(self) -> tuple[int, Lane]:
        lane = self._waiting.popleft()
        if self._last_waiting:
            self._last_waiting -= self._lasts(lane)
        return lane.pop(0), lane

    def _try(self, one: _Running) -> None:
        CURRENT.set(one.decision)
        one.outcome = self._attempt.at(self._records[one.place], one.decision, one.until)

    def _next(self, one: _Running) -> _Running | None:
        """What the thread does after `one`: nothing, if that was given up before."""
        with self._lock:
            if one not in self._running or one.outcome is None:
                return None
            one.decision.close()
            self._running.remove(one)
            self._finish(one.place, one.behind, one.outcome)
            following = self._take(one.ended)
            if not self._running:
                self._reasons.put(None)
            return following

    def _until(self, now: float, behind: Lane) -> float:
        """When a message that begins now is given up: at the end, or after its share if others have their last attempt.

        Those would follow it to the dead letters without having been tried once. Where they come again, it keeps all
        the time there is: to be slow is no fault.
        """
        deadline = self._attempt.deadline
        if not (self._last_waiting or behind):
            return deadline
        free = CONCURRENCY - len(self._running) - 1
        elsewhere = self._last_waiting - sum(map(self._lasts, islice(self._waiting, max(free, 0))))
        rounds = 1 + self._lasts(behind) + -(-elsewhere // CONCURRENCY)
        return deadline if rounds == 1 else now + (deadline - now) / rounds

    def _give_up(self) -> None:
        with self._lock:
            now = time.monotonic()
            for one in [each for each in self._running if each.until <= now]:
                ending = one.decision.close()
                kind, error = ending if ending is not None else ("failed", OutOfTime())
                event = event_in(self._records[one.place], self._attempt.classes)
                outcome = Outcome(kind, self._records[one.place], event, error, (now - one.began) * 1000)
                if kind != "failed" and one.outcome is None and (claim := one.decision.claim):
                    claim.not_recorded(kind, OutOfTime())
                _given_up.append(one.ended)
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
            behind = [place for place in behind if self._last[place]]
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
        lanes.setdefault(record["attributes"]["MessageGroupId"] if fifo else place, []).append(place)
    return lanes.values()


def _reasons() -> "SimpleQueue[None]":
    """By which the caller hears that all is done, or that it has to look at the time sooner."""
    return SimpleQueue()


def _decided(decision: Decision[Any], run: Run) -> None:
    CURRENT.set(decision)
    with suppress(AttemptOver):
        run()


def _begin(run: Run, ended: Event) -> None:
    """In a thread that is free, or in a new one; raises RuntimeError where the system has no more of them."""
    inbox: SimpleQueue[tuple[Run, Event]]
    if _idle:
        inbox = _idle.pop()
    else:
        inbox = SimpleQueue()
        Thread(target=_serve, args=(inbox,), name="message", daemon=True).start()
    inbox.put((run, ended))


def _serve(inbox: "SimpleQueue[tuple[Run, Event]]") -> None:
    """Each in a context of its own: what it sets there ends with it."""
    while True:
        run, ended = inbox.get()
        Context().run(run)
        _idle.append(inbox)
        ended.set()
