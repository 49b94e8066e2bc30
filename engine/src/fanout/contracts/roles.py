"""Reads from a schema what the engine must know of an event: its type, and the roles of its properties.

A property's role stands beside it: `"x-fanout": ["attribute", "group"]`. "attribute": the property is repeated as an SNS
message attribute of its name, for filter policies. "group": the group key, by which order is kept and figures are told
apart. "reference": the id that people search by. "line": one line of at most 200 characters, none of them a control
character, as a person's name is; the publisher refuses another value, and a task takes any, so that no event that was
published before is refused. "personal": what says something of a person, of any type; no tool shows it unasked.

Beside the schema's own type, `"x-fanout-unheard": "why"` says why an event is published that no task takes, and
`"x-fanout-erased": true` that an event of it tells of a reference whose data was erased.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from fanout import names
from fanout.runtime.event import VERSIONED_TYPE

KEYWORD: Final = "x-fanout"
UNHEARD: Final = "x-fanout-unheard"
ERASED: Final = "x-fanout-erased"
ROLES: Final = ("attribute", "group", "reference", "line", "personal")
_ANYWHERE: Final = frozenset({"line", "personal"})
"""Roles of properties that may be missing."""
ENVELOPE: Final = ("specversion", "id", "source", "type", "time", "data")
MOST_ATTRIBUTES: Final = 10
"""SNS delivers no message with more to a queue with raw delivery: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html"""

LOGGED: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "asctime", "attempt", "duration_ms", "error", "error_type", "event_id", "function_request_id", "level", "log", "message",
    "message_id", "outcome", "permanent", "stack", "task", "timestamp", "trace_id", "traceparent", "xray_trace_id",
}  # fmt: skip
"""What every log line or metric has already."""

_SET_FREE: Final = "take the role away, or "
_ATTRIBUTE_NAME: Final = r"(?!(?i:AWS|Amazon)\.)[A-Za-z0-9_-]{1,256}"


def event_type(schema: dict[str, Any]) -> Any:
    """The const of `type`; None when there is none."""
    return _properties(_properties(schema).get("type"), "const")


def is_type(text: str) -> bool:
    """Whether it is written as a type with its version is."""
    return re.fullmatch(VERSIONED_TYPE, text) is not None


def attributes(schema: dict[str, Any]) -> dict[str, str]:
    """The dotted path of the field that each message attribute repeats, by the attribute's name."""
    return {"type": "type"} | {path.rpartition(".")[2]: path for path in paths(schema, "attribute")}


def paths(schema: dict[str, Any], role: str) -> list[str]:
    """The dotted paths of the properties with a role."""
    return [path for path, each, _ in _walk(schema) if role in _roles(each)]


def required_strings(schema: dict[str, Any]) -> list[str]:
    """The dotted paths of the properties that every event has, as a string."""
    return [path for path, each, is_required in _walk(schema) if is_required and _is_string(each)]


def problems(schema: dict[str, Any]) -> Iterator[str]:
    """What the engine cannot work with: one line each, what and what to do."""
    yield from _envelope_problems(schema)
    yield from type_problems(event_type(schema))
    if UNHEARD in schema and not _is_line(schema[UNHEARD]):
        yield f'"{UNHEARD}" must be one line that says why nobody takes the event'
    if schema.get(ERASED, True) is not True:
        yield f'"{ERASED}" is true, or is not there'
    if ERASED in schema and not paths(schema, "reference"):
        yield f'"{ERASED}" needs a property with the role "reference": it says whose data was erased'
    for path, each, is_required in _walk(schema):
        yield from _role_problems(path, each, is_required)
    yield from _number_problems(schema)


def _envelope_problems(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("type") != "object":
        yield 'it does not describe an object: say "type": "object"'
    required = schema.get("required")
    missing = [each for each in ENVELOPE if not isinstance(required, list) or each not in required]
    if missing:
        yield f"{', '.join(missing)} can be missing: add what every CloudEvent of the engine has to `required`"
    for name, type_ in {"id": "string", "source": "string", "time": "string", "data": "object"}.items():
        if _properties(_properties(schema).get(name), "type") != type_:
            yield f'{name} can be anything: say "type": "{type_}"'


def type_problems(type_: Any) -> Iterator[str]:
    """Why no event of the app can be of this type."""
    if not isinstance(type_, str):
        yield 'type has no const: say which type it describes, such as "type": {"const": "order.placed.v1"}'
    elif not re.fullmatch(VERSIONED_TYPE, type_) or not type_[0].isalpha():
        yield f"the type {type_} is no name with a major version: choose one such as order.placed.v1"
    elif type_.endswith((names.HEARTBEAT_SUFFIX, names.PROBE_SUFFIX)):
        yield f"the type {type_} is the engine's own: choose another"


def _role_problems(path: str, schema: dict[str, Any], is_required: bool) -> Iterator[str]:
    if KEYWORD not in schema:
        return
    given = schema[KEYWORD]
    if not isinstance(given, list) or not given or any(each not in ROLES for each in given):
        yield f'{path}: "{KEYWORD}" must be a list of {", ".join(ROLES)}'
    elif "personal" in given and not {*given} <= _ANYWHERE:
        others = " and ".join(each for each in given if each not in _ANYWHERE)
        yield f'{path} is "personal" and {others}, which logs, metrics and filters show: take one of the roles away'
    elif given != ["personal"] and (not (is_required or {*given} <= _ANYWHERE) or not _is_string(schema)):
        yield f'{path} has a role and is no required string: {_SET_FREE}say "type": "string" and add it to `required`'
    elif {"group", "reference"} & {*given} and (found := [*key_problems(path)]):
        yield from found
    elif "attribute" in given and not re.fullmatch(_ATTRIBUTE_NAME, path.rpartition(".")[2]):
        yield f"{path} is no name of a message attribute: {_SET_FREE}use letters, digits, - and _"


def key_problems(path: str) -> Iterator[str]:
    """Why no log line can show the property at `path` as a group or reference."""
    if path.rpartition(".")[2] in LOGGED:
        yield f"{path} is a field that every log line has already: {_SET_FREE}choose another name"


def _number_problems(schema: dict[str, Any]) -> Iterator[str]:
    for role in ("group", "reference"):
        found = paths(schema, role)
        if len(found) > 1:
            yield f'{" and ".join(found)} have the role "{role}": give it to one'
    names = Counter(["type", *(each.rpartition(".")[2] for each in paths(schema, "attribute") if each != "type")])
    for name in (name for name, count in names.items() if count > 1):
        yield f'the attribute {name} would repeat several properties: give the role "attribute" to one of them'
    if len(names) > MOST_ATTRIBUTES:
        yield f"{len(names)} attributes with `type`, and SNS delivers at most {MOST_ATTRIBUTES}: give fewer the role"
    if _count(schema) > sum(KEYWORD in each for _, each, _ in _walk(schema)):
        yield f'"{KEYWORD}" stands where no property of the event is: move it to one that `properties` names'


def _walk(schema: Any, path: str = "", is_required: bool = True) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each property with its path, and whether it is in every event."""
    required = _properties(schema, "required")
    for name, each in _properties(schema).items():
        if isinstance(each, dict):
            always = is_required and isinstance(required, list) and name in required and "$ref" not in each
            yield f"{path}{name}", each, always
            yield from _walk(each, f"{path}{name}.", always and each.get("type") == "object")


def _properties(schema: Any, keyword: str = "properties") -> Any:
    found = schema.get(keyword) if isinstance(schema, dict) else None
    return found if keyword != "properties" or isinstance(found, dict) else {}


def _roles(schema: dict[str, Any]) -> list[Any]:
    found = schema.get(KEYWORD)
    return found if isinstance(found, list) else []


def _is_line(given: Any) -> bool:
    return isinstance(given, str) and bool(given.strip()) and "\n" not in given


def _is_string(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "string" or isinstance(schema.get("const"), str)


def _count(schema: Any) -> int:
    """How often the keyword is written; a property may have its name."""
    if isinstance(schema, list):
        return sum(map(_count, schema))
    if not isinstance(schema, dict):
        return 0
    return isinstance(schema.get(KEYWORD, {}), list) + sum(_count(each) for each in schema.values())
