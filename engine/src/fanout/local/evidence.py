"""What can be seen from outside of what the tasks did: their logs, dead letters and e-mails."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fanout.local.emulator.connection import Session
from fanout.local.emulator.emulator import Emulator
from fanout.local.webhook.receiver import Receiver
from fanout.ops.aws.line import Line, Raw, outcome
from fanout.ops.aws.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef, MessageTypeDef

LATE = 30_000
"""Milliseconds that a line may be late by: so much of the end of a log is read again."""
HIDDEN = 10
"""Seconds in which all letters are read; if the reader ends before it shows them again, they show by themselves."""


@dataclass(frozen=True)
class Attempt:
    """One line of a function's log: what became of one message, once."""

    event_id: str | None
    outcome: str
    number: int
    at: datetime
    error: str
    line: dict[str, Any]


@dataclass(frozen=True)
class Email:
    """As SES was given it."""

    sender: str
    to: tuple[str, ...]
    subject: str
    text: str


@dataclass
class Evidence:
    """Reads only, with the rights of root; never a way to make something happen."""

    emulator: Emulator
    receiver: Receiver
    stack: Stack
    _read: dict[str, list[Raw]] = field(default_factory=dict, init=False, repr=False)
    """By log group: a log only grows, and whoever waits for a line asks again and again."""

    @property
    def session(self) -> Session:
        """Of the root user of the embedded AWS."""
        return self.emulator.connection.session

    def logs(self, task: str) -> list[dict[str, Any]]:
        """Every structured line that the task's function wrote, oldest first."""
        return [each.value for each in self._lines(task) if each.value is not None]

    def attempts(self, task: str) -> list[Attempt]:
        """Every outcome that the task's function logged, oldest first."""
        found = ((raw, outcome(raw)) for raw in self._lines(task))
        return [_attempt(line, raw.value or {}) for raw, line in found if line is not None]

    def _lines(self, task: str) -> Iterator[Raw]:
        group = self.stack.subscriber(task).log_group
        if not group:  # a worker's, which logs where it was started
            return
        before = self._read.get(group, [])
        since = before[-1].timestamp - LATE if before else 0
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=max(since, 0))
        kept = [each for each in before if each.timestamp < since]
        self._read[group] = [*kept, *(Raw.from_event(event) for page in pages for event in page["events"])]
        yield from self._read[group]

    def dead_letters(self, task: str) -> "list[MessageTypeDef]":
        """Looks at all without taking: each is hidden while the others are read, and then shown again."""
        url = self.stack.subscriber(task).dead_letter_queue_url
        tens: list[list[MessageTypeDef]] = []
        while letters := self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN, MessageAttributeNames=["All"]
        ).get("Messages", []):
            tens.append(letters)
        for letters in tens:
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"], "VisibilityTimeout": 0}
                for number, each in enumerate(letters)
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
        return [each for letters in tens for each in letters]

    def waiting(self, task: str) -> int:
        """Messages in the task's own queue, seen or unseen; none where it has no queue."""
        return self._count(self.stack.subscriber(task).queue_url)

    def dead(self, task: str) -> int:
        return self._count(self.stack.subscriber(task).dead_letter_queue_url)

    def emails(self) -> list[Email]:
        accounts = self.emulator.get("/_ministack/ses/messages")["messages"].values()
        return [_email(each) for account in accounts for each in account]

    def _count(self, url: str) -> int:
        if not url:
            return 0
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"])

    @cached_property
    def _logs(self) -> "CloudWatchLogsClient":
        return self.session.client("logs")

    @cached_property
    def _sqs(self) -> "SQSClient":
        return self.session.client("sqs")


def _attempt(line: Line, value: dict[str, Any]) -> Attempt:
    error = f"{line.error_type}: {line.error or ''}" if line.error_type else ""
    return Attempt(line.event_id, line.kind, line.attempt, line.at, error, value)


def _email(raw: dict[str, Any]) -> Email:
    to = tuple(parseaddr(address)[1] for address in raw["To"])
    return Email(parseaddr(raw["Source"])[1], to, raw["Subject"], raw["BodyText"] or "")
