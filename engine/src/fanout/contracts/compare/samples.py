"""Values that a schema allows, small ones first: at its bounds, at those that another schema has, and between."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final

from fanout.contracts.compare import schemas
from fanout.contracts.compare.schemas import Schema, as_schema, of_key
from fanout.contracts.compare.strings import LONGEST, matching

MOST, DEEPEST = 120, 8
MANY = 64
"""Items and fields that an example has at most."""
_FORMATS: Final = {
    "date-time": "2026-01-15T09:30:00Z", "date": "2026-01-15", "time": "09:30:00Z", "email": "someone@example.com",
    "uri": "https://example.com/a", "uri-reference": "/a", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "hostname": "example.com",
    "uuid": "00000000-0000-4000-8000-000000000001", "regex": "a", "json-pointer": "/a", "duration": "P1D",
}  # fmt: skip
_STRINGS: Final = (*_FORMATS.values(), "", "a", "A", "1", "a b", "é", "order.v1", "\n")
_ANY: Final[tuple[Any, ...]] = (None, True, False, 0, 1, -1, 0.5, "", "a", [], [0], {}, {"a": 0})


def samples(schema: Schema, near: Iterable[Schema] = (), depth: int = 0) -> list[Any]:
    """Of what it allows (formats too), at most MOST; `near`: schemas whose sizes and bounds are of interest."""
    return [*json.loads(_samples(json.dumps(schema), json.dumps([*near]), depth))]


@lru_cache(1_000)
def _samples(schema: str, near: str, depth: int) -> str:
    """Each place's are wanted once for each gap. As text, since whoever has them may change them."""
    return json.dumps(_made(json.loads(schema), json.loads(near), depth))


def _made(schema: Schema, near: list[Schema], depth: int) -> list[Any]:
    found: dict[str, Any] = {}
    is_allowed = schemas.judge(schema, formats=True)
    for each in islice(_candidates(schema, near, depth), 20 * MOST):
        if len(found) == MOST:
            break
        written = schemas.written(each)
        if written not in found and is_allowed(each):
            found[written] = each
    return [*found.values()]


def _candidates(schema: Schema, near: list[Schema], depth: int) -> Iterator[Any]:
    if isinstance(schema, bool):
        yield from _ANY if schema else ()
        return
    yield from schemas.finite(schema) or ()
    wanted = [each for each in near if isinstance(each, dict)]
    for key in ("anyOf", "oneOf", "allOf"):
        for member in schema.get(key, ()):
            rest = {name: each for name, each in schema.items() if name != key}
            yield from _candidates(schemas.merge(rest, member) or member, near, depth)
    for other in (*wanted, schema):
        yield from schemas.finite(other) or ()
    kinds = schemas.kinds_of(schema)
    ways: dict[str, Callable[[], Iterator[Any]]] = {
        "string": lambda: _strings(schema, wanted),
        "integer": lambda: _numbers([schema, *wanted], whole=True),
        "fraction": lambda: _numbers([schema, *wanted], whole=False),
        "object": lambda: _objects(schema, wanted, depth),
        "array": lambda: _arrays(schema, wanted, depth),
        "boolean": lambda: iter((True, False)),
        "null": lambda: iter((None,)),
    }
    for kind, way in ways.items():
        if kind in kinds and depth < DEEPEST:
            yield from islice(way(), 4 * MOST)


def _sizes(kind: str, all_of: list[dict[str, Any]], most: int) -> list[int]:
    """Those of each bound, and one less and one more."""
    named = [
        each[key] for each in all_of for key in (f"min{kind}", f"max{kind}") if isinstance(each.get(key), int | float)
    ]
    near = {int(size) + step for size in named for step in (-1, 0, 1)}
    return sorted(size for size in near | {0, 1, 2, 3} if 0 <= size <= most)


def _strings(schema: dict[str, Any], near: list[dict[str, Any]]) -> Iterator[str]:
    patterns = [each["pattern"] for each in (schema, *near) if isinstance(each.get("pattern"), str)]
    made = [each for pattern in patterns for each in matching(pattern)]
    formats = [_FORMATS[each["format"]] for each in (schema, *near) if each.get("format") in _FORMATS]
    yield from chain(formats, made)
    for size in _sizes("Length", [schema, *near], LONGEST):
        for each in (*made[:4], "a"):
            yield (each * (size // max(len(each), 1) + 1))[:size] if each else ""
            yield each[:1] + (each[-1:] or "a") * (size - 1) if size and each else ""
        for each in made[:2]:
            yield from (_stretched(each, place, size) for place in range(min(len(each), 12)))
    yield from _STRINGS
    for each in made[:6]:
        yield from (f"{each} ", f" {each}", f"{each}é", each.upper(), each.lower(), f"{each}!", f"{each}_", f"{each}1")


def _stretched(text: str, place: int, size: int) -> str:
    """As long as that, by repeating one character."""
    return text[:place] + text[place] * (size - len(text) + 1) + text[place + 1 :]


def _numbers(all_of: list[dict[str, Any]], *, whole: bool) -> Iterator[float]:
    keys = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    named = [each[key] for each in all_of for key in keys if isinstance(each.get(key), int | float)]
    steps = [each["multipleOf"] for each in all_of if isinstance(each.get("multipleOf"), int | float)]
    if whole:
        yield from (int(each) + step for each in named for step in (0, -1, 1))
        yield from (0, 1, -1, 2, 3, 5, 7, 10, 100, -100, 10**6)
        yield from (int(step * times) for step in steps for times in (1, 2, 3, -1, 7))
    else:
        yield from (each + step for each in named for step in (0.0, -0.5, 0.5, -0.25))
        yield from (0.5, -0.5, 1.5, 0.1, 0.25, 100.5)
        yield from (float(step * times) for step in steps for times in (1, 2, 3, -1))


def _arrays(schema: dict[str, Any], near: list[dict[str, Any]], depth: int) -> Iterator[list[Any]]:
    items = schema.get("items", True)
    if isinstance(items, list):
        yield [next(iter(samples(each, (), depth + 1)), None) for each in items]
        return
    wanted = [as_schema(each.get("items", True)) for each in near if not isinstance(each.get("items"), list)]
    some = samples(as_schema(items), wanted, depth + 1)
    for size in _sizes("Items", [schema, *near], MANY):
        yield some[:size] if len(some) >= size else (some * MANY)[:size]
        yield some[:1] * size
    yield from ([each] for each in some)


def _objects(schema: dict[str, Any], near: list[dict[str, Any]], depth: int) -> Iterator[dict[str, Any]]:
    required, properties = schema.get("required", ()), schema.get("properties", {})
    some = {
        name: samples(of_key(schema, name), [of_key(each, name) for each in near], depth + 1)
        for name in dict.fromkeys((*required, *properties))
    }
    full = {name: each[0] for name, each in some.items() if each}
    least = {name: each for name, each in full.items() if name in required}
    yield from (least, full)
    for name in full:
        yield {key: each for key, each in full.items() if key != name}
        yield {**least, name: full[name]}
    for name, values in some.items():
        yield from ({**least, name: each} for each in values[1:])
    for size in _sizes("Properties", [schema, *near], MANY):
        free = samples(as_schema(schema.get("additionalProperties", True)), (), depth + 1)[:1]
        yield {**least, **{f"extra_{place}": each for each in free for place in range(size - len(least))}}
        yield dict(list(full.items())[:size])
    for pattern in (each for one in (schema, *near) for each in one.get("patternProperties", ())):
        for key in matching(pattern)[:3]:
            yield from ({**least, key: value} for value in samples(of_key(schema, key), (), depth + 1)[:3])
