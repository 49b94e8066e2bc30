"""One definition of what people fill in: a JSON Schema of named fields, and what is wrong with answers to it.

Understood is what a plain HTML control can hold: strings (`format` email, date; `enum`; lengths; `pattern`), integers, numbers,
booleans, arrays of an `enum`, and files (a string with `x-fanout-file`). A synth refuses what else a schema says. Beside a field may stand

    title, description    its label and the hint below it
    x-fanout-goes-to      a dotted path in the event's data where its value stands, in place of among the answers
    x-fanout-lines        true: a control of several lines
    x-fanout-errors       the words for a broken rule by its keyword: {"pattern": "Enter the number on your card"}
    x-fanout-autocomplete https://html.spec.whatwg.org/#autofill
    x-fanout-file         {"types": ["application/pdf"], "maxBytes": 5000000}: what is answered is the id of a file sent before
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

GOES_TO, LINES, ERRORS, AUTOCOMPLETE, FILE = (
    "x-fanout-goes-to",
    "x-fanout-lines",
    "x-fanout-errors",
    "x-fanout-autocomplete",
    "x-fanout-file",
)
LONGEST_TEXT: Final = 10_000
"""Characters of a string that the schema bounds by nothing."""
_EMAIL: Final = re.compile(
    r"[^@\s\x00-\x1f\x7f,;:<>()\[\]\"\\]{1,64}@[^@\s\x00-\x1f\x7f,;:<>()\[\]\"\\]+\.[^@\s.\x00-\x1f\x7f,;:<>()\[\]\"\\]+"
)
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,16}")
_DECIMAL: Final = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})")
LARGEST: Final = 2**53 - 1
"""Of a whole number: what every reader of JSON reads the same, https://www.rfc-editor.org/rfc/rfc8259#section-6."""
UPLOAD: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""The id of a file that was sent before."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Field:
    name: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def title(self) -> str:
        return str(self.schema.get("title") or self.name.replace("_", " ").capitalize())

    @property
    def kind(self) -> str:
        return "file" if FILE in self.schema else str(self.schema.get("type", "string"))

    @property
    def media_types(self) -> list[str]:
        """Of a file."""
        return list(self.schema[FILE]["types"])

    @property
    def most_bytes(self) -> int:
        """Of a file."""
        return int(self.schema[FILE]["maxBytes"])

    @property
    def goes_to(self) -> str | None:
        """None: among the answers, under its name."""
        return self.schema.get(GOES_TO)

    @property
    def choices(self) -> list[str]:
        """Of one, or of several, where it is an array."""
        among = self.schema.get("items", {}) if self.kind == "array" else self.schema
        return [str(each) for each in among.get("enum", ())]

    def read(self, given: Any) -> Any:
        """A value of the schema's type from what a browser sends, which has strings alone; the rest as it is."""
        if self.kind == "array":
            return [each for each in (given if isinstance(given, list) else [given]) if each != ""]
        if not isinstance(given, str):
            return given
        text = given.replace("\r\n", "\n").strip()
        if self.kind == "boolean":
            return {"on": True, "true": True, "yes": True, "": False, "false": False, "no": False}.get(text, given)
        if self.kind in ("integer", "number"):
            return _number(text, whole=self.kind == "integer")
        return text

    def error(self, value: Any) -> str | None:
        """What is wrong with a value, for whoever filled it in; never the value itself."""
        if is_empty(value) or (value is False and self.schema.get("const") is True):
            return self._told("required", f"{self.title}: this is needed") if self.required else None
        found = next(self._broken(value), None)
        return self._told(*found) if found else None

    def _told(self, keyword: str, otherwise: str) -> str:
        return str(self.schema.get(ERRORS, {}).get(keyword, otherwise))

    def _broken(self, value: Any) -> Iterator[tuple[str, str]]:
        yield from {
            "string": self._text,
            "integer": self._amount,
            "number": self._amount,
            "boolean": self._choice,
            "array": self._several,
            "file": self._upload,
        }[self.kind](value)

    def _text(self, value: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(value, str):
            yield "type", f"{self.title}: enter text"
            return
        yield from self._length(len(value))
        if _CONTROL.search(value):
            yield "type", f"{self.title}: enter text"
        if len(value.splitlines()) > 1 and not self.schema.get(LINES):
            yield "type", f"{self.title}: one line of text"
        if value not in self.schema.get("enum", (value,)):
            yield "enum", f"{self.title}: choose one of the answers"
        is_right, told = _FORMATS.get(self.schema.get("format", ""), (bool, ""))
        if told and not is_right(value):
            yield "format", f"{self.title}: {told}"
        if not re.search(_to_the_end(self.schema.get("pattern", "")), value):
            yield "pattern", f"{self.title}: this is not written as it must be"

    def _length(self, length: int) -> Iterator[tuple[str, str]]:
        least, most = self.schema.get("minLength", 0), self.schema.get("maxLength", LONGEST_TEXT)
        if length > most:
            yield "maxLength", f"{self.title}: at most {most} characters, not {length}"
        if length < least:
            yield "minLength", f"{self.title}: at least {least} characters, not {length}"

    def _amount(self, value: Any) -> Iterator[tuple[str, str]]:
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        if not numeric or not -LARGEST <= value <= LARGEST or (self.kind == "integer" and value != int(value)):
            yield "type", f"{self.title}: enter a {'whole ' if self.kind == 'integer' else ''}number"
            return
        if value < self.schema.get("minimum", -math.inf):
            yield "minimum", f"{self.title}: at least {self.schema['minimum']}"
        if value > self.schema.get("maximum", math.inf):
            yield "maximum", f"{self.title}: at most {self.schema['maximum']}"

    def _choice(self, value: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(value, bool):
            yield "type", f"{self.title}: yes or no"
        elif value is not self.schema.get("const", value):
            yield "const", f"{self.title}: this is needed"

    def _upload(self, value: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(value, str) or not UPLOAD.fullmatch(value):
            yield "type", f"{self.title}: send the file first"

    def _several(self, value: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(value, list) or any(each not in self.choices for each in value):
            yield "enum", f"{self.title}: choose among the answers"
        elif len(set(value)) != len(value):
            yield "uniqueItems", f"{self.title}: choose each answer once"
        elif not self.schema.get("minItems", 0) <= len(value) <= self.schema.get("maxItems", len(value)):
            yield "minItems", f"{self.title}: choose more, or fewer"


@dataclass(frozen=True)
class Definition:
    name: str
    schema: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.schema.get("title") or self.name)

    @property
    def fields(self) -> list[Field]:
        required = self.schema.get("required", ())
        return [Field(name, each, name in required) for name, each in self.schema["properties"].items()]

    @property
    def files(self) -> list[Field]:
        return [each for each in self.fields if each.kind == "file"]

    def judged(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The answers by field, without those left empty, and what is wrong by field; "" is the whole."""
        answers, errors = {}, {}
        fields = self.fields
        for field in fields:
            value = field.read(given[field.name]) if field.name in given else None
            if wrong := field.error(value):
                errors[field.name] = wrong
            elif not is_empty(value):
                answers[field.name] = value
        unknown = given.keys() - {each.name for each in fields}
        if unknown:
            errors[""] = f"{len(unknown)} of the fields that were sent are not asked for"
        return answers, errors


def is_empty(value: Any) -> bool:
    """Whether it is what a control says that nobody filled in."""
    return value is None or value == "" or value == []


def _number(text: str, *, whole: bool) -> Any:
    """As people write one; what is none stays text, and is told to be none."""
    if not (_WHOLE if whole else _DECIMAL).fullmatch(text):
        return text or None
    return int(text) if whole else float(text)


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_email(text: str) -> bool:
    return len(text) <= 254 and bool(_EMAIL.fullmatch(text))


_FORMATS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "email": (_is_email, "enter an address such as name@example.com"),
    "date": (_is_date, "enter a date such as 2026-11-26"),
}


def _to_the_end(pattern: str) -> str:
    """JSON Schema's $ is the end of the string; Python's lets a line feed follow."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
