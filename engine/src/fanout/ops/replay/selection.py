"""Which of the archived events a replay is about, as its options say it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from fanout.errors import Unusable

LONGEST_DAYS = 40_000


@dataclass(frozen=True)
class Selection:
    """Events whose own time is at `since` or after it and before `until`, both in UTC.

    `group` is one group of the contract, `types` are types of events, none: all. `missing`: only what the task never
    settled. `again`: also what it has done, for `reason`.
    """

    since: datetime
    until: datetime
    group: str | None = None
    types: tuple[str, ...] = ()
    missing: bool = False
    again: bool = False
    reason: str = ""

    @classmethod
    def from_options(
        cls,
        since: str,
        until: str | None,
        now: datetime,
        *,
        group: str | None,
        types: list[str],
        missing: bool,
        again: bool,
        reason: str | None,
    ) -> Self:
        """Raises Unusable. `until` is a day that is in it, or a moment that is not; without it, all up to now."""
        if missing and again:
            raise Unusable("--missing is what was never settled, --again what was done too: give one of them")
        said = " ".join((reason or "").split())
        if again and not said:
            raise Unusable('--again repeats what the task has done: say why, --reason "the receiver lost last week"')
        if said and not again:
            raise Unusable("--reason belongs to --again")
        begin, end = moment(since, "--from"), moment(until, "--to", end=True) if until else now
        if begin >= end:
            raise Unusable(f"--from {since} is not before {f'--to {until}' if until else 'now'}")
        if (end - begin).days > LONGEST_DAYS:
            raise Unusable(f"--from {since}: more than {LONGEST_DAYS} days")
        return cls(begin, end, group, tuple(sorted(set(types))), missing, again, said)

    @property
    def days(self) -> list[date]:
        """Each day in UTC that it reaches into."""
        last = (self.until - timedelta(microseconds=1)).date()
        return [self.since.date() + timedelta(days=n) for n in range((last - self.since.date()).days + 1)]

    def as_dict(self) -> dict[str, Any]:
        return {
            "from": self.since.isoformat(),
            "to": self.until.isoformat(),
            "group": self.group,
            "types": list(self.types),
            "missing": self.missing,
            "again": self.again,
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        return cls(
            datetime.fromisoformat(told["from"]),
            datetime.fromisoformat(told["to"]),
            told["group"],
            tuple(told["types"]),
            told["missing"],
            told["again"],
            told["reason"],
        )


def moment(text: str, option: str, *, end: bool = False) -> datetime:
    """A day, 2026-11-01, as its beginning in UTC (`end`: its end), or a moment of RFC 3339. Raises Unusable."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return datetime.combine(day, time(), UTC)
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unusable(f"{option} {text}: expected a day or a moment in UTC, 2026-11-01 or 2026-11-01T09:30") from None


def name_of(task: str, asked: dict[str, Any]) -> str:
    """Equal for the same task and options, so that the same command goes on with what it began."""
    return hashlib.sha256(json.dumps([task, asked], sort_keys=True).encode()).hexdigest()[:12]
