"""An event ready to be published: built, checked against the contract, and known to fit."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fanout.contracts.app import TYPE
from fanout.contracts.validator import problem_finder
from fanout.publisher.attributes import attributes_size, checked_attributes
from fanout.publisher.errors import EventTooLarge, InvalidEvent

MAX_BYTES: Final = 262_144
"""Body and attributes of one message, and all messages of one batch (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""

MAX_DEPTH: Final = 100
"""Levels of nesting, far below what any Python a task runs on can read."""


@dataclass(frozen=True, slots=True)
class Event:
    """A checked event. `body` is its JSON, `size` the bytes SNS counts: body and each attribute's name, type, value.

    Keep the event (or its body: see `checked_event`) until it is published: publishing it again repeats the same id.
    """

    id: str
    form_id: str
    size: int
    body: str = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False, hash=False)


def form_submitted(
    *,
    form_id: str,
    submission_id: str,
    answers: Mapping[str, Any],
    submitter_email: str | None = None,
    submitter_name: str | None = None,
    event_id: str | None = None,
    time: datetime | None = None,
    source: str | None = None,
    traceparent: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Event:
    """The event that says: this form was submitted.

    answers: question id to answer, any JSON.
    event_id: give your own, such as "contact:42", and a retry after a crash repeats it; otherwise a random UUID.
    time: when the form was submitted, with a time zone; otherwise now.
    source: a URI reference; otherwise /forms/<form_id>.
    attributes: for filter policies, beside `type` and `form_id`, which are always there.
    Raises InvalidEvent, EventTooLarge.
    """
    submitter = {"email": submitter_email, "name": submitter_name}
    data = {
        "form_id": form_id,
        "submission_id": submission_id,
        "submitter": {key: value for key, value in submitter.items() if value is not None},
        "answers": dict(answers) if isinstance(answers, Mapping) else answers,
    }
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()) if event_id is None else event_id,
        "source": f"/forms/{form_id}" if source is None else source,
        "type": TYPE,
        "time": _rfc3339(time),
        "datacontenttype": "application/json",
        "data": data,
    }
    if traceparent is not None:
        event["traceparent"] = traceparent
    return checked_event(event, attributes=attributes)


def checked_event(event: Mapping[str, Any], *, attributes: Mapping[str, str] | None = None) -> Event:
    """An event that exists already as a CloudEvent, for instance `json.loads(body)` from an outbox, under its own id.

    Raises InvalidEvent, EventTooLarge.
    """
    cloud_event = dict(event) if isinstance(event, Mapping) else event
    problem = problem_finder()(cloud_event)
    if problem:
        raise InvalidEvent(f"{problem}; nothing was published")
    body = _json(cloud_event)
    form_id = cloud_event["data"]["form_id"]
    all_attributes = checked_attributes({"type": TYPE, "form_id": form_id}, attributes or {})
    size = len(body.encode()) + attributes_size(all_attributes)
    if size > MAX_BYTES:
        raise EventTooLarge(
            f"event {cloud_event['id']} has {size} bytes with its attributes, SNS takes {MAX_BYTES}: "
            "store large answers elsewhere and put a reference into the event"
        )
    return Event(id=cloud_event["id"], form_id=form_id, size=size, body=body, attributes=all_attributes)


def _rfc3339(time: datetime | None) -> str:
    if time is None:
        return datetime.now(UTC).isoformat()
    if not isinstance(time, datetime) or time.utcoffset() is None:
        raise InvalidEvent("time must be a datetime with a time zone, for instance datetime.now(UTC)")
    return time.astimezone(UTC).isoformat()


def _json(event: dict[str, Any]) -> str:
    """As few bytes as JSON allows, and no character that SQS would refuse.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    try:
        _check_keys(event)
        body = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        body.encode()
    except RecursionError:
        problem = f"is nested more than {MAX_DEPTH} levels deep, or holds itself"
    except TypeError:
        problem = "holds what JSON has no type for: use str, int, float, bool, None, list, and dict with str as key"
    except UnicodeEncodeError:
        problem = "holds half a surrogate pair, which is no character"
    except ValueError:
        problem = "holds a number that JSON cannot express (NaN, infinity, or thousands of digits)"
    else:
        return body.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    raise InvalidEvent(f"event.data.answers, or an extra field, {problem}; nothing was published")


def _check_keys(value: Any, depth: int = 0) -> None:
    """json.dumps turns the keys 1 and None into strings, and may so make one key out of two."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for each in value:
        _check_keys(each, depth + 1)
