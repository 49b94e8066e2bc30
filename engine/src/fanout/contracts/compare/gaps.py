"""Where one schema allows what another one refuses, keyword by keyword.

What is not understood is a gap that may be none (`sure` is False), never silence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fanout.contracts.compare import schemas
from fanout.contracts.compare.schemas import Schema, as_schema, of_key, same

ITEM, OTHER = "[]", "*"
"""Of a path: each item of an array; a key that the schema does not name."""
_SIZES: Final = (("minLength", "string", 0), ("minItems", "array", 0), ("minProperties", "object", 0))
_MOST: Final = (("maxLength", "string"), ("maxItems", "array"), ("maxProperties", "object"))
_WHOLE: Final = ("not", "contains", "propertyNames", "dependencies", "if", "then", "else", "additionalItems")
"""Compared as a whole: what is the same in both refuses the same."""
_KNOWN: Final = frozenset(
    ("type", "const", "enum", "pattern", "format", "multipleOf", "uniqueItems", "items", "required", "properties")
    + ("patternProperties", "additionalProperties", "allOf", "anyOf", "oneOf", schemas.RECURSIVE)
    + ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", *(each[0] for each in (*_SIZES, *_MOST)), *_WHOLE)
)


@dataclass(frozen=True)
class Gap:
    """At `path`, `allowing` says less by its `keyword` than `refusing`. None: the keyword is not there."""

    path: tuple[str, ...]
    keyword: str
    allowing: Any
    refusing: Any
    sure: bool = True

    @property
    def where(self) -> str:
        """data.items[].name"""
        return ".".join(self.path).replace(f".{ITEM}", ITEM) or "the event"


@dataclass(frozen=True)
class Direction:
    """`formats`: whether who refuses looks at `format`, as publishers do and tasks do not. `newer`: whether who refuses has
    the newer schema. What nobody described before is then described, and no publisher is expected to have sent it."""

    formats: bool
    newer: bool


PUBLISHERS = Direction(formats=True, newer=True)
READERS = Direction(formats=False, newer=False)


def gaps(allowing: Schema, refusing: Schema, direction: Direction, path: tuple[str, ...] = ()) -> list[Gap]:
    """What `refusing` may refuse of all that `allowing` allows; none: it refuses nothing of it."""
    if same(allowing, refusing) or refusing is True or allowing is False:
        return []
    if refusing is False:
        return [Gap(path, "false", True, False)]
    one, other = ({} if isinstance(each, bool) else each for each in (allowing, refusing))
    branches = next((key for key in schemas.BRANCHES if isinstance(one.get(key), list)), None)
    if branches and not same(one.get(branches), other.get(branches)):
        return _of_branches(one, branches, other, direction, path)
    values = schemas.finite(one)
    if values is not None and not schemas.is_recursive(other):
        refused = [each for each in values if not schemas.accepts(other, each, formats=direction.formats)]
        return [Gap(path, "enum", refused, schemas.finite(other))] if refused else []
    return [*_of_keywords(one, other, direction, path)]


def _of_branches(
    one: dict[str, Any], key: str, other: dict[str, Any], direction: Direction, path: tuple[str, ...]
) -> list[Gap]:
    """Each alternative, with what stands beside them."""
    rest = {name: each for name, each in one.items() if name != key}
    if not gaps(rest, other, direction, path):
        return []
    found: dict[str, Gap] = {}
    for member in one[key]:
        merged = schemas.merge(rest, member)
        sides = [member, rest] if merged is None else [merged]
        some = min((gaps(each, other, direction, path) for each in sides), key=len)
        found |= {repr(each): each for each in some}
    return [*found.values()]


def _of_keywords(
    one: dict[str, Any], other: dict[str, Any], direction: Direction, path: tuple[str, ...]
) -> Iterator[Gap]:
    kinds, allowed = schemas.kinds_of(one), schemas.kinds_of(other)
    if not kinds <= allowed:
        yield Gap(path, "type", one.get("type"), other.get("type"))
    both = kinds & allowed
    if both and ("const" in other or "enum" in other):
        yield Gap(path, "enum", None, schemas.finite(other))
    yield from _of_members(one, other, direction, path)
    yield from _of_wholes(one, other, path)
    yield from _of_strings(one, other, both, direction, path)
    yield from _of_numbers(one, other, both, path)
    yield from _of_sizes(one, other, both, path)
    if "array" in both:
        yield from _of_items(one, other, direction, path)
    if "object" in both:
        yield from _of_fields(one, other, direction, path)
        yield from _of_other_fields(one, other, direction, path)


def _of_members(
    one: dict[str, Any], other: dict[str, Any], direction: Direction, path: tuple[str, ...]
) -> Iterator[Gap]:
    for member in other.get("allOf", []):
        if not any(same(member, each) for each in one.get("allOf", [])):
            yield from gaps(one, member, direction, path)
    for key in schemas.BRANCHES:
        if key in other and not same(one.get(key), other[key]):
            is_one_of_them = any(not gaps(one, member, direction, path) for member in other[key])
            if not (is_one_of_them and key == "anyOf"):
                yield Gap(path, key, one.get(key), other[key], sure=False)


def _of_wholes(one: dict[str, Any], other: dict[str, Any], path: tuple[str, ...]) -> Iterator[Gap]:
    """What is compared as a whole, and what nobody here knows."""
    for key in sorted(other.keys() - _KNOWN | other.keys() & {*_WHOLE, schemas.RECURSIVE}):
        if not same(one.get(key), other[key]):
            yield Gap(path, key, one.get(key), other[key], sure=False)


def _of_strings(
    one: dict[str, Any], other: dict[str, Any], both: frozenset[str], direction: Direction, path: tuple[str, ...]
) -> Iterator[Gap]:
    for key in ("pattern", "format") if direction.formats else ("pattern",):
        if "string" in both and key in other and one.get(key) != other[key]:
            yield Gap(path, key, one.get(key), other[key])


def _of_numbers(
    one: dict[str, Any], other: dict[str, Any], both: frozenset[str], path: tuple[str, ...]
) -> Iterator[Gap]:
    if not both & {"integer", "fraction"}:
        return
    whole = "fraction" not in both
    (low, high), (lowest, highest) = schemas.bounds(one, whole=whole), schemas.bounds(other, whole=whole)
    if lowest and (not low or low < lowest):
        yield Gap(path, *_bound(one, other, "minimum", "exclusiveMinimum"))
    if highest and (not high or (high[0], not high[1]) > (highest[0], not highest[1])):
        yield Gap(path, *_bound(one, other, "maximum", "exclusiveMaximum"))
    if "multipleOf" in other:
        step, given = schemas.exact(other["multipleOf"]), schemas.exact(one.get("multipleOf", 1 if whole else 0))
        if not given or (given / step).denominator != 1:
            yield Gap(path, "multipleOf", one.get("multipleOf"), other["multipleOf"])


def _bound(one: dict[str, Any], other: dict[str, Any], bound: str, exclusive: str) -> tuple[str, Any, Any]:
    key = exclusive if exclusive in other and other[exclusive] != one.get(exclusive) else bound
    return key, one.get(key), other.get(key)


def _of_sizes(one: dict[str, Any], other: dict[str, Any], both: frozenset[str], path: tuple[str, ...]) -> Iterator[Gap]:
    for key, kind, least in _SIZES:
        at_least = max(one.get(key, least), len(one.get("required", ())) if kind == "object" else least)
        if kind in both and other.get(key, least) > at_least:
            yield Gap(path, key, one.get(key), other[key])
    for key, kind in _MOST:
        is_closed = kind == "object" and one.get("additionalProperties") is False and "patternProperties" not in one
        at_most = min(one.get(key, float("inf")), len(one.get("properties", ())) if is_closed else float("inf"))
        if kind in both and key in other and at_most > other[key]:
            yield Gap(path, key, one.get(key), other[key])


def _of_items(one: dict[str, Any], other: dict[str, Any], direction: Direction, path: tuple[str, ...]) -> Iterator[Gap]:
    most = one.get("maxItems", float("inf"))
    if other.get("uniqueItems") is True and one.get("uniqueItems") is not True and most > 1:
        yield Gap(path, "uniqueItems", one.get("uniqueItems"), True)
    items, wanted = one.get("items", True), other.get("items", True)
    if isinstance(items, list) or isinstance(wanted, list):
        if not same(items, wanted) and wanted is not True:
            yield Gap(path, "items", items, wanted, sure=False)
    elif most > 0:
        yield from gaps(as_schema(items), as_schema(wanted), direction, (*path, ITEM))


def _of_fields(
    one: dict[str, Any], other: dict[str, Any], direction: Direction, path: tuple[str, ...]
) -> Iterator[Gap]:
    for name in other.get("required", ()):
        if name not in one.get("required", ()):
            yield Gap((*path, name), "required", False, True)
    described, wanted = one.get("properties", {}), other.get("properties", {})
    for name in dict.fromkeys((*described, *wanted)):
        if not direction.newer and name in wanted and name not in described:
            yield Gap((*path, name), "removed", True, wanted[name])
        elif not (direction.newer and name in wanted and is_new(name, one)):
            yield from gaps(of_key(one, name), of_key(other, name), direction, (*path, name))


def _of_other_fields(
    one: dict[str, Any], other: dict[str, Any], direction: Direction, path: tuple[str, ...]
) -> Iterator[Gap]:
    rest, allowed = (as_schema(each.get("additionalProperties", True)) for each in (one, other))
    patterns, others = one.get("patternProperties", {}), other.get("patternProperties", {})
    if not same(patterns, others):
        if others or any(gaps(as_schema(each), allowed, direction) for each in patterns.values()):
            yield Gap(path, "patternProperties", patterns or None, others or None, sure=False)
    if allowed is False and rest is not False:
        yield Gap(path, "additionalProperties", rest, False)
    else:
        yield from gaps(rest, allowed, direction, (*path, OTHER))


def is_new(name: str, before: dict[str, Any]) -> bool:
    """Whether an object that names its fields, and lets others pass, said nothing of this one; `true` says that it may be anything."""
    described = before.get("properties", {})
    return bool(described) and name not in described and of_key(before, name) is True
