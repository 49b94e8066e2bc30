"""An event that shows a gap: allowed by one contract and refused by the other, by the code that publishers and tasks run."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from fanout.contracts.compare import schemas
from fanout.contracts.compare.gaps import ITEM, OTHER, Direction, Gap
from fanout.contracts.compare.samples import samples
from fanout.contracts.compare.schemas import Schema, as_schema, of_key
from fanout.contracts.validator import problem_finder

Event = dict[str, Any]
BASES, TRIES = 6, 400
OTHER_KEY = "extra"
_BY_THEMSELVES = (
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)
"""Keywords that refuse whatever stands beside them."""


def witness(
    gap: Gap, allowing: dict[str, Any], refusing: dict[str, Any], examples: Iterable[Event], direction: Direction
) -> Event | None:
    """One event for this gap, as near to an example as can be; None: none was found."""
    one, other = schemas.plain(allowing), schemas.plain(refusing)
    allows, refuses = problem_finder(allowing), problem_finder(refusing, formats=direction.formats)
    known = [each for each in examples if allows(each) is None]
    bases = [*known, *(each for each in samples(one)[:4] if isinstance(each, dict))][:BASES]
    for base in bases:
        for event in islice(_mutated(base, gap, one, other, direction), TRIES):
            if allows(event) is None and refuses(event) is not None:
                return event
    return None


def _mutated(base: Event, gap: Gap, one: Schema, other: Schema, direction: Direction) -> Iterator[Event]:
    yield from ([base] if _shows(gap, other, direction)(_values_at(base, gap.path)) else [])
    if gap.keyword == "required":
        yield from _changed(base, gap.path[:-1], one, lambda found: [_without(found, gap.path[-1])])
    elif gap.keyword == "additionalProperties":
        free = samples(_at(one, (*gap.path, OTHER)))[:3]
        yield from _changed(
            base, gap.path, one, lambda found: [{**found, OTHER_KEY: each} for each in free if isinstance(found, dict)]
        )
    else:
        here, there = _at(one, gap.path), _at(other, gap.path)
        values = samples(here, [there])
        shows = _shows(gap, other, direction)
        for event in _changed(base, gap.path, one, lambda _: values):
            if shows(_values_at(event, gap.path)):
                yield event


def _shows(gap: Gap, other: Schema, direction: Direction) -> Callable[[list[Any]], bool]:
    """Whether one of the values at the gap's path is refused there, by the gap's own keyword where that stands alone."""
    there: Schema = _at(other, gap.path)
    if gap.keyword in _BY_THEMSELVES:
        there = {gap.keyword: gap.refusing}
    if gap.keyword in ("required", "additionalProperties"):
        return lambda values: False
    is_allowed = schemas.judge(there, formats=direction.formats)
    return lambda values: not all(map(is_allowed, values))


def _at(schema: Schema, path: tuple[str, ...]) -> Schema:
    """What a schema says of the place."""
    for key in path:
        if not isinstance(schema, dict):
            return schema
        if key == ITEM:
            schema = as_schema(schema.get("items", True))
        elif key == OTHER:
            schema = as_schema(schema.get("additionalProperties", True))
        else:
            schema = of_key(schema, key)
    return schema


def _values_at(value: Any, path: tuple[str, ...]) -> list[Any]:
    if not path:
        return [value]
    key, rest = path[0], path[1:]
    if key == ITEM:
        return [found for each in value for found in _values_at(each, rest)] if isinstance(value, list) else []
    if not isinstance(value, dict):
        return []
    found = list(value.values()) if key == OTHER else [value[key]] if key in value else []
    return [inner for each in found for inner in _values_at(each, rest)]


def _changed(value: Any, path: tuple[str, ...], schema: Schema, change: Callable[[Any], list[Any]]) -> Iterator[Any]:
    """Copies of `value` with another one at `path`; what is not there on the way is made as `schema` wants it."""
    if not path:
        yield from change(value)
        return
    key, rest = path[0], path[1:]
    inner = _at(schema, (key,))
    if key == ITEM:
        rows = value if isinstance(value, list) and value else (samples(inner)[:1] or [None])
        for each in _changed(rows[0], rest, inner, change):
            yield [each, *rows[1:]]
        return
    if not isinstance(value, dict):
        return
    name = OTHER_KEY if key == OTHER else key
    start = (
        value[name]
        if name in value
        else next((each for each in samples(inner) if not rest or isinstance(each, dict | list)), None)
    )
    for each in _changed(start, rest, inner, change):
        yield {**value, name: each}


def _without(found: Any, key: str) -> Any:
    return {name: each for name, each in found.items() if name != key} if isinstance(found, dict) else found
