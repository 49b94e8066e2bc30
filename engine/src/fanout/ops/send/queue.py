"""Into a task's own queue: the body and attributes as they came, and nothing that was not there before.

What is left out: `fanout.cause`, which told of a death that is past; a new one would come with a new cause. So a message
never has more attributes than it had when it was published, and SQS's limit of ten is never in the way.

What is kept: the trace header and the message group. In a FIFO queue the deduplication id is a new one, made from the
letter's id: with its old id SQS would accept the message and drop it, if the first send was less than five minutes ago
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html).
The same message sent twice within five minutes is one message again.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fanout.ops.aws.session import Aws
from fanout.ops.dead_letters.message import CAUSE, DeadLetterMessage, sha256

MOST_BYTES = 262_144
"""Of one request with several messages: the smallest limit that SQS ever had."""


@dataclass(frozen=True)
class OutgoingMessage:
    """One message to send. `key` names it: the id of the message that it came from."""

    key: str
    body: str = field(repr=False)
    attributes: Mapping[str, Mapping[str, Any]] = field(repr=False)
    group: str | None = None
    trace: str | None = None

    @classmethod
    def from_dead_letter(cls, message: DeadLetterMessage) -> "OutgoingMessage":
        body, attributes = message.body, message.attributes
        envelope = _envelope(body)
        if envelope is not None:
            body, attributes = envelope
        kept = {name: value for name, value in attributes.items() if name != CAUSE}
        return cls(message.message_id, body, kept, message.group, message.system.get("AWSTraceHeader"))

    @property
    def hash(self) -> str:
        return sha256(self.body)

    @property
    def bytes(self) -> int:
        sizes = [len(str(each)) for value in self.attributes.values() for each in value.values()]
        return len(self.body.encode("utf-8", "surrogatepass")) + sum(map(len, self.attributes)) + sum(sizes)

    def entry(self, *, fifo: bool) -> dict[str, Any]:
        """As SendMessage takes it."""
        made: dict[str, Any] = {"MessageBody": self.body, "MessageAttributes": dict(self.attributes)}
        if self.trace:
            made["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": self.trace}}
        if self.group or fifo:
            made["MessageGroupId"] = self.group or "fanout"
        if fifo:
            made["MessageDeduplicationId"] = f"redrive-{self.key}"[:128]
        return made


@dataclass(frozen=True)
class Sent:
    """What SQS answered: `id` of the new message, or why there is none."""

    outgoing: OutgoingMessage
    id: str | None
    refusal: str = ""


def send(aws: Aws, queue_url: str, outgoing: Sequence[OutgoingMessage]) -> list[Sent]:
    """One answer for each outgoing, in their order. Raises what AWS says when a whole request is refused.

    In a FIFO queue one after the other, and after a refusal nothing more of its group, so that order is kept.
    """
    if queue_url.endswith(".fifo"):
        return list(_in_order(aws, queue_url, outgoing))
    return [sent for chunk in _chunks(outgoing) for sent in _together(aws, queue_url, chunk)]


def _together(aws: Aws, queue_url: str, outgoing: Sequence[OutgoingMessage]) -> list[Sent]:
    entries = [{"Id": str(number), **each.entry(fifo=False)} for number, each in enumerate(outgoing)]
    answer = aws.sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type]
    accepted = {each["Id"]: each["MessageId"] for each in answer.get("Successful", [])}
    refused = {each["Id"]: f"{each['Code']}: {each.get('Message', '')}" for each in answer.get("Failed", [])}
    return [
        Sent(each, accepted.get(str(number)), refused.get(str(number), "SQS's answer does not name it"))
        for number, each in enumerate(outgoing)
    ]


def _in_order(aws: Aws, queue_url: str, outgoing: Sequence[OutgoingMessage]) -> Iterator[Sent]:
    from botocore.exceptions import ClientError

    blocked: set[str | None] = set()
    for each in outgoing:
        if each.group in blocked:
            yield Sent(each, None, "an earlier message of its group was refused")
            continue
        try:
            yield Sent(each, aws.sqs.send_message(QueueUrl=queue_url, **each.entry(fifo=True))["MessageId"])
        except ClientError as error:
            blocked.add(each.group)
            yield Sent(each, None, error.response["Error"]["Code"])


def _chunks(outgoing: Sequence[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    chunk: list[OutgoingMessage] = []
    size = 0
    for each in outgoing:
        if chunk and (len(chunk) == 10 or size + each.bytes > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += each.bytes
    if chunk:
        yield chunk


def _envelope(body: str) -> tuple[str, dict[str, dict[str, Any]]] | None:
    """What is in SNS's envelope: a subscription without raw delivery wraps also what it cannot deliver.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    """
    if '"Notification"' not in body[:200]:
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return None
    if not isinstance(value, dict) or value.get("Type") != "Notification" or "TopicArn" not in value:
        return None
    attributes = {}
    for name, each in dict(value.get("MessageAttributes", {})).items():
        binary = str(each["Type"]).startswith("Binary")
        content = {"BinaryValue": base64.b64decode(each["Value"])} if binary else {"StringValue": each["Value"]}
        attributes[name] = {"DataType": each["Type"], **content}
    return str(value.get("Message", "")), attributes
