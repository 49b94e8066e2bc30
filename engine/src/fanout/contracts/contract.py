"""Loads a folder of event schemas and examples, and says of every file in it that cannot be used why and what to do."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from fanout.contracts import model, references, roles
from fanout.errors import ContractError


@dataclass(frozen=True)
class Contract:
    """What is published of one type. `group` and `reference` are dotted paths, None when no property has the role, and so are `lines` and `personal`."""

    schema: dict[str, Any]
    examples: tuple[dict[str, Any], ...] = ()
    path: Path = Path()

    type: str = field(init=False)
    attributes: dict[str, str] = field(init=False)
    """The dotted path of the field that each message attribute repeats, by the attribute's name."""
    group: str | None = field(init=False)
    reference: str | None = field(init=False)
    lines: tuple[str, ...] = field(init=False)
    personal: tuple[str, ...] = field(init=False)
    unheard: str | None = field(init=False)
    """Why no task takes it, as the schema says."""
    erases: bool = field(init=False)
    """Whether it tells of a reference whose data was erased."""

    def __post_init__(self) -> None:
        found = {role: next(iter(roles.paths(self.schema, role)), None) for role in ("group", "reference")}
        more = {"type": roles.event_type(self.schema), "attributes": roles.attributes(self.schema), **found}
        more |= {
            name: tuple(roles.paths(self.schema, role)) for name, role in (("lines", "line"), ("personal", "personal"))
        }
        more["unheard"] = self.schema.get(roles.UNHEARD)
        more["erases"] = self.schema.get(roles.ERASED) is True
        for name, value in more.items():
            object.__setattr__(self, name, value)

    @cached_property
    def problem_of(self) -> Callable[[Any], str | None]:
        """What is wrong with an event, as a publisher looks at it; `fanout.contracts.validator.problem_finder`."""
        from fanout.contracts.validator import problem_finder  # compiles the schema: by whom asks, and by no other

        return problem_finder(self.schema)

    def attribute_values(self, example: dict[str, Any]) -> dict[str, Any]:
        """The attributes that `example` is published with."""
        found = {name: value_at(example, path) for name, path in self.attributes.items()}
        return {name: value for name, value in found.items() if value is not None}

    def path_of(self, name: str) -> str | None:
        """The dotted path of a property that every event has as a string: named by its path, its role, or inside `data`."""
        always = roles.required_strings(self.schema)
        wanted = (self.attributes.get(name), name, f"data.{name}")
        named = self.group if self.group and name == self.group.rpartition(".")[2] else None
        return next((path for path in (named, *wanted) if path in always), None)

    def body_schema(self, path: str) -> dict[str, Any] | None:
        """The schema of the field at a dotted path; None when the schema does not name it."""
        found: Any = self.schema
        for key in path.split("."):
            properties = found.get("properties") if isinstance(found, dict) else None
            if not isinstance(properties, dict) or key not in properties:
                return None
            found = properties[key]
        return found if isinstance(found, dict) else {}

    def is_open_at(self, path: str) -> bool:
        """Whether an object on the way to `path` names no fields, so that it may hold any."""
        found: Any = self.schema
        for key in path.split("."):
            properties = found.get("properties") if isinstance(found, dict) else None
            if not isinstance(properties, dict):
                return isinstance(found, dict) and found.get("type") in ("object", None)
            if key not in properties:
                return False
            found = properties[key]
        return False


@dataclass(frozen=True)
class Contracts:
    """The contracts of an app by type, and the text of its examples by file name without suffix."""

    by_type: dict[str, Contract]
    valid: dict[str, str] = field(default_factory=dict)
    invalid: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Contract]:
        return iter(self.by_type.values())

    def __getitem__(self, type_: str) -> Contract:
        return self.by_type[type_]

    def __len__(self) -> int:
        return len(self.by_type)

    @property
    def group_names(self) -> tuple[str, ...]:
        """The properties that are the group of one type or other: what log lines and metrics name it."""
        return _names(each.group for each in self)

    @property
    def reference_names(self) -> tuple[str, ...]:
        return _names(each.reference for each in self)


def _names(paths: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path.rpartition(".")[2] for path in paths if path))


def value_at(example: Any, path: str) -> Any:
    """The value at a dotted path; None when it is not there."""
    for key in path.split("."):
        example = example.get(key) if isinstance(example, dict) else None
    return example


def with_value(example: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a dotted path, whose objects are there."""
    key, _, rest = path.partition(".")
    return {**example, key: with_value(example[key], rest, value) if rest else value}


def load(folder: Path) -> Contracts:
    """Every `*.schema.json` in `folder`, and `examples/valid/*.json` and `examples/invalid/*.json`; or one schema's file.

    Raises ContractError, with all that is wrong: a line for each file and fault.
    """
    faults = _Faults()
    files = [folder] if folder.is_file() else sorted(folder.glob("*.schema.json"))
    schemas = {path: faults.json_object(path) for path in files}
    if not schemas:
        faults.add(folder, "there is no *.schema.json in it: write one for each type of event")
    sound = {path: schema for path, schema in schemas.items() if schema is not None and faults.of_schema(path, schema)}
    for path, again, what in model.collisions(sound):
        faults.add(again, f"{what} is {path.name}'s already: choose another type")
    valid = {path: faults.text(path) for path in sorted(folder.glob("examples/valid/*.json"))}
    parsed = {path: faults.json_object(path) for path, text in valid.items() if text is not None}
    types = [roles.event_type(schema) for schema in sound.values()]
    for path, example in parsed.items():
        if example is not None and len(sound) == len(schemas) and example.get("type") not in types:
            faults.add(path, "no schema describes its type: correct its type, or move it to examples/invalid")
    invalid = {path: faults.text(path) for path in sorted(folder.glob("examples/invalid/*.json"))}
    faults.refuse()
    contracts = [Contract(schema, _of_type(schema, parsed), path) for path, schema in sound.items()]
    return Contracts({each.type: each for each in contracts}, _by_name(valid), _by_name(invalid))


def _of_type(schema: dict[str, Any], examples: dict[Path, dict[str, Any] | None]) -> tuple[dict[str, Any], ...]:
    type_ = roles.event_type(schema)
    return tuple(each for each in examples.values() if each is not None and each["type"] == type_)


def _by_name(texts: dict[Path, str | None]) -> dict[str, str]:
    return {path.stem: text for path, text in texts.items() if text is not None}


class _Faults:
    """What is wrong with the files that were read."""

    def __init__(self) -> None:
        self.lines: dict[str, None] = {}

    def add(self, path: Path, what: str) -> None:
        self.lines[" ".join(f"contract {path}: {what}".split())] = None

    def refuse(self) -> None:
        if self.lines:
            raise ContractError("\n".join(self.lines))

    def of_schema(self, path: Path, schema: dict[str, Any]) -> bool:
        """Whether nothing is wrong with it."""
        found = list(roles.problems(schema)) or list(references.problems(schema)) or list(model.problems(schema))
        for each in found:
            self.add(path, each)
        return not found

    def text(self, path: Path) -> str | None:
        try:
            return path.read_text("utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        self.add(path, f"{reason}: make it a readable file of UTF-8 text")
        return None

    def json_object(self, path: Path) -> dict[str, Any] | None:
        text = self.text(path)
        if text is None:
            return None
        try:
            found = json.loads(text, parse_float=_finite, parse_constant=_finite)
        except json.JSONDecodeError as error:
            found = None
            self.add(path, f"it is not JSON (line {error.lineno}, column {error.colno}): correct it there")
        except (RecursionError, ValueError):
            found = None
            self.add(path, "it is nested too deeply, or holds NaN or a number that is too large: make it simpler")
        else:
            if not isinstance(found, dict):
                self.add(path, "it holds no JSON object: write one")
        return found if isinstance(found, dict) else None


def _finite(text: str) -> float:
    """Raises ValueError for NaN, and for what Python reads as infinity."""
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value
