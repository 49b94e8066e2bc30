"""Looks at the stack for all tabs: one thread for its state, one for the outcomes as they are logged; none while nobody looks."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fanout.console.budget import MINUTE, Budget
from fanout.console.counts import MINUTES, Counts
from fanout.console.faults import line_of
from fanout.ops.aws.line import Line
from fanout.ops.aws.metrics import KeptMetrics
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.interrupt import Stop
from fanout.ops.status.report import Report, report
from fanout.ops.timeline.tail import follow_outcomes

EVERY = 3.0
"""Seconds between two looks where the budget allows it: 3 subscribers are 11 calls a look, and one less within a minute."""
SHARE = 0.4
"""Of the budget for each of the two threads; the rest is for who asks for something."""
UNWATCHED = 20.0
"""Seconds without a tab, after which nothing is asked any more."""
BEFORE = timedelta(minutes=MINUTES)
LATE = 10 * EVERY
_KEPT = 300
"""Outcomes that are shown one by one; all are counted."""


@dataclass(frozen=True)
class Outcome:
    """`number` grows: what a tab has seen already, it does not move again."""

    number: int
    task: str
    line: Line


class Collector:
    """`state` is the newest report, None before the first; `problem` why there is none, or no newer one. `counts` has every
    outcome of the last minutes that was read."""

    def __init__(self, stack: Callable[[], Stack], budget: Budget) -> None:
        self._stack, self._budget, self._kept = stack, budget, KeptMetrics()
        self.state: Report | None = None
        self.problem = ""
        self.unread = ""
        """What of the log was not seen."""
        self.counts = Counts()
        self._outcomes: deque[Outcome] = deque(maxlen=_KEPT)
        self._number = 0
        self._watched = float("-inf")
        self._first = threading.Event()
        self._wake = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._over = False

    def watch(self, seconds: float = 0.0) -> None:
        """Says that a tab is here, and waits so long at most for the first look."""
        with self._wake:
            self._watched = time.monotonic()
            self._wake.notify_all()
            if not self._threads and not self._over:
                self._threads = [threading.Thread(target=each, daemon=True) for each in (self._look, self._tail)]
                for each in self._threads:
                    each.start()
        self._first.wait(seconds)

    @property
    def is_late(self) -> bool:
        """Whether the newest report is older than it should be."""
        return self.state is not None and (datetime.now(UTC) - self.state.at).total_seconds() > LATE

    def outcomes(self) -> list[Outcome]:
        """The newest, newest first."""
        return sorted(self._outcomes, key=lambda each: (each.line.at, each.number), reverse=True)

    def close(self) -> None:
        with self._wake:
            self._over = True
            self._wake.notify_all()
        for each in self._threads:
            each.join(5)

    def _look(self) -> None:
        while not self._over:
            before = self._budget.looks
            try:
                self.state, self.problem = report(self._stack(), self._kept), ""
            except Exception as error:
                self.problem = line_of(error)
            self._first.set()
            self._rest(self._pause(self._budget.looks - before))

    def _tail(self) -> None:
        while not self._over:
            try:
                stack, since = self._stack(), datetime.now(UTC) - BEFORE
                pace, self.unread = _Pace(self, stack.subscribers), ""
                for subscriber, line in follow_outcomes(
                    stack.subscribers, since, EVERY, pace, once=False, unread=self._hear
                ):
                    self._add(subscriber.task, line)
            except Exception as error:
                self.unread = line_of(error)
            self._rest(EVERY)

    def _hear(self, line: str) -> None:
        self.unread = line

    def _add(self, task: str, line: Line) -> None:
        if not self.counts.add(task, line):
            return  # the tail began anew
        self._number += 1
        self._outcomes.append(Outcome(self._number, task, line))

    def _pause(self, calls: int) -> float:
        return max(EVERY, calls * MINUTE / (SHARE * self._budget.limit))

    def _rest(self, seconds: float) -> None:
        """So long, and for as long as nobody looks."""
        end = time.monotonic() + seconds
        with self._wake:
            while not self._over:
                now = time.monotonic()
                if now >= end and now - self._watched < UNWATCHED:
                    return
                self._wake.wait(min(end - now, 1.0) if now < end else 5.0)


class _Pace(Stop):
    """Between two looks at the log: as long as the budget and the tabs say. True when other subscribers are deployed, too."""

    def __init__(self, of: Collector, subscribers: Sequence[DeployedSubscriber]) -> None:
        super().__init__()
        self._of, self._subscribers = of, subscribers
        self._before = of._budget.looks

    def __bool__(self) -> bool:
        return self._of._over or self.asked

    def sleep(self, seconds: float) -> None:
        calls = min(self._of._budget.looks - self._before, self._of._budget.limit)
        self._of._rest(self._of._pause(max(0, calls // 2)))
        self._before = self._of._budget.looks
        self.asked = not self._of._over and self._of._stack().subscribers != self._subscribers
