"""One line of a file of dead letters: all that is needed to send the message again, and where it is from.

A file comes from anywhere: every line is read by `read_line`, which gives the line or says in words what is wrong with it.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from fanout import names
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.message import MOST_ATTRIBUTES, DeadLetterMessage, sha256
from fanout.ops.dead_letters.wrapped import json_value
from fanout.ops.send.queue import OutgoingMessage

_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_TEXT: Final = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
"""What SQS takes as a body or a string: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_DATA_TYPE: Final = re.compile(r"(String|Number|Binary)(\.[A-Za-z0-9_.-]{1,240})?")
_GROUP: Final = re.compile("[!-~]{1,128}")
_TRACE: Final = re.compile("[ -~]{1,1000}")


@dataclass(frozen=True)
class Origin:
    """Where a dead letter lay: the queue is its dead-letter queue's name."""

    account: str
    region: str
    stack: str
    queue: str

    @classmethod
    def of(cls, stack: Stack, subscriber: DeployedSubscriber) -> "Origin":
        return cls(stack.account, stack.region, stack.name, subscriber.dead_letter_queue_name)

    def __str__(self) -> str:
        return f"{self.queue} of {self.stack} in {self.region} of account {self.account}"


@dataclass(frozen=True)
class Line:
    """`origin` is None in files of engines before 0.4."""

    task: str
    message_id: str
    outgoing: OutgoingMessage = field(repr=False)
    origin: Origin | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same line in whatever file: task, message, and what is sent of it."""
        return (self.task, self.message_id, self.outgoing.hash)


def record(stack: Stack, subscriber: DeployedSubscriber, message: DeadLetterMessage) -> dict[str, Any]:
    """As it is in the queue: `fanout.cause` is kept here, and left out when it is sent."""
    return {
        "task": subscriber.task,
        "origin": asdict(Origin.of(stack, subscriber)),
        "message_id": message.message_id,
        "event_id": message.event_id,
        "sent_at": message.sent_at.isoformat(),
        "hash": message.hash,
        "group": message.group,
        "trace": message.system.get("AWSTraceHeader"),
        "attributes": {name: _written(value) for name, value in message.attributes.items()},
        "body": message.body,
    }


def read_line(text: str) -> Line | str:
    """The line, or what is wrong with it: never an exception, never an answer in the words."""
    value = json_value(text)
    if value is None:
        return "it is not JSON"
    if not isinstance(value, dict):
        return "it is no JSON object"
    for name, pattern, needed in (
        ("task", _ID, True),
        ("message_id", _ID, True),
        ("body", _TEXT, True),
        ("group", _GROUP, False),
        ("trace", _TRACE, False),
    ):
        if problem := _problem(name, value.get(name), pattern, needed):
            return problem
    attributes = _attributes(value.get("attributes"))
    if isinstance(attributes, str):
        return attributes
    origin = _origin(value.get("origin"))
    if isinstance(origin, str):
        return origin
    body = value["body"]
    if value.get("hash") is not None and value["hash"] != sha256(body):
        return "its body does not fit its hash: it was changed after it was exported"
    read = DeadLetterMessage(value["message_id"], "", body, attributes, _system(value))
    return Line(value["task"], value["message_id"], OutgoingMessage.from_dead_letter(read), origin)


def dumped(value: Mapping[str, Any]) -> str:
    """A line in ASCII, so that no program cuts it at what Unicode calls a line's end."""
    return json.dumps(value, ensure_ascii=True) + "\n"


def _problem(name: str, value: Any, pattern: re.Pattern[str], needed: bool) -> str | None:
    if value is None:
        return f"{name} is missing: expected a line of fanout dead export" if needed else None
    if not isinstance(value, str):
        return f"{name} is no text"
    return None if pattern.fullmatch(value) else f"{name} is nothing that SQS takes"


def _attributes(value: Any) -> dict[str, dict[str, Any]] | str:
    if not isinstance(value, dict):
        return "attributes is no JSON object"
    restored: dict[str, dict[str, Any]] = {}
    for number, (name, each) in enumerate(value.items(), start=1):
        found = _restored(each) if _NAME.fullmatch(name) else None
        if found is None:
            return f"attribute {number} is nothing that SQS takes"
        restored[name] = found
    if len(restored.keys() - {names.CAUSE_ATTRIBUTE}) > MOST_ATTRIBUTES:
        return f"it has more than {MOST_ATTRIBUTES} attributes"
    return restored


def _restored(value: Any) -> dict[str, Any] | None:
    if (
        not isinstance(value, dict)
        or not isinstance(kind := value.get("DataType"), str)
        or not _DATA_TYPE.fullmatch(kind)
    ):
        return None
    text, binary = value.get("StringValue"), value.get("BinaryValue")
    if not kind.startswith("Binary"):
        return {"DataType": kind, "StringValue": text} if isinstance(text, str) and _TEXT.fullmatch(text) else None
    try:
        content = base64.b64decode(binary, validate=True) if isinstance(binary, str) else b""
    except (binascii.Error, ValueError):
        return None
    return {"DataType": kind, "BinaryValue": content} if content else None


def _origin(value: Any) -> Origin | None | str:
    if value is None:
        return None
    wanted = ("account", "region", "stack", "queue")
    if not isinstance(value, dict) or not all(
        isinstance(value.get(name), str) and _ID.fullmatch(value[name]) for name in wanted
    ):
        return "origin does not name account, region, stack and queue"
    return Origin(*(value[name] for name in wanted))


def _system(value: Mapping[str, Any]) -> dict[str, str]:
    kept = {"MessageGroupId": value.get("group"), "AWSTraceHeader": value.get("trace")}
    return {name: each for name, each in kept.items() if each is not None}


def _written(value: Mapping[str, Any]) -> dict[str, Any]:
    binary = value.get("BinaryValue")
    return {**value, "BinaryValue": base64.b64encode(binary).decode()} if isinstance(binary, bytes) else dict(value)
