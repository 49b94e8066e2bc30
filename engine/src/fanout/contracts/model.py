"""Writes the class that a task reads an event as: the properties of the schema's `data`, typed."""

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fanout.contracts import references, roles
from fanout.runtime.event import Event

TYPES: Final = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "object": "dict[str, Any]",
    "array": "list[Any]",
    "null": "None",
}
OWN: Final = frozenset(Event._FIELDS) | frozenset(
    ("TYPE", "GROUP", "REFERENCE", "ids", "str", "int", "float", "bool", "dict", "list", "Any")
)
"""Names that the class needs itself."""
DATA: Final = "['data']"
IMPORTED: Final = frozenset({"Any", "Decimal", "NoneType", *keyword.kwlist})


def class_name(type_: str) -> str:
    """order.placed.v1: OrderPlaced; order.placed.v2: OrderPlacedV2."""
    name, _, version = type_.rpartition(".")
    return _unique(_camel(name if version == "v1" else type_), set(IMPORTED))


def module_name(type_: str) -> str:
    return re.sub(r"[.-]", "_", type_)


def collisions(schemas: Mapping[Path, dict[str, Any]]) -> Iterator[tuple[Path, Path, str]]:
    """Two files that would be written to one module or class, and what they would share."""
    seen: dict[str, Path] = {}
    for path, schema in schemas.items():
        type_ = str(roles.event_type(schema))
        shared = (f"the type {type_}", f"the module {module_name(type_)}", f"the class {class_name(type_)}")
        for what in shared:
            if what in seen:
                yield seen[what], path, what
                break
        seen |= {what: seen.get(what, path) for what in shared}


def problems(schema: dict[str, Any]) -> Iterator[str]:
    """Properties that cannot be attributes of a class: one line each, what and what to do."""
    yield from _name_problems(_data(schema), "data", OWN)


@dataclass
class Model:
    """The classes of one event, and `read`, the expression that makes the event of `event` and `body`."""

    contract_schema: dict[str, Any]
    classes: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=lambda: set(IMPORTED))
    variables: int = 0

    def __post_init__(self) -> None:
        self.type = str(roles.event_type(self.contract_schema))
        self.name = class_name(self.type)
        self.taken.add(self.name)

    def code(self) -> str:
        fields, values = self._fields(_data(self.contract_schema), "data", ())
        group, reference = (_value_of(self.contract_schema, role) for role in ("group", "reference"))
        about = _sentence(self.contract_schema) or self.type
        return "\n\n\n".join([*self.classes, "\n".join([
            f"class {self.name}(_Event):",
            f"    {about!r}",
            *_slots(fields, "_Event._FIELDS + "),
            f"    TYPE = {self.type!r}",
            *(f"    {role.upper()} = {name!r}" for role, name in self._names()),
            *(f"    {each}" for each in fields),
            "",
            "    @classmethod",
            "    def _read(cls, event: dict[str, Any], body: str) -> Self:",
            "        _validate(event)",
            "        data = event['data']",
            "        return cls(",
            f"            event['id'], event['source'], event['type'], _utc(event['time']), {group}, {reference}, event, body,",
            *(f"            {each}," for each in values),
            "        )",
        ])])  # fmt: skip

    def _names(self) -> Iterator[tuple[str, str]]:
        """The name of the property with each role."""
        for role in ("group", "reference"):
            for path in roles.paths(self.contract_schema, role):
                yield role, path.rpartition(".")[2]

    def _fields(self, schema: Any, variable: str, inside: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """The annotated names, and the expressions of their values: in the object that `variable` holds."""
        required = _required(schema)
        properties = _properties(schema).items()
        found = [self._field(name, each, name in required, variable, inside) for name, each in properties]
        return [f"{name}: {annotation}" for name, annotation, _ in found], [value for _, _, value in found]

    def _field(
        self, name: str, schema: dict[str, Any], required: bool, variable: str, inside: tuple[str, ...]
    ) -> tuple[str, ...]:
        if _is_model(schema):
            return name, *self._nested(schema, name, required, variable, inside)
        annotation = _annotation(schema)
        value = f"{variable}[{name!r}]" if required else f"{variable}.get({name!r})"
        if "int" in annotation.split(" | "):
            value = f"_whole({value})"
        if not required and annotation != "Any" and "None" not in annotation.split(" | "):
            annotation += " | None"
        return name, annotation, value

    def _nested(
        self, schema: dict[str, Any], name: str, required: bool, variable: str, inside: tuple[str, ...]
    ) -> tuple[str, str]:
        self.variables += 1
        inner, path = f"_v{self.variables}", (*inside, name)
        fields, values = self._fields(schema, inner, path)
        class_ = _unique(_camel(".".join(path)), self.taken)
        about = _sentence(schema) or f"{'.'.join(path)} of {self.type}"
        lines = [f"class {class_}(_Model):", f"    {about!r}", *_slots(fields)]
        self.classes.append("\n".join([*lines, *(f"    {each}" for each in fields)]))
        can_be_none = not required and not _is_all_optional(schema)
        found = f"{variable}[{name!r}]" if required or can_be_none else f"{variable}.get({name!r}, {{}})"
        values[0] = re.sub(rf"\b{inner}\b", f"({inner} := {found})", values[0], count=1)
        value = f"{class_}({', '.join(values)})"
        if can_be_none:
            return f"{class_} | None", f"None if {name!r} not in {variable} else {value}"
        return class_, value


def _name_problems(of: dict[str, Any], path: str, own: frozenset[str]) -> Iterator[str]:
    for name, each in _properties(of).items():
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
            yield f"{path}.{name} is no name in Python: use letters, digits and _, a letter first, and no keyword"
        elif name in own:
            yield f"{path}.{name} is a name that every event has or needs itself: choose another"
        elif _is_model(each):
            yield from _name_problems(each, f"{path}.{name}", own - set(Event._FIELDS))


def _data(schema: dict[str, Any]) -> dict[str, Any]:
    schema = references.local(schema)
    return _resolved(_properties(schema).get("data"), schema)


def _resolved(schema: Any, root: dict[str, Any], behind: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema and its properties without references; nothing is said of what would lead in a circle."""
    while isinstance(schema, dict) and "$ref" in schema:
        reference = str(schema["$ref"])
        schema, behind = {} if reference in behind else references.at(reference, root), (*behind, reference)
    if not isinstance(schema, dict):
        return {}
    properties = {name: _resolved(each, root, behind) for name, each in _properties(schema).items()}
    return {**schema, "properties": properties}


def _properties(schema: Any) -> dict[str, Any]:
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _required(schema: dict[str, Any]) -> list[Any]:
    found = schema.get("required")
    return found if isinstance(found, list) else []


def _is_model(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" and bool(_properties(schema))


def _is_all_optional(schema: dict[str, Any]) -> bool:
    return not any(name in _required(schema) for name in _properties(schema))


def _annotation(schema: dict[str, Any]) -> str:
    given = schema.get("type")
    known = [TYPES.get(str(each), "Any") for each in (given if isinstance(given, list) else [given])]
    if given is None and ("const" in schema or "enum" in schema):
        values = schema["enum"] if isinstance(schema.get("enum"), list) else [schema.get("const")]
        known = ["None" if each is None else type(each).__name__ for each in values]
        known = [{"dict": TYPES["object"], "list": TYPES["array"]}.get(each, each) for each in known]
    return "Any" if "Any" in known else " | ".join(dict.fromkeys(known))


def _value_of(schema: dict[str, Any], role: str) -> str:
    for path in roles.paths(schema, role):
        keys = "".join(f"[{each!r}]" for each in path.split("."))
        return f"data{keys.removeprefix(DATA)}" if keys.startswith(DATA) else f"event{keys}"
    return "''"


def _slots(fields: list[str], before: str = "") -> list[str]:
    names = tuple(each.partition(":")[0] for each in fields)
    return [f"    __slots__ = {names}", f"    _FIELDS = {before}__slots__"]


def _sentence(schema: dict[str, Any]) -> str:
    text = " ".join(str(schema.get("description", "")).split())
    return re.split(r"(?<=\.) ", text)[0]


def _camel(name: str) -> str:
    return "".join(f"{part[:1].upper()}{part[1:]}" for part in re.split(r"[._-]", name))


def _unique(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
