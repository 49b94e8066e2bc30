"""One dead letter: the message as SQS keeps it, and what can be told of it without showing anybody's answers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fanout import names
from fanout.contracts.ids import Ids, of_event, plain_paths

CAUSE, HEARTBEAT = names.CAUSE_ATTRIBUTE, names.HEARTBEAT_SUFFIX
MOST_ATTRIBUTES = 10
_PLAIN = ("specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "subject", "traceparent")


@dataclass(frozen=True, slots=True)
class DeadLetterMessage:
    """`expires` is on time.monotonic's clock: until then, SQS shows this message to nobody else."""

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
        """The CloudEvent in it, valid or not; None when the body is no JSON object."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        if isinstance(value, dict) and value.get("Type") == "Notification" and "TopicArn" in value:
            return DeadLetterMessage(
                "", "", str(value.get("Message", "")), {}, {}
            ).event  # a subscription without raw delivery
        return value if isinstance(value, dict) else None

    @property
    def event_id(self) -> str | None:
        value = (self.event or {}).get("id")
        return value if isinstance(value, str) else None

    @property
    def is_heartbeat(self) -> bool:
        """Nothing happened: redriven, it is acknowledged and does nothing; dropped, nobody misses it."""
        return str((self.event or {}).get("type")).endswith(HEARTBEAT)

    @property
    def ids(self) -> Ids:
        """The group and the reference of its event."""
        return of_event(self.event)

    @property
    def sent_at(self) -> datetime:
        """When it was first sent to a queue: SQS keeps that time when it moves a message to a dead-letter queue."""
        return datetime.fromtimestamp(int(self.system.get("SentTimestamp", "0")) / 1000, UTC)

    @property
    def moved_by_sqs(self) -> bool:
        """Its attempts were used up: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"""
        return "DeadLetterQueueSourceArn" in self.system

    @property
    def cause(self) -> dict[str, Any] | None:
        """What the function wrote beside it."""
        value = self.attributes.get(CAUSE, {}).get("StringValue")
        try:
            cause = json.loads(value) if value else None
        except ValueError:
            return None
        return cause if isinstance(cause, dict) else None

    @property
    def died_as(self) -> str:
        """The id of the message that died: SQS keeps it, a function's own dead letter names it in its cause."""
        return str((self.cause or {}).get("message_id") or self.message_id)

    @property
    def group(self) -> str | None:
        return self.system.get("MessageGroupId")

    @property
    def hash(self) -> str:
        return sha256(self.body)

    def matches(self, id_: str) -> bool:
        """By the id of the message, of the message that died, of the event, or by the event's reference."""
        return id_ in (self.message_id, self.died_as, self.event_id, self.ids.reference)

    def redacted(self) -> dict[str, Any] | str:
        """The event without its answers or anything this program does not know."""
        event = self.event
        if event is None:
            return f"not an event: {len(self.body.encode())} bytes, not shown"
        data = event.get("data")
        shown = {name: value if name in _PLAIN else _hidden(value) for name, value in event.items() if name != "data"}
        if isinstance(data, dict):
            return {**shown, "data": _redacted(data, "data", plain_paths(event))}
        return {**shown, "data": _hidden(data)} if "data" in event else shown


def sha256(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def _redacted(value: Any, path: str, plain: Sequence[str]) -> Any:
    """What is at a plain path is shown, and what leads there is opened."""
    if path in plain and not isinstance(value, dict | list):
        return value
    if isinstance(value, dict) and any(each.startswith(f"{path}.") for each in plain):
        return {name: _redacted(each, f"{path}.{name}", plain) for name, each in value.items()}
    return _hidden(value)


def _hidden(value: Any) -> str:
    if isinstance(value, dict):
        return f"({len(value)} fields, not shown)"
    if isinstance(value, list):
        return f"({len(value)} items, not shown)"
    return "(not shown)"


def _sendable(value: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute as SendMessage takes it, from what ReceiveMessage gives."""
    kept = {name: value[name] for name in ("DataType", "StringValue", "BinaryValue") if value.get(name) is not None}
    return kept
