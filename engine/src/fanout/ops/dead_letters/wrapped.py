"""What AWS writes around a message that it gave up, and the message in it. Reading never raises.

SNS wraps what a subscription without raw delivery cannot hand over:
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
Lambda's on-failure destination gets a record of the invocation, with the envelope that the topic called with:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

MOST_DEPTH: Final = 100
"""Levels of nesting that a publisher sends at most: deeper JSON is nothing of ours."""
CONDITIONS: Final = ("RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency")
"""Why Lambda gave up, in its own words."""
_ERROR_TYPE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_ERROR: Final = 4_000


@dataclass(frozen=True)
class GivenUp:
    """What Lambda says of an event that it gave up. `error_type` is of the last answer, "" where there was none."""

    condition: str
    attempts: int = 0
    error_type: str = ""
    error: str = ""


@dataclass(frozen=True)
class Wrapped:
    """A message as it was published: `attributes` as SendMessage takes them. `message_id` is SNS's, `given_up` Lambda's."""

    body: str = field(repr=False)
    attributes: Mapping[str, Mapping[str, Any]] = field(repr=False)
    message_id: str | None = None
    published_at: datetime | None = None
    given_up: GivenUp | None = None


def unwrap(body: str) -> Wrapped | None:
    """None for what is no wrapping of AWS's, or an odd one: then the message is what it is."""
    if '"Notification"' not in body and '"requestPayload"' not in body:
        return None
    value = json_value(body)
    if is_envelope(value):
        return _opened(value, None)
    if not isinstance(value, dict) or "specversion" in value:
        return None
    if not isinstance(context := value.get("requestContext"), dict):
        return None
    payload = value.get("requestPayload")
    records = payload.get("Records") if isinstance(payload, dict) else None
    if not isinstance(records, list) or len(records) != 1 or not isinstance(records[0], dict):
        return None
    envelope = records[0].get("Sns")
    return _opened(envelope, _given_up(context, value)) if isinstance(envelope, dict) else None


def json_value(text: Any) -> Any:
    """What JSON text says; None for whatever is no JSON, no text, or nested deeper than MOST_DEPTH."""
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if text.count("[") + text.count("{") <= MOST_DEPTH or _depth(value) <= MOST_DEPTH else None


def is_envelope(value: Any) -> bool:
    """Whether it is what SNS wraps a message in."""
    return isinstance(value, dict) and value.get("Type") == "Notification" and "TopicArn" in value


def _opened(envelope: dict[str, Any], given_up: GivenUp | None) -> Wrapped | None:
    message, attributes = envelope.get("Message"), envelope.get("MessageAttributes", {})
    if not isinstance(message, str) or not message or not isinstance(attributes, dict):
        return None
    read = {name: _attribute(each) for name, each in attributes.items()}
    found = {name: each for name, each in read.items() if each is not None}
    if len(found) != len(read):
        return None
    id_ = envelope.get("MessageId")
    is_id = isinstance(id_, str) and _MESSAGE_ID.fullmatch(id_) is not None
    return Wrapped(message, found, id_ if is_id else None, moment_of(envelope.get("Timestamp")), given_up)


def _given_up(context: dict[str, Any], record: dict[str, Any]) -> GivenUp:
    """A condition that is none of Lambda's is told as Unknown: this text may come from anybody."""
    condition, count = context.get("condition"), context.get("approximateInvokeCount")
    answer = record.get("responsePayload")
    answer = answer if isinstance(answer, dict) else {}
    type_, text = answer.get("errorType"), answer.get("errorMessage")
    return GivenUp(
        condition if condition in CONDITIONS else "Unknown",
        count if isinstance(count, int) and not isinstance(count, bool) else 0,
        type_ if isinstance(type_, str) and _ERROR_TYPE.fullmatch(type_) else "",
        text[:_MOST_ERROR] if isinstance(text, str) else "",
    )


def _attribute(value: Any) -> dict[str, Any] | None:
    kind, content = (value.get("Type"), value.get("Value")) if isinstance(value, dict) else (None, None)
    if not isinstance(kind, str) or not isinstance(content, str):
        return None
    if not kind.startswith("Binary"):
        return {"DataType": kind, "StringValue": content}
    try:
        return {"DataType": kind, "BinaryValue": base64.b64decode(content, validate=True)}
    except (binascii.Error, ValueError):
        return None


def moment_of(value: Any) -> datetime | None:
    """What RFC 3339 says, UTC where it does not say the zone; None for whatever is no moment."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _depth(value: Any) -> int:
    """Level by level, so that no depth is too much; MOST_DEPTH + 1 for anything deeper."""
    level, depth = [value], 0
    while level and depth <= MOST_DEPTH:
        level = [
            each
            for one in level
            if isinstance(one, dict | list)
            for each in (one.values() if isinstance(one, dict) else one)
        ]
        depth += bool(level)
    return depth
