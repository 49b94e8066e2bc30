"""Turns the body of a message into a typed event, or into one line that says why not.

No reason holds a piece of the body: a body is personal data, a reason ends in logs and in the dead letter's cause. For
the same purpose an error is raised outside the `except` that found it: a JSONDecodeError keeps the whole body.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from inspect import signature
from math import isinf
from types import UnionType
from typing import Any, ClassVar, Final, Self, TypeVar, Union, dataclass_transform, get_args, get_origin

from fanout import names
from fanout.runtime.errors import ContractViolation, UnknownVersion

# A reason repeats only what looks like a versioned type; anything else could be personal data in the wrong place.
VERSIONED_TYPE: Final = r"[a-z0-9_-]{1,40}(\.[a-z0-9_-]{1,40}){0,4}\.v[0-9]{1,9}"
_ENVELOPE: Final = {
    "id": "^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}",
    "source": r"^\S{1,1024}",
    "time": "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
}


@dataclass_transform(frozen_default=True)
class Model:
    """Fields that cannot be changed and that `repr` does not show: a frozen dataclass that takes no time to import."""

    __slots__ = ()
    _FIELDS: ClassVar[tuple[str, ...]] = ()
    _PUT: ClassVar[tuple[Callable[[Any, Any], None], ...]] = ()
    """What sets each."""

    def __init_subclass__(cls) -> None:
        cls._PUT = tuple(getattr(cls, name).__set__ for name in cls._FIELDS)

    def __init__(self, *values: Any, **named: Any) -> None:
        if named:
            values += tuple(named.pop(name) for name in self._FIELDS[len(values) :] if name in named)
        if named or len(values) != len(self._FIELDS):
            raise TypeError(f"{type(self).__name__} needs {', '.join(self._FIELDS)}, each once")
        for put, value in zip(self._PUT, values, strict=True):
            put(self, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), len(self._FIELDS)))

    def _values(self) -> list[Any]:
        return [getattr(self, name) for name in self._FIELDS]


class Event(Model):
    """One event of a contract; the classes in `events` add the fields of its data. `repr` shows ids, type and time only.

    `id` is the same through retries, redrives and replays; `time` is in UTC; `group` and `reference` are the fields
    that the contract names so, "" where it names none; `raw` is the event as parsed JSON, unknown fields included;
    `body` is what the publisher sent, byte for byte, for tasks that pass it on.
    """

    __slots__ = _FIELDS = ("id", "source", "type", "time", "group", "reference", "raw", "body")
    TYPE: ClassVar[str]
    GROUP: ClassVar[str] = ""
    """The name of the property that `group` is, in log lines and metrics."""
    REFERENCE: ClassVar[str] = ""

    id: str
    source: str
    type: str
    time: datetime
    group: str
    reference: str
    raw: Mapping[str, Any]
    body: str

    def __repr__(self) -> str:
        ids = f"id={self.id!r}, group={self.group!r}, reference={self.reference!r}"
        return f"{type(self).__name__}({ids}, type={self.type!r}, time={self.time.isoformat()!r})"

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self) and isinstance(other, Event) and other.body == self.body and other.raw == self.raw
        )

    def __hash__(self) -> int:
        return hash((self.id, self.type))

    def ids(self) -> dict[str, str]:
        """The group and the reference by the names of their properties: what a log line says of the data."""
        named = {self.GROUP: self.group, self.REFERENCE: self.reference}
        named.pop("", None)
        return named

    @classmethod
    def _takes(cls, type_: Any) -> bool:
        return bool(type_ == cls.TYPE)

    @classmethod
    def _read(cls, event: dict[str, Any], body: str) -> Self:
        """Raises ContractViolation for what the contract does not allow. Generated."""
        raise NotImplementedError


class Heartbeat(Model):
    """Nothing happened: it is acknowledged, measured from `time` (in UTC), and shown to no task."""

    __slots__ = _FIELDS = ("id", "time")
    id: str
    time: datetime


E = TypeVar("E", bound=Event)


def parse(
    body: str, *classes: type[E], restored: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> E | Heartbeat:
    """The event in the body of a message: of one of `classes`, or a heartbeat.

    `restored` puts back what stands beside an event with a claim check (`fanout.runtime.claim_check`), and raises what it likes.
    Raises UnknownVersion for a CloudEvent of another type or major version, and ContractViolation for anything else
    that is not an event by its type's contract.
    """
    event = _json_object(body)
    if restored and names.CLAIM_CHECK in event:
        event = restored(event)
    type_ = event.get("type")
    if "specversion" in event:
        for each in classes:
            if each._takes(type_):
                return _read(each, event, body)
        if isinstance(type_, str) and type_.endswith(names.HEARTBEAT_SUFFIX):
            return Heartbeat(*envelope(event))
    raise _refusal(event, type_, " or ".join(each.TYPE for each in classes if each.TYPE))


def event_classes(task: Callable[..., Any]) -> tuple[type[Event], ...]:
    """What reads a task's events: the classes that it takes, and the upcasts that lead to them. Raises TypeError."""
    classes = getattr(task, "__dict__", {}).get("classes") or annotated_classes(task)
    return (*classes, *_upcasts(classes))


def annotated_classes(task: Callable[..., Any]) -> tuple[type[Event], ...]:
    """The annotation of its first parameter, one class or a union. Raises TypeError."""
    classes = _first_annotation(task)
    if not all(isinstance(each, type) and issubclass(each, Event) and hasattr(each, "TYPE") for each in classes):
        name = getattr(task, "__qualname__", repr(task))
        raise TypeError(f"{name}: annotate its first parameter with the class of an event, from `events`")
    return classes


def _upcasts(classes: tuple[type[Event], ...]) -> tuple[type[Event], ...]:
    """Where the app has `upcasts.py` beside the package of its events, and at no cost where it has none."""
    package = sys.modules.get(classes[0].__module__.partition(".")[0])
    folders = getattr(package, "__path__", None)
    if not folders or not os.path.isfile(os.path.join(os.path.dirname(folders[0]), "upcasts.py")):
        return ()
    from fanout.runtime.several import leading_to

    return leading_to(classes, annotated_classes)


def _first_annotation(task: Callable[..., Any]) -> tuple[Any, ...]:
    try:
        parameters = signature(task, eval_str=True).parameters.values()
    except (NameError, ValueError):  # a name that only a type checker imports; a function without a signature
        return (None,)
    annotation = next((each.annotation for each in parameters), None)
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def utc(text: str) -> datetime:
    """The time of an event. Raises ContractViolation.

    A leap second is at 23:59:60 in UTC, so with an offset at another time (https://www.rfc-editor.org/rfc/rfc3339#section-5.7);
    datetime does not know it, and it is read as the second before.
    """
    leap = text[16:19] == ":60"
    is_odd = text[11:13] == "24" or (text[-3:-2] == ":" and text[-2:] > "59")  # some Pythons read 24:00 and +01:60
    try:
        time = datetime.fromisoformat((f"{text[:16]}:59{text[19:]}" if leap else text).upper())
        if time.tzinfo is not None and not is_odd:
            time = time.astimezone(UTC)
            if not leap or (time.hour, time.minute) == (23, 59):
                return time
    except (ValueError, OverflowError):
        pass
    raise ContractViolation("event.time must be a time that exists, in RFC 3339")


def whole(value: Any) -> Any:
    """An integer as int: by JSON Schema 2.0 is one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read(event_class: type[E], event: dict[str, Any], body: str) -> E:
    try:
        return event_class._read(event, body)
    except (RecursionError, ArithmeticError):
        reason = "event holds a value that its contract's rules cannot be applied to"
    raise ContractViolation(reason)


def envelope(event: dict[str, Any]) -> tuple[str, datetime]:
    """Id and time of an event of the engine's own. Raises ContractViolation."""
    missing = _ENVELOPE.keys() - event.keys()
    if missing:
        raise ContractViolation(f"event must contain {sorted(missing)} properties")
    if event["specversion"] != "1.0":
        raise ContractViolation("event.specversion must be same as const definition: 1.0")
    for name, pattern in _ENVELOPE.items():
        if not isinstance(event[name], str):
            raise ContractViolation(f"event.{name} must be string")
        if not re.search(pattern + r"\Z", event[name]):
            raise ContractViolation(f"event.{name} must match pattern {pattern}$")
    if not isinstance(event.get("data", {}), dict):
        raise ContractViolation("event.data must be object")
    return event["id"], utc(event["time"])


def _refusal(event: dict[str, Any], type_: Any, understood: str) -> ContractViolation:
    if event.get("Type") == "Notification" and "TopicArn" in event:
        return ContractViolation("an SNS envelope, not a CloudEvent: turn on the subscription's raw message delivery")
    if "specversion" not in event or not isinstance(type_, str):
        return ContractViolation("not a CloudEvent: expected the fields specversion and type")
    if not re.fullmatch(VERSIONED_TYPE, type_):
        return ContractViolation(f"event.type must be {understood}")
    return UnknownVersion(f"type {type_}: this task understands {understood}")


def _json_object(body: str) -> dict[str, Any]:
    event = json_value(body)
    if not isinstance(event, dict):
        raise ContractViolation("the body is JSON but not an object: expected a CloudEvents 1.0 event")
    if "\\u" in body and ("\\ud" in body or "\\uD" in body):  # the only way for half a surrogate pair to get in
        _check_unicode(event)
    return event


def json_value(body: str) -> Any:
    """Raises ContractViolation for what is no JSON, or has two meanings."""
    try:
        if body.startswith("{"):  # as it is published: no space before it, and as a rule none behind
            value, end = _decoder.raw_decode(body)
            if end == len(body):
                return value
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
