"""Why letters died, as groups that an operator can act on: error type, and the message without what differs each time."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fanout.ops.aws import logs
from fanout.ops.aws.discovery import Subscriber
from fanout.ops.aws.logs import Line
from fanout.ops.aws.session import Aws
from fanout.ops.dead_letters.message import Letter

# In this order: what looks like an id, a time, an address or a large number. 503 and 12:34 of a source line stay.
_VARYING: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{12,}\b"), "<id>"),
    (re.compile(r"\b\d{5,}\b"), "<n>"),
    (re.compile(r"\b\d+(?:\.\d+)? (seconds|s|ms|bytes)\b"), r"<n> \1"),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """`id` is short, and the same for the same cause on every machine."""

    error_type: str
    text: str

    @classmethod
    def of(cls, error_type: str | None, error: str | None) -> "Cause":
        return cls(error_type or "Unknown", normalised(error or ""))

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.error_type}: {self.text}".encode()).hexdigest()[:6]

    def __str__(self) -> str:
        return f"{self.error_type}: {self.text}" if self.text else self.error_type

    def matches(self, wanted: str) -> bool:
        """By id, by error type, or by a piece of the text."""
        return wanted in (self.id, self.error_type) or (len(wanted) > 2 and wanted.lower() in str(self).lower())


UNDELIVERED = Cause("NotDelivered", "SNS could not deliver it to the task's queue, or no log line is left of it")
UNEXPLAINED = Cause("Unexplained", "its attempts were used up, and no log line of it is left")
UNREAD = Cause("Unread", "there is too much log since it was sent: fanout dead show reads that of one letter")
_ALL_ATTEMPTS = timedelta(days=1)
"""Longer than any retry schedule of ours: the attempts at an event lie between its sending and this."""


@dataclass
class Group:
    """Letters with one cause; of each letter nothing is kept but what is counted here."""

    cause: Cause
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    sample: str = ""
    forms: set[str] = field(default_factory=set)
    heartbeats: int = 0

    def add(self, letter: Letter) -> None:
        self.count += 1
        self.sample = self.sample or letter.message_id
        self.first = min(self.first or letter.sent_at, letter.sent_at)
        self.last = max(self.last or letter.sent_at, letter.sent_at)
        self.heartbeats += letter.is_heartbeat
        if letter.form_id and len(self.forms) < 20:
            self.forms.add(letter.form_id)

    def as_dict(self) -> dict[str, Any]:
        return {
            "cause": self.cause.id,
            "error_type": self.cause.error_type,
            "error": self.cause.text,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "sample": self.sample,
            "forms": sorted(self.forms),
            "heartbeats": self.heartbeats,
        }


def normalised(text: str) -> str:
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return " ".join(text.split())[:300]


class Explainer:
    """Tells the cause of each letter: from its own attribute, else from the log lines of the message that died."""

    def __init__(self, aws: Aws, subscriber: Subscriber) -> None:
        self._aws, self._subscriber = aws, subscriber

    def explain(self, letters: Sequence[Letter]) -> list[Cause]:
        """In the order of `letters`. One question to the log for all of them, a second one only for what is left."""
        told = {each.message_id: _attribute(each) for each in letters}
        silent = [each for each in letters if told[each.message_id] is None]
        try:
            told.update(self._from_log(silent) if silent else {})
        except logs.TooMuchLog:
            return [told[each.message_id] or UNREAD for each in letters]
        return [told[each.message_id] or _nothing_known(each) for each in letters]

    def _from_log(self, letters: Sequence[Letter]) -> dict[str, Cause | None]:
        since = oldest(letters)
        last: dict[str, Line] = {}
        wanted = {word for each in letters for word in (each.died_as, each.event_id) if word}
        for line in logs.outcomes(self._aws, self._subscriber.log_group, since, pattern=logs.FAILURES):
            if line.error_type is None:
                continue
            for word in (line.message_id, line.event_id):
                if word in wanted and word is not None and (word not in last or last[word].at <= line.at):
                    last[word] = line
        found: dict[str, Cause | None] = {}
        for each in letters:
            line_of = last.get(each.died_as) or (None if each.moved_by_sqs else last.get(each.event_id or ""))
            found[each.message_id] = Cause.of(line_of.error_type, line_of.error) if line_of else None
        self._add_crashes([each for each in letters if found[each.message_id] is None and each.moved_by_sqs], found)
        return found

    def _add_crashes(self, letters: Sequence[Letter], found: dict[str, Cause | None]) -> None:
        if not letters:
            return
        ids = {each.died_as: each.message_id for each in letters}
        until = max(each.sent_at for each in letters) + _ALL_ATTEMPTS
        crashed = logs.crashes(self._aws, self._subscriber.log_group, ids, oldest(letters), until)
        for died_as, lines in crashed.items():
            found[ids[died_as]] = Cause.of(lines[-1].error_type, lines[-1].error)


def oldest(letters: Iterable[Letter]) -> datetime:
    """A little before the first of them was sent: clocks differ."""
    return min(each.sent_at for each in letters) - timedelta(seconds=5)


def _attribute(letter: Letter) -> Cause | None:
    cause = letter.cause
    return Cause.of(str(cause.get("error_type")), str(cause.get("error"))) if cause else None


def _nothing_known(letter: Letter) -> Cause:
    return UNEXPLAINED if letter.moved_by_sqs else UNDELIVERED
