"""A further event, because of one: for tasks whose subscriber says `emits`. It is in the zips of these alone."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from os import environ
from typing import Any, NamedTuple

from fanout import names
from fanout.runtime.aws import client
from fanout.runtime.dead_letters import size
from fanout.runtime.errors import ContractViolation, PermanentError
from fanout.runtime.event import Event, Heartbeat, parse

MOST_BYTES = 262_144
"""What SNS takes where the topic says nothing else: https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"""
_GROUP = re.compile("[!-~]{1,128}")
_VALUE = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
"""Of an attribute, as publishers check it: `fanout.publisher.attributes`."""


class NotEmitted(PermanentError):
    """The event cannot be published, now or later: correct the task, its `emits`, or the contract."""


class _Way(NamedTuple):
    topic: str
    event_class: type[Event]
    attributes: dict[str, str]
    fair_by: str | None
    most: int


def emit(type_: str, data: Mapping[str, Any], *, because: Event, part: str = "") -> str:
    """Publishes an event of `type_` to the topic that the subscriber's `emits` names; returns its id.

    The id is made of the identity of `because`, its source and id, and the new type: an attempt that is repeated repeats it,
    and everybody downstream sees one event, as long as `data` is the same. Several events of one type because of one event
    need a `part` each. `causationid` is the id of `because`, and its `traceparent` goes on.

    Raises NotEmitted, which is permanent, in one line without personal data; what SNS raises is transient.
    """
    way = _way(type_)
    event = {
        "specversion": "1.0",
        "id": _id(because, type_, part),
        "source": f"/{environ.get(names.STACK, 'fanout')}/{environ[names.TASK]}",
        "type": type_,
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "causationid": because.id,
        "data": data,
    }
    if isinstance(traceparent := because.raw.get("traceparent"), str):
        event["traceparent"] = traceparent
    body = _body(type_, event)
    made = _checked(way, type_, body)
    client("sns").publish(TopicArn=way.topic, Message=body, **_beside(way, made, body))
    return made.id


def deduplication_id(event: Mapping[str, Any]) -> str:
    """As publishers make it: `fanout.publisher.deduplication`."""
    parts = [event[name] for name in ("source", "id", "type", "data")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def _way(type_: str) -> _Way:
    name = re.sub("[.-]", "_", type_)
    topic = environ.get(names.EMITS + name.upper())
    if not topic:
        raise NotEmitted(f'no topic is told for {type_}: say emits={{"{type_}": topic}} of the subscriber, and deploy')
    about = json.loads(environ.get(names.EMITTED + name.upper(), "{}"))
    found = [
        each
        for each in vars(import_module(f"events.{name}")).values()
        if isinstance(each, type) and issubclass(each, Event) and getattr(each, "TYPE", None) == type_
    ]
    return _Way(
        topic,
        found[0],
        about.get("attributes", {"type": "type"}),
        about.get("fair_by"),
        about.get("max_bytes", MOST_BYTES),
    )


def _id(because: Event, type_: str, part: str) -> str:
    told = json.dumps([because.source, because.id, type_, part])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _body(type_: str, event: dict[str, Any]) -> str:
    try:
        body = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        body.encode()
    except (TypeError, ValueError, RecursionError):
        problem = f"{type_}: its data holds what JSON cannot express, or half a surrogate pair"
    else:
        return body.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    raise NotEmitted(problem)  # outside of `except`: such an error may hold the data


def _checked(way: _Way, type_: str, body: str) -> Event:
    try:
        made = parse(body, way.event_class)
    except ContractViolation as error:
        problem = str(error)
    else:
        if not isinstance(made, Heartbeat):
            return made
        problem = "it is a heartbeat"
    raise NotEmitted(f"{type_}: {problem}; nothing was published")


def _beside(way: _Way, event: Event, body: str) -> dict[str, Any]:
    """The attributes that publishers set, and the group. Raises NotEmitted for what SNS would not take."""
    values = {name: _value_at(event.raw, path) for name, path in way.attributes.items()}
    attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in values.items() if isinstance(value, str)
    }
    for name, each in attributes.items():
        if not _VALUE.fullmatch(each["StringValue"]):
            raise NotEmitted(
                f"{event.type}: the value of attribute {name} must be not empty, without control characters"
            )
    bytes_ = size(body, attributes)
    if bytes_ > way.most:
        raise NotEmitted(
            f"{event.type} has {bytes_} bytes with its attributes, and its topic takes {way.most}: store large values"
            " elsewhere and put a reference into the event"
        )
    found: dict[str, Any] = {"MessageAttributes": attributes}
    if way.topic.endswith(".fifo"):
        if not _GROUP.fullmatch(event.group):
            raise NotEmitted(f"{event.type}: its topic keeps order, and its group is no MessageGroupId")
        return {**found, "MessageGroupId": event.group, "MessageDeduplicationId": deduplication_id(event.raw)}
    if way.fair_by:
        value = str(_value_at(event.raw, way.fair_by))
        shown = way.fair_by in way.attributes.values() or value == event.group
        plain = shown and _GROUP.fullmatch(value)
        found["MessageGroupId"] = value if plain else hashlib.sha256(value.encode()).hexdigest()
    return found


def _value_at(event: Any, path: str) -> Any:
    for key in path.split("."):
        event = event.get(key) if isinstance(event, Mapping) else None
    return event
