"""What lies in all dead-letter queues: one look at a time, whoever asks, and every page shows the last one.

A look hides what it reads from others for a moment (SQS has no peek), so it is made when a person asks, never by a clock.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from fanout.console.work import Work
from fanout.errors import OpsError
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters.browse import MOST
from fanout.ops.dead_letters.summary import DeadLetterSummary, collect

REST: Final = 5.0
"""Seconds between two looks, however often somebody asks."""

Look = Callable[[Stack, Callable[[DeadLetterSummary], None]], list[DeadLetterSummary]]


@dataclass(frozen=True)
class View:
    """`at` is when the look ended that is shown, None where only a part of the first one is there."""

    summaries: Sequence[DeadLetterSummary]
    at: datetime | None
    is_looking: bool
    seen: int
    total: int
    problem: str | None = None

    @property
    def unseen(self) -> list[str]:
        """What the groups say nothing of, in words."""
        found = []
        for each in self.summaries:
            found += [f"{each.task}: {each.problem}"] if each.problem else []
            found += [f"{each.task}: {why}" for why in each.completeness.unseen] if self.at and not each.problem else []
            if each.unread:
                found.append(f"{each.task}: {len(each.unread)} cannot be read (export and drop take them as they are)")
        return found


class Listing:
    """Safe in threads. Looks when nobody else has `one_look`."""

    def __init__(self, stack: Callable[[], Stack], one_look: threading.Lock, look: Look | None = None) -> None:
        self._stack, self._one_look, self._look = stack, one_look, look or _look
        self._lock = threading.Lock()
        self._work: Work[None] | None = None
        self._last: list[DeadLetterSummary] | None = None
        self._at: datetime | None = None
        self._ended = 0.0
        self._is_stale = False
        self._is_over = False
        self._parts: dict[str, DeadLetterSummary] = {}

    def begin(self, *, again: bool = True) -> None:
        """A look, unless one goes on or has just ended; not `again`: only where there was none, or it is out of date."""
        with self._lock:
            if self._work is not None and not self._work.is_over:
                return
            rests = not again or time.monotonic() - self._ended < REST
            if self._last is not None and rests and not self._is_stale:
                return
            self._parts, self._is_stale = {}, False
            self._work = Work(self._do).start()

    def forget(self) -> None:
        """After a change: the next page looks anew, and shows the last look meanwhile."""
        with self._lock:
            self._is_stale = True

    def close(self) -> None:
        """A look that goes on is ended: what it holds is shown again."""
        self._is_over = True

    def wait(self, seconds: float) -> None:
        """For the end of a look that goes on."""
        if self._work is not None:
            self._work.wait(seconds)

    def view(self) -> View:
        with self._lock:
            is_looking = self._work is not None and not self._work.is_over
            parts = list(self._parts.values())
            shown = self._last if self._last is not None else parts
            seen = sum(each.seen for each in parts)
            total = sum(max(each.total, each.seen) for each in parts)
            problem = self._work.problem if self._work else None
            return View(shown, self._at, is_looking, seen, total, problem)

    def _do(self, work: Work[None]) -> None:
        with self._one_look:
            found = self._look(self._stack(), self._take)
        with self._lock:
            self._last, self._at, self._ended = found, datetime.now(UTC), time.monotonic()

    def _take(self, summary: DeadLetterSummary) -> None:
        """A copy, as the look goes on changing it."""
        if self._is_over:
            raise OpsError("the console was ended before the look was")
        groups = [
            replace(each, minutes=Counter(each.minutes), attempts=Counter(each.attempts)) for each in summary.groups
        ]
        copy = replace(summary, groups=groups, redriven=Counter(summary.redriven), unread=list(summary.unread))
        with self._lock:
            self._parts[summary.task] = copy


def _look(stack: Stack, told: Callable[[DeadLetterSummary], None]) -> list[DeadLetterSummary]:
    return collect(stack, None, limit=MOST, told=told)
