"""What a worker runs on: two clocks, threads, and the inbox of its loop."""

import random
import time
from collections.abc import Callable
from contextvars import Context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol

from fanout.runtime.outcome import NotBegun

Run = Callable[[], None]
NO_THREAD = "the system has no more threads"


class Machine(Protocol):
    """All that a worker knows of time and threads."""

    def monotonic(self) -> float:
        """Seconds that pass at the pace of SQS's, also while a laptop sleeps; no clock that is set changes them."""

    def wall(self) -> float:
        """Seconds since 1970, as long as nobody sets the clock."""

    def start(self, run: Run) -> None:
        """In a thread and a context of its own. Raises RuntimeError where the system has no more threads."""

    def start_task(self, run: Run) -> None:
        """Likewise, or where the task's debugger is."""

    def tell(self, what: Run) -> None:
        """By any thread, and by a signal: the loop calls it."""

    def hear(self, seconds: float) -> Run | None:
        """By the loop: the next that was told, or None after so long."""

    def chance(self) -> float:
        """At least 0, less than 1."""


class Threads:
    """The real one. `main` is where tasks go, for a debugger; None: each to a thread of its own."""

    _CLOCK = getattr(time, "CLOCK_BOOTTIME", None) or getattr(time, "CLOCK_MONOTONIC", None)
    """It counts while a machine sleeps, as time.monotonic does not: https://docs.python.org/3/library/time.html#time.CLOCK_BOOTTIME"""

    def __init__(self, main: "SimpleQueue[Run | None] | None" = None) -> None:
        self._main = main
        self._inbox: SimpleQueue[Run] = SimpleQueue()  # its put may be called in a signal's handler

    def monotonic(self) -> float:
        return time.monotonic() if self._CLOCK is None else time.clock_gettime(self._CLOCK)

    def wall(self) -> float:
        return time.time()

    def start(self, run: Run) -> None:
        Thread(target=Context().run, args=(run,), daemon=True).start()

    def start_task(self, run: Run) -> None:
        if self._main is None:
            self.start(run)
        else:
            self._main.put(partial(Context().run, run))

    def tell(self, what: Run) -> None:
        self._inbox.put(what)

    def hear(self, seconds: float) -> Run | None:
        try:
            return self._inbox.get(timeout=max(0.0, seconds))
        except Empty:
            return None

    def chance(self) -> float:
        return random.random()


def ask(machine: Machine, call: Callable[[], Any], then: Callable[[Any, Exception | None], None]) -> None:
    """Calls `call` in a thread, and `then` in the loop, with the answer or the error."""

    def run() -> None:
        try:
            answer = call()
        except Exception as error:
            machine.tell(partial(then, None, error))
        else:
            machine.tell(partial(then, answer, None))

    try:
        machine.start(run)
    except RuntimeError:
        machine.tell(partial(then, None, NotBegun(NO_THREAD)))
