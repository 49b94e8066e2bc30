"""Dead letters of all tasks by their cause, as a page shows them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from fanout.console.dead.chosen import Filter
from fanout.ops.dead_letters.causes import Cause, Group
from fanout.ops.dead_letters.summary import DeadLetterSummary

BARS: Final = 24
_WIDTHS: Final = (5, 15, 60, 360, 840)
"""Minutes that a bar stands for: 24 of the last are fourteen days, and no message lives longer."""
_LATELY: Final = ((15, "15 min"), (60, "hour"), (1_440, "day"))


@dataclass
class Row:
    """One cause. `samples` has one message's id of each task that it is of."""

    cause: Cause
    count: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    attempts: Counter[int] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)
    heartbeats: int = 0
    redriven: int = 0

    def add(self, task: str, group: Group, redriven: int) -> None:
        self.count += group.count
        self.tasks[task] += group.count
        self.first = min((each for each in (self.first, group.first) if each), default=None)
        self.last = max((each for each in (self.last, group.last) if each), default=None)
        self.attempts += group.attempts
        self.minutes += group.minutes
        self.samples[task] = group.sample
        self.heartbeats += group.heartbeats
        self.redriven += redriven

    @property
    def tried(self) -> str:
        """How often, as in 1 to 5."""
        known = sorted(number for number, count in self.attempts.items() if number and count)
        if not known:
            return "not at all, as far as is known"
        return f"{known[0]} times" if known[0] == known[-1] > 1 else _range(known)

    def lately(self, now: datetime) -> str:
        """In words, for who does not see bars."""
        for minutes, words in _LATELY:
            found = sum(count for at, count in self.minutes.items() if at > _minute(now) - minutes)
            if found:
                return f"{found} of {self.count} in the last {words}"
        return "none in the last day"

    def older(self, than: timedelta, now: datetime) -> int:
        """How many were sent at least so long ago, to the minute."""
        until = _minute(now - than)
        return sum(count for at, count in self.minutes.items() if at <= until)


def rows(summaries: Sequence[DeadLetterSummary], chosen: Filter, now: datetime) -> list[Row]:
    """Those that the filter lets through, the newest first."""
    found: dict[Cause, Row] = {}
    for summary in summaries:
        if chosen.task and summary.task != chosen.task:
            continue
        for group in summary.groups:
            if not chosen.cause or group.cause.id == chosen.cause:
                row = found.setdefault(group.cause, Row(group.cause))
                row.add(summary.task, group, summary.redriven[group.cause])
    kept = [each for each in found.values() if chosen.age is None or each.older(chosen.age, now)]
    return sorted(kept, key=lambda each: str(each.last), reverse=True)


def chosen_count(shown: Sequence[Row], chosen: Filter, now: datetime) -> int:
    """How many letters the filter is about, as far as was seen."""
    return sum(each.count if chosen.age is None else each.older(chosen.age, now) for each in shown)


@dataclass(frozen=True)
class Scale:
    """The same for all rows of a page, so that bars can be compared. `width`: minutes of a bar."""

    width: int
    end: int
    most: int

    @classmethod
    def of(cls, shown: Sequence[Row], now: datetime) -> "Scale":
        end = _minute(now)
        oldest = min((min(each.minutes) for each in shown if each.minutes), default=end)
        width = next((each for each in _WIDTHS if each * BARS > end - oldest), _WIDTHS[-1])
        most = max((max(cls(width, end, 1).counts(each)) for each in shown), default=1)
        return cls(width, end, max(1, most))

    def counts(self, row: Row) -> list[int]:
        """The oldest first."""
        counts = [0] * BARS
        for minute, count in row.minutes.items():
            counts[max(0, BARS - 1 - max(0, self.end - minute) // self.width)] += count
        return counts

    def bars(self, row: Row) -> list[tuple[int, int, int]]:
        """Where each begins, how high it is of 20, and how many it stands for; what is not 0 is seen."""
        return [
            (place * 4, max(2, round(20 * count / self.most)) if count else 0, count)
            for place, count in enumerate(self.counts(row))
        ]

    @property
    def words(self) -> str:
        return f"{self.width} min a bar" if self.width < 60 else f"{self.width // 60} h a bar"


def _range(known: list[int]) -> str:
    return "once" if known == [1] else f"{known[0]} to {known[-1]} times"


def _minute(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() // 60)
