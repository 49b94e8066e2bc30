"""Walking through JSON of any depth, without recursion and past its texts and numbers, which are most of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CONTAINERS = (dict, list)
PLAIN = frozenset({str, int, float, bool, type(None)})
"""Classes of what has nothing below it: by far most of a template, so it is asked first, and by class."""


@dataclass(frozen=True)
class Shape:
    """`keys` of all objects, and how many levels deep they lie."""

    keys: frozenset[Any]
    depth: int


def shape_of(node: Any) -> Shape:
    keys: set[Any] = set()
    depth, level = 0, [node] if isinstance(node, CONTAINERS) else []
    while level:
        depth += 1
        keys.update(*(each for each in level if isinstance(each, dict)))
        level = [
            inside
            for each in level
            for inside in (each.values() if isinstance(each, dict) else each)
            if inside.__class__ not in PLAIN and isinstance(inside, CONTAINERS)
        ]
    return Shape(frozenset(keys), depth)


def objects(node: Any) -> Iterator[dict[Any, Any]]:
    """Every object below `node`, and `node` if it is one."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += [inside for inside in each.values() if inside.__class__ not in PLAIN]
        elif isinstance(each, list):
            waiting += [inside for inside in each if inside.__class__ not in PLAIN]
