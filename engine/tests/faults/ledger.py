"""What became of each event at each task, told by the outside world and the queues; the logs only say why."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fanout.local.evidence import Evidence

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CAUSE = "fanout.cause"
NOT_RECORDED = re.compile("done, but (perhaps )?not recorded")
GIVEN_UP = ("OutOfTime", "TooLong", "Stopped", "Lost")
MOST = 10
HIDDEN_FOR = 3_600
_REFERENCE = re.compile(r"Your reference is (\S+)\.")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(frozen=True)
class Letter:
    """A message that was found in a queue."""

    event_id: str
    message_id: str
    body: str
    attributes: dict[str, str]


@dataclass
class Story:
    """What the log of a task's function says."""

    lines: list[dict[str, Any]]

    def explains(self, letter: Letter) -> bool:
        """Whether a dead letter can be joined to its causes: by its own attribute, by an outcome with its event or
        message id, or, when the function never answered, by the line that said who was about to be tried.
        """
        return CAUSE in letter.attributes or any(
            letter.event_id == line.get("event_id")
            or letter.message_id == line.get("message_id")
            or letter.message_id in line.get("messages", {})
            for line in self.lines
        )

    def failed(self) -> set[str]:
        """Not of those that met another copy of themselves."""
        failed = [line for line in self.lines if line.get("outcome") in ("failed", "dead")]
        return {line.get("event_id", "") for line in failed if line.get("error_type") != "InProgress"}

    def unrecorded(self) -> set[str]:
        """Ids of the events whose effects may not be in the record: those of invocations that never answered, and those
        that were given up as out of time: a call that was on its way then may still arrive, and nobody says so. And those
        of which the log says that they are done, and not recorded.
        """
        outcomes = [line for line in self.lines if "outcome" in line]
        answered = {line["function_request_id"] for line in outcomes}
        event_of = {line["message_id"]: line["event_id"] for line in outcomes if "event_id" in line}
        received = [line for line in self.lines if "messages" in line and line["function_request_id"] not in answered]
        crashed = {event_of.get(id_, "") for line in received for id_ in line["messages"]}
        given_up = {event_of.get(line["message_id"], "") for line in outcomes if line.get("error_type") in GIVEN_UP}
        done = {line.get("event_id", "") for line in self.lines if NOT_RECORDED.match(str(line.get("message", "")))}
        return (crashed | given_up | done) - {""}


@dataclass
class Ledger:
    """`keep` before anything that forgets: the receiver keeps its requests, and the emulator its e-mails, in memory."""

    evidence: Evidence
    beside: Callable[[str], list[dict[str, Any]]] = lambda task: []
    """Log lines of a task that no function wrote."""
    kept: dict[str, Counter[str]] = field(default_factory=dict)

    def keep(self, task: str) -> None:
        """While nothing is under way; what is kept is counted from now on, and forgotten where it was."""
        self.kept[task] = self.effects(task)
        if task == "notify_partner":
            self.evidence.receiver.forget()

    def effects(self, task: str) -> Counter[str]:
        """How often the outside world saw it, by event id."""
        seen: dict[str, Any] = {
            "send_receipt": self._emails,
            "archive_order": self._objects,
            "notify_partner": self._requests,
        }
        return self.kept.get(task, Counter()) + Counter(seen[task]())

    def dead(self, task: str) -> list[Letter]:
        return self._taken(self.evidence.stack.subscriber(task).dead_letter_queue_url)

    def waiting(self, task: str) -> list[Letter]:
        return self._taken(self.evidence.stack.subscriber(task).queue_url)

    def waits_for(self, task: str) -> int:
        return self.evidence.waiting(task)

    def failed(self, task: str) -> set[str]:
        """Ids of the events that failed at least once, by its log."""
        return self._with(task, "failed")

    def done(self, task: str) -> set[str]:
        """By its log."""
        return self._with(task, "done")

    def story(self, task: str) -> "Story":
        return Story([*self.evidence.logs(task), *self.beside(task)])

    def _with(self, task: str, outcome: str) -> set[str]:
        return {each.event_id or "" for each in self.evidence.attempts(task) if each.outcome == outcome}

    def _emails(self) -> Iterable[str]:
        return (found[1] for email in self.evidence.emails() if (found := _REFERENCE.search(email.text)))

    def _objects(self) -> Iterable[str]:
        pages = self.evidence.session.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.evidence.stack.outputs["ArchiveBucketName"])
        return (_id_in(each["Key"]) for page in found for each in page.get("Contents", []))

    def _requests(self) -> Iterable[str]:
        return (each.headers.get("webhook-id", "") for each in self.evidence.receiver.requests() if each.answer == 200)

    def _taken(self, url: str) -> list[Letter]:
        """All there is, each hidden for an hour: nothing is deleted, so that whoever doubts can look for themselves."""
        letters: list[Letter] = []
        while True:
            messages = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=MOST,
                VisibilityTimeout=HIDDEN_FOR,
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not messages:
                return letters
            for message in messages:
                named = {
                    name: each.get("StringValue", "") for name, each in message.get("MessageAttributes", {}).items()
                }
                body = message.get("Body", "")
                letters.append(Letter(_id_in(body), message.get("MessageId", ""), body, named))

    @cached_property
    def _sqs(self) -> "SQSClient":
        return self.evidence.emulator.connection.session.client("sqs")


def _id_in(text: str) -> str:
    """The event's id, even in what is not JSON."""
    try:
        return str(json.loads(text)["id"])
    except (ValueError, LookupError, TypeError, RecursionError):
        found = _ID.search(text)
        return found[0] if found else ""
