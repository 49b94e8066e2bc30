"""What of a definition an intake cannot ask people: found at synth, a line each, what and what to do."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fanout.intake.definition import AUTOCOMPLETE, ERRORS, FILE, GOES_TO, LINES

MOST_FIELDS: Final = 200
KINDS: Final = ("string", "integer", "number", "boolean", "array")
_OF_FIELDS: Final = {
    "title", "description", "type", "enum", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "items",
    "minItems", "maxItems", "uniqueItems", "const", "examples", "default", GOES_TO, LINES, ERRORS, AUTOCOMPLETE, FILE,
}  # fmt: skip
_OF_ALL: Final = {
    "$schema", "$id", "title", "description", "type", "required", "properties", "additionalProperties", "$comment",
}  # fmt: skip
_BOUNDS: Final = {
    "minLength": {"string"}, "maxLength": {"string"}, "minimum": {"integer", "number"}, "maximum": {"integer", "number"},
    "minItems": {"array"}, "maxItems": {"array"},
}  # fmt: skip
_BESIDE_A_FILE: Final = {"title", "description", "type", "examples", ERRORS, FILE}
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
MOST_BYTES_OF_A_FILE: Final = 1_000_000_000
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def problems(name: str, schema: Any) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"{name!r} is no name for an address: use letters, digits, - and _"
    if not isinstance(schema, dict) or schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        yield 'it describes no fields: say "type": "object" and "properties"'
        return
    yield from (f"{each} is not understood: take it away" for each in sorted(schema.keys() - _OF_ALL))
    if schema.get("additionalProperties") is not False:
        yield 'it takes fields that it does not name: say "additionalProperties": false'
    if not 1 <= len(schema["properties"]) <= MOST_FIELDS:
        yield f"it has {len(schema['properties'])} fields: expected 1 to {MOST_FIELDS}"
    yield from _required_problems(schema.get("required", []), schema["properties"])
    for field, each in schema["properties"].items():
        yield from (f"{field}: {problem}" for problem in _field_problems(field, each))


def _required_problems(required: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(required, list) or not all(isinstance(each, str) for each in required):
        yield "required is no list of fields: write one"
        return
    for each in required:
        schema = fields.get(each)
        if each not in fields:
            yield f"{each} is required and no field: add it, or take it away"
        elif isinstance(schema, dict) and schema.get("type") == "boolean" and "const" not in schema:
            yield f'{each}: a box that is not ticked sends nothing: say "const": true, or take it out of required'


def _field_problems(name: str, schema: Any) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield "it is no name for a field: use letters, digits, - and _"
    if not isinstance(schema, dict) or schema.get("type") not in KINDS:
        yield f'it is no schema of a field: say "type": one of {", ".join(KINDS)}'
        return
    kind = schema["type"]
    known, told = (_BESIDE_A_FILE, "says nothing of a file") if FILE in schema else (_OF_FIELDS, "is not understood")
    yield from (f"{each} {told}: take it away" for each in sorted(schema.keys() - known))
    for keyword, (is_right, told) in _RULES.items():
        if keyword in schema and not is_right(kind, schema[keyword]):
            yield told
    if kind == "array" and "items" not in schema:
        yield _RULES["items"][1]
    for bound in sorted(schema.keys() & _BOUNDS.keys()):
        if kind not in _BOUNDS[bound] or isinstance(schema[bound], bool) or not isinstance(schema[bound], int | float):
            yield f"{bound} is no bound of a field of type {kind}: take it away, or write a number"


def _is_choice(value: Any) -> bool:
    strings = isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
    return strings and all(each == each.strip() != "" for each in value) and len(set(value)) == len(value)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


def _is_file(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"types", "maxBytes"}:
        return False
    types, most = value["types"], value["maxBytes"]
    named = isinstance(types, list) and bool(types) and all(isinstance(each, str) for each in types)
    return (
        named
        and all(_MEDIA_TYPE.fullmatch(each) for each in types)
        and type(most) is int
        and 1 <= most <= MOST_BYTES_OF_A_FILE
    )


_RULES: Final[dict[str, tuple[Callable[[str, Any], bool], str]]] = {
    "items": (
        lambda kind, value: kind == "array" and isinstance(value, dict) and _is_choice(value.get("enum")),
        'an array is answered by choosing: say "items": {"enum": [...]}, with strings',
    ),
    "enum": (
        lambda kind, value: kind == "string" and _is_choice(value),
        "its enum is no list of different strings, or its type is not string: choices are strings",
    ),
    "const": (
        lambda kind, value: kind == "boolean" and value is True,
        "its const is not true: it is for a box to tick",
    ),
    "format": (
        lambda kind, value: kind == "string" and value in ("email", "date"),
        "its format is not understood: use email, date or a pattern",
    ),
    "pattern": (
        lambda kind, value: kind == "string" and _is_pattern(value),
        "its pattern is no regular expression of a string: correct it",
    ),
    ERRORS: (
        lambda kind, value: isinstance(value, dict) and all(isinstance(each, str) for each in value.values()),
        f'{ERRORS} is no object of words: {{"pattern": "Enter the number on your card"}}',
    ),
    FILE: (
        lambda kind, value: kind == "string" and _is_file(value),
        f'{FILE} is not {{"types": ["application/pdf"], "maxBytes": 5000000}} of a string, with at most'
        f" {MOST_BYTES_OF_A_FILE} bytes: correct it",
    ),
    "title": (lambda kind, value: isinstance(value, str), "its title is no string"),
}
