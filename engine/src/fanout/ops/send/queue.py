"""Into a task's own queue, or as its topic's call of it: the body and attributes as they came, and nothing that was not there before.

What is left out: `fanout.cause`, which told of a death that is past; a new one would come with a new cause. So a message
never has more attributes than it had when it was published, and SQS's limit of ten is never in the way.

What is kept: the trace header and the message group. In a FIFO queue the deduplication id is a new one, a hash of `key` and
body: with its old id SQS would accept the message and drop it, if the first send was less than five minutes ago
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html).
The same message sent twice within five minutes is one message again; one that is edited is another.

A request is the unit that SQS takes or refuses: whoever writes down what was sent does it request by request.
"""

import base64
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import code_of, one_line
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.session import AT_ONCE, Aws
from fanout.ops.aws.subscriber import INVOKED, DeployedSubscriber
from fanout.ops.dead_letters.message import DeadLetterMessage, sha256
from fanout.publisher.size import message_size

MOST_BYTES: Final = 262_144
"""Of one request with several messages. SQS takes 1 MiB today, and this much everywhere: a message that is larger goes alone.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
MOST_ENTRIES: Final = 10
REDRIVEN: Final = "arn:aws:sns:redriven"
"""In the place of the topic's ARN, which a dead letter does not always have: it is none."""


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
        """As it was published."""
        trace = message.system.get("AWSTraceHeader")
        return cls(message.message_id, message.published_body, message.published_attributes, message.group, trace)

    @classmethod
    def back_to(cls, subscriber: DeployedSubscriber, message: DeadLetterMessage) -> "OutgoingMessage":
        """As whoever takes the subscriber's messages reads it: of others with all that is around it, where that is how it came."""
        published = cls.from_dead_letter(message)
        if subscriber.has_runtime or (subscriber.is_raw and not message.moved_by_sqs):
            return published
        return replace(published, body=message.body, attributes=message.attributes)

    @property
    def hash(self) -> str:
        return sha256(self.body)

    @cached_property
    def bytes(self) -> int:
        """As SQS counts them."""
        return message_size(self.body, self.attributes)

    def entry(self, *, fifo: bool) -> dict[str, Any]:
        """As SendMessage takes it."""
        made: dict[str, Any] = {"MessageBody": self.body, "MessageAttributes": dict(self.attributes)}
        if self.trace:
            made["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": self.trace}}
        if self.group or fifo:
            made["MessageGroupId"] = self.group or "fanout"
        if fifo:
            made["MessageDeduplicationId"] = sha256(f"{self.key}\n{self.body}")
        return made

    def notification(self, message_id: str) -> dict[str, Any]:
        """As SNS calls a function. https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
        envelope = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": REDRIVEN,
            "Message": self.body,
            "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "MessageAttributes": {name: _as_sns_has_it(each) for name, each in self.attributes.items()},
        }
        return {
            "Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "", "Sns": envelope}]
        }


@dataclass(frozen=True)
class Sent:
    """What became of one: `id` of the new message; or why there is none; or `perhaps`: SQS may have taken it."""

    outgoing: OutgoingMessage
    id: str | None
    refusal: str = ""
    perhaps: bool = False


class NotAnswered(Exception):
    """A request was refused as a whole, or had no answer. `perhaps`: SQS may have taken it all the same."""

    def __init__(self, why: ClientError | BotoCoreError) -> None:
        super().__init__(str(why))
        self.why = why
        self.perhaps = not isinstance(why, ClientError) or _may_be_carried_out(why)


def requests(queue_url: str, outgoing: Iterable[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    """In their order, as many together as SQS takes; in a FIFO queue one by one, so that order is kept, and to a function."""
    if queue_url.endswith(".fifo") or queue_url.startswith(INVOKED):
        yield from ([each] for each in outgoing)
        return
    request: list[OutgoingMessage] = []
    size = 0
    for each in outgoing:
        if request and (len(request) == MOST_ENTRIES or size + each.bytes > MOST_BYTES):
            yield request
            request, size = [], 0
        request.append(each)
        size += each.bytes
    if request:
        yield request


def send(aws: Aws, queue_url: str, request: Sequence[OutgoingMessage]) -> list[Sent]:
    """One request of `requests`; an answer for each message, in their order. Raises NotAnswered for all of it."""
    try:
        if queue_url.startswith(INVOKED):
            return [_invoked(aws, queue_url.removeprefix(INVOKED), each) for each in request]
        if queue_url.endswith(".fifo"):
            return [_one(aws, queue_url, each) for each in request]
        entries = [{"Id": str(number), **each.entry(fifo=False)} for number, each in enumerate(request)]
        answer = aws.sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type]
    except (ClientError, BotoCoreError) as error:
        raise NotAnswered(error) from error
    accepted = {each["Id"]: each["MessageId"] for each in answer.get("Successful", [])}
    refused = {each["Id"]: f"{each['Code']}: {each.get('Message', '')}" for each in answer.get("Failed", [])}
    return [
        Sent(
            each, accepted.get(id_), refused.get(id_, "SQS's answer does not name it"), id_ not in {*accepted, *refused}
        )
        for id_, each in ((str(number), each) for number, each in enumerate(request))
    ]


@dataclass(frozen=True)
class Answer:
    """To one request among others, whose answers matter as well. `error`: it was refused as a whole, or had no answer."""

    sent: list[Sent]
    error: ClientError | BotoCoreError | None = None


def send_beside(
    aws: Aws, queue_url: str, some: Iterable[Sequence[OutgoingMessage]], lanes: int = AT_ONCE
) -> list[Answer]:
    """To requests of `requests`, in their order; each is sent, whatever becomes of another."""
    return in_lanes(partial(_answer, aws, queue_url), some, lanes)


def raise_first(answers: Iterable[Answer]) -> None:
    for each in answers:
        if each.error is not None:
            raise each.error from None


def _answer(aws: Aws, queue_url: str, request: Sequence[OutgoingMessage]) -> Answer:
    try:
        return Answer(send(aws, queue_url, request))
    except NotAnswered as error:
        why = one_line(error.why)
        return Answer([Sent(each, None, why, error.perhaps) for each in request], error.why)


def _one(aws: Aws, queue_url: str, outgoing: OutgoingMessage) -> Sent:
    try:
        return Sent(outgoing, aws.sqs.send_message(QueueUrl=queue_url, **outgoing.entry(fifo=True))["MessageId"])
    except ClientError as error:
        if code_of(error) not in _OF_ONE:
            raise
        return Sent(outgoing, None, code_of(error))


def _invoked(aws: Aws, function: str, outgoing: OutgoingMessage) -> Sent:
    """As its topic would call it, under an id of its own. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    id_ = str(uuid.uuid4())
    payload = json.dumps(outgoing.notification(id_)).encode()
    try:
        aws.functions.invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    except ClientError as error:
        if code_of(error) not in _OF_ONE:
            raise
        return Sent(outgoing, None, code_of(error))
    return Sent(outgoing, id_)


_OF_ONE: Final = {
    "InvalidMessageContents",
    "InvalidParameterValue",
    "InvalidAttributeValue",
    "InvalidAttributeName",
    "RequestTooLargeException",
    "InvalidRequestContentException",
}
"""What is wrong with the message alone; anything else would be answered to the next one as well."""


def _as_sns_has_it(attribute: Mapping[str, Any]) -> dict[str, str]:
    binary = attribute.get("BinaryValue")
    value = base64.b64encode(binary).decode() if isinstance(binary, bytes) else str(attribute.get("StringValue", ""))
    return {"Type": str(attribute["DataType"]), "Value": value}


def _may_be_carried_out(error: ClientError) -> bool:
    """A server's error tells nothing of what it did, and after a retry the answer is the last try's alone."""
    told = error.response.get("ResponseMetadata", {})
    return int(told.get("RetryAttempts", 0)) > 0 or int(told.get("HTTPStatusCode", 400)) >= 500
