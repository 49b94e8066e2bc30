"""From the body of a message to a typed event, or to one line that says why not.

No reason holds a piece of the body: a body is personal data, a reason ends in logs and in the dead letter's cause. For
the same purpose an error is raised outside the `except` that found it: a JSONDecodeError keeps the whole body.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isinf
from typing import Any, Final

from fanout import names
from fanout.runtime.errors import ContractViolation, UnknownVersion
from fanout.runtime.form_heartbeat_v1 import validate as validate_heartbeat
from fanout.runtime.form_submitted_v1 import validate

TYPE: Final = "form.submitted.v1"
HEARTBEAT_TYPE: Final = names.HEARTBEAT_TYPE
# A reason repeats only what looks like a versioned type; anything else could be personal data in the wrong place.
_VERSIONED_TYPE: Final = r"[a-z0-9_-]{1,40}(\.[a-z0-9_-]{1,40}){0,4}\.v[0-9]{1,9}"


@dataclass(frozen=True, slots=True)
class FormSubmitted:
    """One form submitted. `repr` shows ids and time only: everything else is personal data.

    `id` is the same through retries, redrives and replays; `time` is in UTC; `body` is what the publisher sent, byte
    for byte, for tasks that pass it on; `raw` is the same as parsed JSON, unknown fields included.
    """

    id: str
    source: str
    type: str
    time: datetime
    form_id: str
    submission_id: str
    submitter_email: str | None = field(repr=False, hash=False)
    submitter_name: str | None = field(repr=False, hash=False)
    answers: Mapping[str, Any] = field(repr=False, hash=False)
    raw: Mapping[str, Any] = field(repr=False, hash=False)
    body: str = field(repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nobody submitted anything: it is acknowledged, measured from `time` (in UTC), and shown to no task."""

    id: str
    time: datetime


Event = FormSubmitted | Heartbeat


def parse(body: str) -> Event:
    """The event in the body of a message.

    Raises UnknownVersion for a CloudEvent of another type or major version, and ContractViolation for anything else
    that is not an event by contracts/form_submitted.v1.schema.json or by its heartbeat's.
    """
    event = _json_object(body)
    _check_type(event)
    return _heartbeat(event) if event["type"] == HEARTBEAT_TYPE else _form_submitted(event, body)


def _heartbeat(event: dict[str, Any]) -> Heartbeat:
    validate_heartbeat(event, name_prefix="event")
    return Heartbeat(event["id"], _utc(event["time"]))


def _form_submitted(event: dict[str, Any], body: str) -> FormSubmitted:
    validate(event, name_prefix="event")
    data = event["data"]
    submitter = data.get("submitter", {})
    return FormSubmitted(
        id=event["id"],
        source=event["source"],
        type=event["type"],
        time=_utc(event["time"]),
        form_id=data["form_id"],
        submission_id=data["submission_id"],
        submitter_email=submitter.get("email"),
        submitter_name=submitter.get("name"),
        answers=data["answers"],
        raw=event,
        body=body,
    )


def _json_object(body: str) -> dict[str, Any]:
    event = _loaded(body)
    if not isinstance(event, dict):
        raise ContractViolation("the body is JSON but not an object: expected a CloudEvents 1.0 event")
    if "\\u" in body and ("\\ud" in body or "\\uD" in body):  # the only way for half a surrogate pair to get in
        _check_unicode(event)
    return event


def _loaded(body: str) -> Any:
    try:
        return _decoder.decode(body)
    except RecursionError:
        reason = "the body is nested too deeply"
    except json.JSONDecodeError as error:
        reason = f"the body is not JSON (line {error.lineno}, column {error.colno})"
    except ValueError:  # Python reads integers of up to 4300 digits
        reason = "the body holds a number that is too large"
    raise ContractViolation(reason)


def _check_unicode(event: dict[str, Any]) -> None:
    try:
        json.dumps(event, ensure_ascii=False).encode()
        return
    except RecursionError:
        reason = "the body is nested too deeply"
    except UnicodeEncodeError:
        reason = "the body holds half a surrogate pair, which is no character: it cannot be stored or sent as UTF-8"
    raise ContractViolation(reason)


def _check_type(event: dict[str, Any]) -> None:
    type_ = event.get("type")
    if type_ in (TYPE, HEARTBEAT_TYPE) and "specversion" in event:
        return
    if event.get("Type") == "Notification" and "TopicArn" in event:
        raise ContractViolation("an SNS envelope, not a CloudEvent: turn on the subscription's raw message delivery")
    if "specversion" not in event or not isinstance(type_, str):
        raise ContractViolation("not a CloudEvent: expected the fields specversion and type")
    if not re.fullmatch(_VERSIONED_TYPE, type_):
        raise ContractViolation(f"event.type must be {TYPE}")
    raise UnknownVersion(f"type {type_}: this task understands {TYPE}")


def _utc(text: str) -> datetime:
    try:
        # A leap second (23:59:60) is right by RFC 3339 and unknown to datetime.
        return datetime.fromisoformat(text.upper().replace(":60", ":59")).astimezone(UTC)
    except ValueError:
        reason = "event.time must be a time that exists, in RFC 3339"
    raise ContractViolation(reason)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may choose differently between two fields of one name, so such an event has no meaning (RFC 8259)."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ContractViolation("the body has an object that names a field twice")
    return result


def _constant(name: str) -> Any:
    raise ContractViolation(f"the body holds {name}, which is not JSON")


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ContractViolation("the body holds a number that is too large")
    return value


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
