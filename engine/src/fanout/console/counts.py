"""How many outcomes there were in the last minutes, by task, kind and second: all of them, at any load."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fanout.ops.aws.line import Line

MINUTES = 5
_REMEMBERED = timedelta(minutes=2 * MINUTES)
"""What the tail reads again when it begins anew is not older."""


@dataclass(frozen=True)
class Count:
    """So many outcomes of a kind of `Line`, `age` seconds ago, which may be of a clock that is fast."""

    task: str
    kind: str
    is_success: bool
    age: int
    number: int


@dataclass
class _Second:
    of: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)


class Counts:
    """Safe in threads."""

    def __init__(self) -> None:
        self._seconds: dict[int, _Second] = {}
        self._lock = threading.Lock()

    def add(self, task: str, line: Line) -> bool:
        """False of one that was counted before."""
        second, outcome = int(line.at.timestamp()), hash((task, line))
        with self._lock:
            if second not in self._seconds:
                self._forget()
            found = self._seconds.setdefault(second, _Second())
            if outcome in found.seen:
                return False
            found.seen.add(outcome)
            found.of[task, line.kind, line.is_success] += 1
            return True

    def lately(self) -> list[Count]:
        """Those of the last MINUTES."""
        now = _now()
        with self._lock:
            return [
                Count(*kind, max(0, now - second), number)
                for second, found in self._seconds.items()
                if now - second < 60 * MINUTES
                for kind, number in found.of.items()
            ]

    def _forget(self) -> None:
        until = _now() - _REMEMBERED.total_seconds()
        for second in [each for each in self._seconds if each < until]:
            del self._seconds[second]


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
