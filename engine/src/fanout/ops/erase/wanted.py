"""Whose data is looked for, and what a place says of it: counts and hashes, never content."""

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import DENIED, code_of, missing_action, one_line
from fanout.contracts.ids import of_event
from fanout.ops.aws.tombstones import references_of
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import Report

MOST_NAMED: Final = 20
"""Keys or ids that a report names."""
_ESCAPE: Final = re.compile(r'\\+u([0-9a-fA-F]{4})|\\+(["/])|\\+')
"""However many backslashes: JSON may be in JSON."""
_MOST_GROUP: Final = 2_048
"""Bytes of one that a tombstone is kept with."""


@dataclass
class Wanted:
    """`references` whose data it is. A place that is looked at early adds what helps the later ones: ids and days of events."""

    references: frozenset[str]
    event_ids: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    is_dated: bool = False
    """Whether `days` are of all events that the records know, of each reference."""
    group: str | None = None

    def owns(self, event: Any) -> bool:
        return bool(references_of(event) & self.references)

    def named(self, most: int) -> list[str]:
        """Those that a key in AWS can have in it, as text of at most `most` bytes: under the others nothing can be."""
        return sorted(each for each in self.references if _fits(each, most))

    def is_mentioned(self, text: bytes) -> bool:
        """As it is, or as JSON escapes it."""
        if any(each.encode("utf-8", "surrogatepass") in text for each in self.references):
            return True
        if b"\\" not in text:
            return False
        plain = _unescaped(text.decode("utf-8", "replace"))
        return any(_unescaped(each) in plain for each in self.references)

    def learn(self, event: Any) -> None:
        """From one of their events."""
        if isinstance(event, dict) and isinstance(event.get("id"), str):
            self.event_ids.add(event["id"])
        if not self.group and (group := of_event(event).group) and _fits(group, _MOST_GROUP):
            self.group = group
        self.learn_time(event.get("time") if isinstance(event, dict) else None)

    def learn_time(self, time: Any) -> None:
        """With the days beside it: clocks, and publishers that take long."""
        try:
            at = datetime.fromisoformat(time) if isinstance(time, str) else time
        except ValueError:
            return
        if isinstance(at, datetime):
            for each in (-1, 0, 1):
                with suppress(OverflowError):  # beside the first or the last day that there is
                    self.days.add((at + timedelta(days=each)).date())


@dataclass
class Finding:
    """`count` pieces of theirs, in words `what`; `handles` by which the place removes them. `blocked`: why it could not look."""

    place: str
    count: int = 0
    what: str = ""
    looked_at: int = 0
    handles: list[Any] = field(default_factory=list, repr=False)
    notes: list[str] = field(default_factory=list)
    completeness: Completeness = COMPLETE
    blocked: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "found": self.count,
            "what": self.what,
            "looked_at": self.looked_at,
            "notes": self.notes,
            "unseen": [*self.completeness.unseen, *([self.blocked] if self.blocked else [])],
        }


@dataclass
class Removal:
    """`left`: in words, what is still there and why; empty: nothing that is known."""

    place: str
    removed: int = 0
    left: list[str] = field(default_factory=list)


class Place(Protocol):
    """`find` changes nothing. `remove` takes what `find` has found, and what is theirs and came since where that is simpler."""

    @property
    def name(self) -> str: ...

    def find(self, wanted: Wanted, report: Report, *, removed: int = 0) -> Finding:
        """`removed`: by the same command before, as a service may count it for a while. Raises what AWS says."""
        ...

    def remove(self, finding: Finding, wanted: Wanted, journal: Journal) -> Removal:
        """Raises what AWS says."""
        ...


def read_event(body: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _fits(text: str, most: int) -> bool:
    """Half a pair of surrogates is no text."""
    try:
        return len(text.encode()) <= most
    except UnicodeEncodeError:
        return False


def _unescaped(text: str) -> str:
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2] or "\\", text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def hashed(ids: Iterable[str]) -> list[str]:
    """As the journal has ids of what was removed."""
    return [hashlib.sha256(each.encode("utf-8", "surrogatepass")).hexdigest()[:32] for each in ids]


def refusal(error: ClientError | BotoCoreError) -> str:
    """One line, with the policy that erasing needs."""
    if isinstance(error, ClientError) and code_of(error) in DENIED:
        return (
            f"these credentials may not {missing_action(error)}: attach the stack's"
            f" {names.OPERATOR_ERASE_POLICY_ARN_OUTPUT} beside the others; nothing of it is erased"
        )
    return one_line(error)
