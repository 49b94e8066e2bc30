"""A machine whose time passes only when nobody has anything to do, and whose threads run one at a time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from fanout.worker.machine import Run

NOON = 1_750_000_000.0
FOREVER = float("inf")


@dataclass(eq=False)
class _Thread:
    wakes_at: float
    number: int
    go: threading.Event = field(default_factory=threading.Event)
    parked: threading.Event = field(default_factory=threading.Event)
    ended: bool = False


class Simulated:
    """`fanout.worker.machine.Machine`. What runs in it waits by `sleep`; `at` plans what the world does at a time.

    `now` is its monotonic clock; `slept` what that did not count, `set_by` what somebody set the wall clock by.
    """

    def __init__(self) -> None:
        self.now = self.slept = self.set_by = 0.0
        self.inbox: list[Run] = []
        self.threads: list[_Thread] = []
        self.planned: list[tuple[float, int, Run]] = []
        self.most_threads = FOREVER
        self.turns = 0
        self._numbers = count()
        self._own = threading.local()

    # ---- as the worker sees it

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.real() + self.set_by

    def start(self, run: Run) -> None:
        thread = _Thread(self.now, next(self._numbers))

        def body() -> None:
            self._own.thread = thread
            thread.go.wait()
            try:
                run()
            finally:
                thread.ended = True
                thread.parked.set()

        threading.Thread(target=body, daemon=True).start()
        self.threads.append(thread)

    def start_task(self, run: Run) -> None:
        if len(self.threads) >= self.most_threads:
            raise RuntimeError("can't start new thread")
        self.start(run)

    def tell(self, what: Run) -> None:
        self.inbox.append(what)

    def hear(self, seconds: float) -> Run | None:
        self.turns += 1
        end = self.now + seconds
        while not self.inbox:
            thread = min((each for each in self.threads), key=lambda each: (each.wakes_at, each.number), default=None)
            plan = min(self.planned, key=lambda each: each[:2], default=None)
            next_at = min(thread.wakes_at if thread else FOREVER, plan[0] if plan else FOREVER)
            if next_at > end or next_at == FOREVER:
                self.now = max(self.now, end)
                return None
            self.now = max(self.now, next_at)
            if plan is not None and plan[0] <= next_at:
                self.planned.remove(plan)
                plan[2]()
            elif thread is not None:
                self._resume(thread)
        return self.inbox.pop(0)

    def chance(self) -> float:
        return 0.5

    # ---- as the world sees it

    def real(self) -> float:
        """Seconds since 1970, as SQS counts them."""
        return NOON + self.now + self.slept

    def at(self, time: float, do: Run) -> None:
        self.planned.append((time, next(self._numbers), do))

    def sleep(self, seconds: float) -> None:
        """By what runs in one of its threads. A request of the test itself takes no time."""
        thread: _Thread | None = getattr(self._own, "thread", None)
        if thread is None:
            return
        thread.wakes_at, thread.number = self.now + seconds, next(self._numbers)
        thread.go.clear()
        thread.parked.set()
        thread.go.wait()

    def freeze(self, seconds: float, meanwhile: Callable[[], object] = lambda: None, at: float = 0.0) -> None:
        """As SIGSTOP and SIGCONT: nobody of this machine runs; `meanwhile` happens elsewhere, `at` so many seconds after."""
        self.now += at
        meanwhile()
        self.now += seconds - at

    def kill(self) -> None:
        """As SIGKILL: nothing of it runs ever again."""
        self.threads, self.planned, self.inbox = [], [], []

    def _resume(self, thread: _Thread) -> None:
        thread.parked.clear()
        thread.go.set()
        assert thread.parked.wait(10), "a thread of the simulation waits for something else than the simulation"
        if thread.ended:
            self.threads.remove(thread)
