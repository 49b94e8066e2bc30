"""An event ready to be published: built, checked against the contract, and known to fit."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fanout.contracts.app import app_contracts
from fanout.contracts.claimed import claim_problem, schema_for
from fanout.contracts.contract import Contract, Contracts, value_at
from fanout.contracts.validator import problem_finder
from fanout.publisher.attributes import as_message_attributes, checked_attributes
from fanout.publisher.errors import EventTooLarge, InvalidEvent
from fanout.publisher.size import message_size

MAX_BYTES: Final = 262_144
"""Body and attributes of one message, and all messages of one batch, unless the topic's MaximumMessageSize says more.

https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html
"""

SMALLEST_LIMIT: Final = 1_024
LARGEST_LIMIT: Final = 1_048_576
"""What MaximumMessageSize may be, and what SQS takes."""

MAX_DEPTH: Final = 100
"""Levels of nesting, far below what any Python a task runs on can read."""

_LINE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,200}")


@dataclass(frozen=True, slots=True)
class Event:
    """A checked event. `body` is its JSON, `size` the bytes SNS counts: body and each attribute's name, type, value.

    `group` and `reference` are the fields that the contract names so, "" where it names none. Keep the event (or its
    body: see `checked_event`) until it is published: publishing it again repeats the same id.
    """

    id: str
    type: str
    group: str
    reference: str
    size: int
    body: str = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False, hash=False)


def new_event(
    type_: str,
    data: Mapping[str, Any],
    *,
    source: str,
    event_id: str | None = None,
    time: datetime | None = None,
    traceparent: str | None = None,
    attributes: Mapping[str, str] | None = None,
    contracts: Contracts | None = None,
    max_bytes: int = MAX_BYTES,
) -> Event:
    """A new event of one of `contracts`; without them, of those in `contracts/` of the app, or of the working directory.

    source: where it comes from, a URI reference such as /shops/berlin.
    event_id: give your own, such as "berlin:42", and a retry after a crash repeats it; otherwise a random UUID.
    time: when it happened, with a time zone; otherwise now.
    attributes: for filter policies, beside `type` and those that the contract names.
    max_bytes: of body and attributes together, as the topic takes them.
    Raises InvalidEvent, EventTooLarge; ContractError for schemas that cannot be used.
    """
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()) if event_id is None else event_id,
        "source": source,
        "type": type_,
        "time": _rfc3339(time),
        "datacontenttype": "application/json",
        "data": dict(data) if isinstance(data, Mapping) else data,
    }
    if traceparent is not None:
        event["traceparent"] = traceparent
    return checked_event(event, attributes=attributes, contracts=contracts, max_bytes=max_bytes)


def checked_event(
    event: Mapping[str, Any],
    *,
    attributes: Mapping[str, str] | None = None,
    contracts: Contracts | None = None,
    max_bytes: int = MAX_BYTES,
) -> Event:
    """An event that exists already as a CloudEvent, for instance `json.loads(body)` from an outbox, under its own id.

    Raises InvalidEvent, EventTooLarge; ContractError for schemas that cannot be used.
    """
    cloud_event = dict(event) if isinstance(event, Mapping) else event
    contract = _contract(app_contracts() if contracts is None else contracts, cloud_event)
    schema = schema_for(cloud_event, contract.schema)
    problem_of = contract.problem_of if schema is contract.schema else problem_finder(schema)
    problem = claim_problem(cloud_event) or problem_of(cloud_event) or _line_problem(contract, cloud_event)
    if problem:
        raise InvalidEvent(f"{problem}; nothing was published")
    body = _json(cloud_event)
    all_attributes = checked_attributes(contract.attribute_values(cloud_event), attributes or {})
    size = message_size(body, as_message_attributes(all_attributes))
    if size > max_bytes:
        raise too_large(cloud_event["id"], size, max_bytes)
    group, reference = (value_at(cloud_event, path) if path else "" for path in (contract.group, contract.reference))
    return Event(cloud_event["id"], contract.type, group, reference, size, body, all_attributes)


def too_large(event_id: str, size: int, max_bytes: int) -> EventTooLarge:
    """The error to raise."""
    return EventTooLarge(
        f"event {event_id} has {size} bytes with its attributes, SNS takes {max_bytes}: "
        "store large values elsewhere and put a reference into the event"
    )


def _contract(contracts: Contracts, event: Any) -> Contract:
    type_ = event.get("type") if isinstance(event, dict) else None
    found = contracts.by_type.get(type_) if isinstance(type_, str) else None
    if found is not None:
        return found
    if len(contracts) == 1:  # its own check says best what is wrong
        return next(iter(contracts))
    raise InvalidEvent(f"event.type must be {' or '.join(contracts.by_type)}; nothing was published")


def _line_problem(contract: Contract, event: dict[str, Any]) -> str | None:
    found = {path: value_at(event, path) for path in contract.lines}
    wrong = [path for path, value in found.items() if isinstance(value, str) and not _LINE.fullmatch(value)]
    return f"event.{wrong[0]} must be one line of at most 200 characters" if wrong else None


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
    raise InvalidEvent(f"event.data, or an extra field, {problem}; nothing was published")


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
