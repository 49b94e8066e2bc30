"""One dead letter: the message as SQS keeps it. Whatever anybody sent there, reading it never raises."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from fanout import names
from fanout.contracts.ids import Ids, of_event
from fanout.ops.dead_letters import plain
from fanout.ops.dead_letters.wrapped import Wrapped, is_envelope, json_value, unwrap

CAUSE, HEARTBEAT = names.CAUSE_ATTRIBUTE, names.HEARTBEAT_SUFFIX
MOST_ATTRIBUTES = 10
_ERROR_TYPE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_ERROR: Final = 4_000


@dataclass(frozen=True)
class DeadLetterMessage:
    """`expires` is on `fanout.ops.lease`'s clock: until then, SQS shows this message to nobody else."""

    message_id: str
    receipt_handle: str = field(repr=False)
    body: str = field(repr=False)
    attributes: Mapping[str, Mapping[str, Any]] = field(repr=False)
    system: Mapping[str, str] = field(repr=False)
    expires: float = 0.0

    @classmethod
    def from_sqs(cls, message: Mapping[str, Any], expires: float = 0.0) -> "DeadLetterMessage":
        """From an answer of ReceiveMessage."""
        return cls(
            message["MessageId"],
            message["ReceiptHandle"],
            message.get("Body", ""),
            {name: _sendable(value) for name, value in message.get("MessageAttributes", {}).items()},
            message.get("Attributes", {}),
            expires,
        )

    @property
    def event(self) -> dict[str, Any] | None:
        """The CloudEvent in it, valid or not; None when the body is no JSON object, or nested deeper than an event is."""
        value = json_value(self.published_body)
        if is_envelope(value):  # an odd one
            value = json_value(value.get("Message"))
        return value if isinstance(value, dict) else None

    @cached_property
    def wrapped(self) -> Wrapped | None:
        """What AWS wrote around it: of a task that its topic calls, and of a subscription without raw delivery."""
        return unwrap(self.body)

    @property
    def published_body(self) -> str:
        """Without what AWS wrote around it."""
        return wrapped.body if (wrapped := self.wrapped) else self.body

    @property
    def published_attributes(self) -> Mapping[str, Mapping[str, Any]]:
        """Likewise, and without what a function told of a death."""
        wrapped = self.wrapped
        attributes = wrapped.attributes if wrapped else self.attributes
        return {name: value for name, value in attributes.items() if name != CAUSE}

    @cached_property
    def event_id(self) -> str | None:
        """None also for an id that breaks the contract: it may be anything, an answer too."""
        event = self.event
        return str(event["id"]) if event is not None and plain.keeps_contract(event, "id") else None

    @property
    def is_heartbeat(self) -> bool:
        """Nothing happened: redriven, it is acknowledged and does nothing; dropped, nobody misses it."""
        type_ = (self.event or {}).get("type")
        return isinstance(type_, str) and type_.endswith(HEARTBEAT)

    @property
    def ids(self) -> Ids:
        """The group and the reference of its event, where they keep the contract."""
        return plain.ids(self.event)

    @property
    def sent_at(self) -> datetime:
        """When it was first sent to a queue: a standard queue keeps that time when SQS moves a message to a dead-letter
        queue, a FIFO queue begins anew. When it was published, where AWS wrote that around it."""
        if (wrapped := self.wrapped) and wrapped.published_at:
            return wrapped.published_at
        try:
            return datetime.fromtimestamp(int(self.system.get("SentTimestamp", "0")) / 1000, UTC)
        except (ValueError, TypeError, OverflowError, OSError):
            return datetime.fromtimestamp(0, UTC)

    @property
    def moved_by_sqs(self) -> bool:
        """Its attempts were used up: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"""
        return "DeadLetterQueueSourceArn" in self.system

    @property
    def cause(self) -> dict[str, Any] | None:
        """What the function wrote beside it: `error_type`, `error`, `message_id`, `attempt` where they are what they should be.

        None when there is none, or when somebody else wrote what stands there.
        """
        value = json_value(self.attributes.get(CAUSE, {}).get("StringValue"))
        if not isinstance(value, dict) or not _is(value.get("error_type"), _ERROR_TYPE):
            return None
        error, message_id, attempt = (value.get(name) for name in ("error", "message_id", "attempt"))
        return {
            "error_type": value["error_type"],
            "error": error[:_MOST_ERROR] if isinstance(error, str) else "",
            **({"message_id": message_id} if _is(message_id, _MESSAGE_ID) else {}),
            **({"attempt": attempt} if isinstance(attempt, int) else {}),
        }

    @property
    def died_as(self) -> str:
        """The id of the message that died: SQS keeps it, a function's own dead letter names it in its cause, and what AWS
        wrote around it has it."""
        wrapped = self.wrapped
        return str((self.cause or {}).get("message_id") or (wrapped and wrapped.message_id) or self.message_id)

    @property
    def was_attempted(self) -> bool:
        """Whether the log has lines of the message that died, under its id: SQS or Lambda gave it up."""
        wrapped = self.wrapped
        return self.moved_by_sqs or (wrapped is not None and wrapped.given_up is not None)

    @property
    def group(self) -> str | None:
        """In the queue, where it has one."""
        return self.system.get("MessageGroupId")

    @property
    def hash(self) -> str:
        return sha256(self.body)

    def matches(self, id_: str) -> bool:
        """By the id of the message, of the message that died, of the event (broken or not), or by the event's reference."""
        event = self.event
        return id_ in (self.message_id, self.died_as, (event or {}).get("id"), of_event(event).reference)

    def redacted(self) -> dict[str, Any] | str:
        """The event without its answers or anything this program does not know."""
        event = self.event
        if event is None:
            return f"not an event: {len(self.published_body.encode('utf-8', 'surrogatepass'))} bytes, not shown"
        return plain.redacted(event)


def sha256(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def _is(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _sendable(value: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute as SendMessage takes it, from what ReceiveMessage gives."""
    return {name: value[name] for name in ("DataType", "StringValue", "BinaryValue") if value.get(name) is not None}
