"""A schema as it is compared: references put in, annotations left out, what can be merged merged, types as disjoint kinds."""

import json
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from fanout.contracts import references, roles
from fanout.contracts.validator import problem_finder

Schema = dict[str, Any] | bool

ANNOTATIONS: Final = frozenset(
    ("$schema", "$id", "$comment", "title", "description", "default", "examples", "readOnly", "writeOnly", "deprecated")
    + ("definitions", "$defs", "contentEncoding", "contentMediaType", roles.KEYWORD, roles.UNHEARD, roles.ERASED)
)
"""What refuses nothing."""
RECURSIVE: Final = "$recursive"
"""In place of a definition that contains itself: compared as a whole."""
KINDS: Final = frozenset(("null", "boolean", "integer", "fraction", "string", "array", "object"))
"""JSON's types; `number` is two of them."""
BRANCHES: Final = ("anyOf", "oneOf")
_COUPLED: Final = (
    "properties",
    "patternProperties",
    "additionalProperties",
    "items",
    "additionalItems",
    "if",
    "then",
    "else",
)
"""One is read with another of the same schema."""
_LATER: Final = {
    "draft-04": frozenset(("const", "contains", "propertyNames", "if", "then", "else")),
    "draft-06": frozenset(("if", "then", "else")),
}
"""What a schema of an older draft says for nobody."""
_OF_KIND: Final = {
    "minLength": "string", "maxLength": "string", "pattern": "string",
    "minItems": "array", "maxItems": "array", "uniqueItems": "array", "items": "array", "additionalItems": "array", "contains": "array",
    "required": "object", "properties": "object", "patternProperties": "object", "additionalProperties": "object",
    "minProperties": "object", "maxProperties": "object", "propertyNames": "object", "dependencies": "object",
}  # fmt: skip
_OF_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")

_NOTHING: Final[dict[str, tuple[Any, ...]]] = {
    "additionalProperties": (True, {}), "items": (True, {}), "required": ([],), "properties": ({},), "patternProperties": ({},),
}  # fmt: skip
"""What these say when they say nothing."""


def plain(root: dict[str, Any]) -> Schema:
    """The whole of a contract's schema."""
    root = references.local(root)
    return _plain(root, root, ())


def _plain(schema: Any, root: dict[str, Any], behind: tuple[str, ...]) -> Schema:
    if not isinstance(schema, dict):
        return schema is not False
    if (
        "$ref" in schema
    ):  # its siblings count for nothing: https://json-schema.org/draft-07/json-schema-core#rfc.section.8.3
        reference = str(schema["$ref"])
        if reference in behind:
            return {RECURSIVE: f"{reference} of {_definitions(root)}"}
        return _plain(references.at(reference, root), root, (*behind, reference))
    unread = ANNOTATIONS.union(*(each for draft, each in _LATER.items() if draft in str(root.get("$schema"))))
    found = {key: _value(key, each, root, behind) for key, each in schema.items() if key not in unread}
    return _tidy(found)


def _value(key: str, value: Any, root: dict[str, Any], behind: tuple[str, ...]) -> Any:
    if key in ("properties", "patternProperties", "dependencies") and isinstance(value, dict):
        return {name: each if isinstance(each, list) else _plain(each, root, behind) for name, each in value.items()}
    if key in ("allOf", "anyOf", "oneOf") or (key == "items" and isinstance(value, list)):
        return [_plain(each, root, behind) for each in value]
    if key in (
        "additionalProperties",
        "items",
        "additionalItems",
        "not",
        "contains",
        "propertyNames",
        "if",
        "then",
        "else",
    ):
        return _plain(value, root, behind)
    if key not in ("enum", "const") and isinstance(value, dict | list) and '"$ref"' in json.dumps(value):
        return (
            f"{json.dumps(value, sort_keys=True)} of {_definitions(root)}"  # of a keyword that is not known: as a whole
        )
    return sorted(value, key=str) if key == "required" else value


def _tidy(schema: dict[str, Any]) -> Schema:
    """Without what says nothing: exclusive bounds as numbers, `allOf` merged where no keyword is there twice."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool):  # draft 4
            value, counts = schema.pop(bound, None), schema.pop(exclusive)
            schema |= {} if value is None else {exclusive if counts else bound: value}
    rest, members = {**schema}, schema.get("allOf")
    if isinstance(members, list):
        del rest["allOf"]
        kept: list[Schema] = []
        for each in members:
            merged = merge(rest, each)
            rest = rest if merged is None else merged
            kept += [each] if merged is None else []
        schema = rest | ({"allOf": kept} if kept else {})
    schema = {
        key: each for key, each in schema.items() if not any(same(each, nothing) for nothing in _NOTHING.get(key, ()))
    }
    kinds = kinds_of(schema)
    return {key: each for key, each in schema.items() if _concerns(key, kinds)}


def _concerns(keyword: str, kinds: frozenset[str]) -> bool:
    """Whether a keyword can refuse anything of these kinds."""
    if keyword in _OF_NUMBERS:
        return bool(kinds & {"integer", "fraction"})
    return keyword not in _OF_KIND or _OF_KIND[keyword] in kinds


def merge(one: Schema, other: Schema) -> dict[str, Any] | None:
    """Both at once, where that is one schema's keywords beside the other's; None where it is not."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return dict(one) if other is True and isinstance(one, dict) else None
    both = {key for key in one.keys() & other.keys() if not same(one[key], other[key])}
    apart = any(key in one for key in _COUPLED) and any(key in other for key in _COUPLED) and one != other
    merged = {**one, **other}
    return None if both or apart or _is_impossible(merged) else merged


def _is_impossible(schema: dict[str, Any]) -> bool:
    """An object that needs what it refuses: fastjsonschema makes no code of that."""
    is_closed = schema.get("additionalProperties") is False and not schema.get("patternProperties")
    return is_closed and not {*schema.get("required", ())} <= {*schema.get("properties", ())}


def same(one: Any, other: Any) -> bool:
    """Written alike: Python takes 1, 1.0 and True for one."""
    return written(one) == written(other)


def written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def kinds_of(schema: Schema) -> frozenset[str]:
    if not isinstance(schema, dict):
        return KINDS if schema else frozenset()
    given = schema.get("type")
    if given is None:
        return KINDS
    names = given if isinstance(given, list) else [given]
    return frozenset(kind for name in names for kind in (("integer", "fraction") if name == "number" else (str(name),)))


def finite(schema: Schema) -> list[Any] | None:
    """All its values, where it names them; else None."""
    if not isinstance(schema, dict):
        return None if schema else []
    if "const" in schema or isinstance(schema.get("enum"), list):
        values = [schema["const"]] if "const" in schema else schema["enum"]
    elif "type" in schema and kinds_of(schema) <= {"null", "boolean"}:
        values = [None, True, False]
    else:
        return None
    return [each for each in values if accepts(schema, each)]


def accepts(schema: Schema, value: Any, *, formats: bool = False) -> bool:
    """By the same code that publishers and tasks run."""
    return judge(schema, formats=formats)(value)


def judge(schema: Schema, *, formats: bool = False) -> Callable[[Any], bool]:
    """The same for many values."""
    if isinstance(schema, bool):
        return lambda _: schema
    problem = problem_finder({"allOf": [schema]}, formats=formats)
    return lambda value: problem(value) is None


def is_recursive(schema: Schema) -> bool:
    return f'"{RECURSIVE}"' in json.dumps(schema)


def of_key(schema: Schema, key: str) -> Schema:
    """What an object's schema says of the value under `key`."""
    if not isinstance(schema, dict):
        return schema
    parts = [schema["properties"][key]] if key in schema.get("properties", {}) else []
    parts += [each for pattern, each in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
    if not parts:
        return as_schema(schema.get("additionalProperties", True))
    return as_schema(parts[0]) if len(parts) == 1 else _tidy({"allOf": parts})


def as_schema(value: Any) -> Schema:
    return value if isinstance(value, dict | bool) else True


def bounds(schema: dict[str, Any], *, whole: bool) -> tuple[tuple[Fraction, bool] | None, tuple[Fraction, bool] | None]:
    """The lowest and the highest number, and whether it is itself left out; of whole numbers always itself one."""
    low = [(exact(schema[key]), key != "minimum") for key in ("minimum", "exclusiveMinimum") if key in schema]
    high = [(exact(schema[key]), key != "maximum") for key in ("maximum", "exclusiveMaximum") if key in schema]
    if whole:
        low = [(Fraction(floor(value) + 1 if out else ceil(value)), False) for value, out in low]
        high = [(Fraction(ceil(value) - 1 if out else floor(value)), False) for value, out in high]
    lowest = max(low, default=None)
    highest = min(high, key=lambda each: (each[0], not each[1]), default=None)
    return lowest, highest


def exact(number: float) -> Fraction:
    """As it is written: 0.1 is a tenth."""
    return Fraction(str(number))


def _definitions(root: dict[str, Any]) -> str:
    return json.dumps(
        [root.get("definitions"), root.get("$defs"), *([root] if _names_itself(root) else [])], sort_keys=True
    )


def _names_itself(root: Any) -> bool:
    return any(isinstance(each, dict) and each.get("$ref") == "#" for each in _inside(root))


def _inside(node: Any) -> Iterator[Any]:
    yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _inside(each)
