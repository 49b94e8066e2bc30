"""Why messages died, as groups that an operator can act on: error type, and the message without what differs each time."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import DENIED, NO_ANSWER, code_of, is_throttled
from fanout.contracts.ids import groups_name
from fanout.ops.aws import logs, records, starts
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import WORKER, DeployedSubscriber
from fanout.ops.dead_letters.message import DeadLetterMessage

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
    def from_error(cls, error_type: str | None, error: str | None) -> "Cause":
        return cls(error_type or "Unknown", normalised(error or ""))

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.error_type}: {self.text}".encode("utf-8", "surrogatepass")).hexdigest()[:6]

    def __str__(self) -> str:
        return f"{self.error_type}: {self.text}" if self.text else self.error_type

    def matches(self, wanted: str) -> bool:
        """By id, by error type, or by a piece of the text."""
        return wanted in (self.id, self.error_type) or (len(wanted) > 2 and wanted.lower() in str(self).lower())


UNDELIVERED = Cause("NotDelivered", "SNS could not deliver it to the task's queue, or no log line is left of it")
GIVEN_UP = {
    "RetriesExhausted": Cause("RetriesExhausted", "Lambda tried it as often as it may, and no log line is left of it"),
    "EventAgeExceeded": Cause("EventAgeExceeded", "Lambda could not begin it for longer than maximum_age"),
    "ZeroReservedConcurrency": Cause(
        "ZeroReservedConcurrency", "the function's reserved concurrency is 0: it is switched off"
    ),
}
"""Of a task that its topic calls, where neither record nor log nor Lambda's last answer says more."""
UNEXPLAINED = Cause("Unexplained", "its attempts were used up, and no log line of it is left")
NOT_STARTED = Cause("FunctionNotStarted", "no attempt reached the task's code: fanout logs says what its start said")
UNREAD = Cause("Unread", "not all of the log was read: look again, or fanout dead show for one of them")
_SILENT = Cause("Unexplained", "what takes its messages has no fanout.runtime, so nothing is written down of a failure")
AT_A_TIME = 25
"""Ids that a question to the log has room for: those of one question were sent about the same time."""
_ALL_ATTEMPTS = timedelta(days=1)
"""Longer than any retry schedule of ours: the attempts at an event lie between its sending and this."""


@dataclass
class Group:
    """Messages with one cause; of each message nothing is kept but what is counted here."""

    cause: Cause
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    sample: str = ""
    groups: set[str] = field(default_factory=set)
    heartbeats: int = 0
    minutes: Counter[int] = field(default_factory=Counter)
    """How many were sent in which minute, since 1970: they are kept for fourteen days."""
    attempts: Counter[int] = field(default_factory=Counter)
    """How many had been tried how often."""

    def add(self, message: DeadLetterMessage, attempts: int = 0) -> None:
        self.count += 1
        self.attempts[attempts] += 1
        self.minutes[int(message.sent_at.timestamp() // 60)] += 1
        self.sample = self.sample or message.message_id
        self.first = min(self.first or message.sent_at, message.sent_at)
        self.last = max(self.last or message.sent_at, message.sent_at)
        self.heartbeats += message.is_heartbeat
        group = message.ids.group
        if group and len(self.groups) < 20:
            self.groups.add(group)

    def as_dict(self) -> dict[str, Any]:
        return {
            "cause": self.cause.id,
            "error_type": self.cause.error_type,
            "error": self.cause.text,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "sample": self.sample,
            groups_name(): sorted(self.groups),
            "heartbeats": self.heartbeats,
        }


def attempts_at(message: DeadLetterMessage, most: int) -> int:
    """How often it was tried before it died, as far as it says so itself: `most` where its attempts were used up."""
    told = (message.cause or {}).get("attempt")
    if isinstance(told, int):
        return max(0, told)
    if message.wrapped and message.wrapped.given_up:
        return message.wrapped.given_up.attempts
    return most if message.moved_by_sqs else 0


def normalised(text: str) -> str:
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return " ".join(text.split())[:300]


class Explainer:
    """Tells the cause of each message: from its own attribute, else from its event's record, else from the log lines of the
    message that died, asked for by id. Each question has a bound; what was not read is told as Unread, and ends nothing."""

    def __init__(self, aws: Aws, subscriber: DeployedSubscriber) -> None:
        self._aws, self._subscriber = aws, subscriber

    def explain(self, messages: Sequence[DeadLetterMessage]) -> list[Cause]:
        """In the order of `messages`."""
        told = {each.message_id: _attribute(each) for each in messages}
        for read in (self._from_records, self._from_log) if self._subscriber.tells_outcomes else ():
            silent = [each for each in messages if told[each.message_id] is None]
            try:
                told.update(read(silent) if silent else {})
            except (ClientError, BotoCoreError) as error:
                if read == self._from_records and isinstance(error, ClientError) and code_of(error) in DENIED:
                    continue  # an operator's policy of an engine before 0.4: the log has it as well
                if not _passes(error):
                    raise
                told.update((each.message_id, UNREAD) for each in silent if read == self._from_log)
        nothing = _nothing_known if self._subscriber.has_runtime else lambda each: _SILENT
        return [told[each.message_id] or nothing(each) for each in messages]

    def _from_records(self, messages: Sequence[DeadLetterMessage]) -> dict[str, Cause | None]:
        """The last failure that was recorded of the message, where the stack has a table and its operator may read it."""
        table = self._subscriber.records_table
        keys = {each.message_id: (self._subscriber.task, each.event_id) for each in messages if each.event_id}
        if table is None or not keys:
            return {}
        found = records.read(self._aws, table, [(task, id_) for task, id_ in keys.values()])
        causes: dict[str, Cause | None] = {}
        for each in messages:
            for record in found.of.get(keys.get(each.message_id, ("", "")), []):
                if record.error_type and record.message_id == each.died_as:
                    causes[each.message_id] = Cause.from_error(record.error_type, record.error)
        return causes

    def _from_log(self, messages: Sequence[DeadLetterMessage]) -> dict[str, Cause | None]:
        found: dict[str, Cause | None] = {}
        in_time = sorted(messages, key=lambda each: each.sent_at)
        questions = [in_time[begin : begin + AT_A_TIME] for begin in range(0, len(in_time), AT_A_TIME)]
        for some, history in zip(questions, in_lanes(self._history, questions, logs.AT_ONCE), strict=True):
            by_event = {str(line.event_id): line for line in history.lines if line.error_type and line.event_id}
            for each in some:
                told = [line for line in history.of.get(each.died_as, []) if line.error_type]
                of_event = None if each.was_attempted else by_event.get(each.event_id or "")
                line = told[-1] if told else of_event
                found[each.message_id] = (
                    Cause.from_error(line.error_type, line.error) if line else None if history.completeness else UNREAD
                )
        self._add_start_failures([each for each in messages if not found[each.message_id] and each.moved_by_sqs], found)
        return found

    def _history(self, messages: Sequence[DeadLetterMessage]) -> logs.History:
        """An event's own attempts lie between its sending and `_ALL_ATTEMPTS` later; a FIFO queue stamps what dies anew."""
        since, until = oldest(messages), max(each.sent_at for each in messages) + _ALL_ATTEMPTS
        if self._subscriber.is_fifo:
            since -= _ALL_ATTEMPTS
        words = [each.died_as if each.was_attempted else each.event_id or each.died_as for each in messages]
        return logs.history(
            self._aws, self._subscriber.log_group, words, since, until, life=self._subscriber.longest_life
        )

    def _add_start_failures(self, messages: Sequence[DeadLetterMessage], found: dict[str, Cause | None]) -> None:
        """Its attempts were used up, and the function ran none of them: it could not start."""
        if not messages or self._subscriber.kind == WORKER:
            return
        since, until = oldest(messages), max(each.sent_at for each in messages) + _ALL_ATTEMPTS
        failures, completeness = starts.start_failures(self._aws, self._subscriber.log_group, since, until)
        if failures:
            _, type_, text = failures[-1]
            cause = Cause.from_error("FunctionNotStarted", f"{type_}: {text}")
        elif not completeness:
            cause = UNREAD
        elif self._is_kept(since):
            began = starts.has_attempts(self._aws, self._subscriber.log_group, since, until)
            if began:
                return
            cause = UNREAD if began is None else NOT_STARTED
        else:
            return
        found.update((each.message_id, cause) for each in messages)

    @staticmethod
    def _is_kept(since: datetime) -> bool:
        """Whether the log is sure to go back so far: no retention is shorter than a day."""
        return datetime.now(UTC) - since < timedelta(days=1)


def _passes(error: Exception) -> bool:
    """Trouble that is over by itself; anything else is for a person."""
    return is_throttled(code_of(error)) if isinstance(error, ClientError) else isinstance(error, NO_ANSWER)


def oldest(messages: Iterable[DeadLetterMessage]) -> datetime:
    """A little before the first of them was sent: clocks differ."""
    return min(each.sent_at for each in messages) - timedelta(seconds=5)


def _attribute(message: DeadLetterMessage) -> Cause | None:
    cause = message.cause
    return Cause.from_error(str(cause.get("error_type")), str(cause.get("error"))) if cause else None


def _nothing_known(message: DeadLetterMessage) -> Cause:
    if message.wrapped and (told := message.wrapped.given_up):
        if told.error_type:
            return Cause.from_error(told.error_type, told.error)
        return GIVEN_UP.get(told.condition, UNEXPLAINED)
    return UNEXPLAINED if message.moved_by_sqs else UNDELIVERED
