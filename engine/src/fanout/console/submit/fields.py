"""A form from a schema: a field for each property of `data`, whatever the type of event."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TEXT, NUMBER, CHECK, CHOICE, LINES, JSON, GROUP = "text", "number", "check", "choice", "lines", "json", "group"
_NUMBERS = ("integer", "number")


@dataclass(frozen=True)
class Field:
    """`name` is the dotted path in the event; `value` what stands in it: the text that a browser sends."""

    name: str
    kind: str
    required: bool = False
    hint: str = ""
    value: str = field(default="", repr=False)
    choices: tuple[str, ...] = ()
    whole: bool = False
    inside: tuple["Field", ...] = ()
    problem: str = ""

    @property
    def label(self) -> str:
        return self.name.rpartition(".")[2].replace("_", " ")


class Unreadable(ValueError):
    """`name` is the field, the text what is wrong with it."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(what)
        self.name = name


def fields(schema: Mapping[str, Any], name: str, value: Any) -> tuple[Field, ...]:
    """Of an object's properties, filled in with `value`. One JSON field where the schema names none."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return (_one(name, schema, True, {} if value is None else value),)
    held, required = value if isinstance(value, dict) else {}, schema.get("required")
    always = required if isinstance(required, list) else []
    return tuple(
        _one(f"{name}.{key}", each if isinstance(each, dict) else {}, key in always, held.get(key))
        for key, each in properties.items()
    )


def read(shown: tuple[Field, ...], form: Mapping[str, str]) -> dict[str, Any]:
    """What was filled in, by key. What is empty and may be missing is missing. Raises Unreadable."""
    return {each.name.rpartition(".")[2]: value for each in shown for value in _values(each, form)}


def again(shown: tuple[Field, ...], form: Mapping[str, str], problem: tuple[str, str]) -> tuple[Field, ...]:
    """As it was sent, with what is wrong beside its field."""
    return tuple(
        Field(
            each.name,
            each.kind,
            each.required,
            each.hint,
            ("true" if each.name in form else "") if each.kind == CHECK else form.get(each.name, ""),
            each.choices,
            each.whole,
            again(each.inside, form, problem),
            problem[1] if each.name == problem[0] else "",
        )
        for each in shown
    )


def all_names(shown: tuple[Field, ...]) -> Iterator[str]:
    for each in shown:
        yield each.name
        yield from all_names(each.inside)


def _one(name: str, schema: Mapping[str, Any], required: bool, value: Any) -> Field:
    hint = " ".join(str(schema.get("description", "")).split())
    kind = _kind(schema)
    if kind == GROUP:
        return Field(name, GROUP, required, hint, inside=fields(schema, name, value))
    choices = tuple(map(str, schema.get("enum", ()))) if kind == CHOICE else ()
    return Field(name, kind, required, hint, _text(kind, value), choices, schema.get("type") == "integer")


def _kind(schema: Mapping[str, Any]) -> str:
    type_, choices = schema.get("type"), schema.get("enum")
    if isinstance(choices, list) and choices and all(isinstance(each, str) for each in choices):
        return CHOICE
    if type_ == "object" and isinstance(schema.get("properties"), dict) and schema["properties"]:
        return GROUP
    if type_ == "string":
        return TEXT
    if type_ in _NUMBERS:
        return NUMBER
    if type_ == "boolean":
        return CHECK
    items = schema.get("items")
    if type_ == "array" and isinstance(items, dict) and items.get("type") == "string":
        return LINES
    return JSON


def _text(kind: str, value: Any) -> str:
    if value is None:
        return ""
    if kind == LINES and isinstance(value, list):
        return "\n".join(map(str, value))
    if kind == CHECK:
        return "true" if value is True else ""
    return value if isinstance(value, str) and kind != JSON else json.dumps(value, indent=2, ensure_ascii=False)


def _values(each: Field, form: Mapping[str, str]) -> Iterator[Any]:
    """One, or none where it is missing."""
    if each.kind == GROUP:
        if each.required or any(form.get(name) for name in all_names(each.inside)):
            yield read(each.inside, form)
    elif each.kind == CHECK:
        if each.name in form or each.required:
            yield each.name in form
    elif given := form.get(each.name, "").replace("\r\n", "\n"):
        yield _value(each, given)
    elif each.required and each.kind in (TEXT, LINES):
        yield [] if each.kind == LINES else ""


def _value(each: Field, given: str) -> Any:
    if each.kind == LINES:
        return [line for line in given.split("\n") if line.strip()]
    if each.kind in (NUMBER, JSON):
        try:
            return (int if each.whole else float)(given) if each.kind == NUMBER else json.loads(given)
        except (ValueError, RecursionError):
            raise Unreadable(each.name, "expected a number" if each.kind == NUMBER else "expected JSON") from None
    return given
