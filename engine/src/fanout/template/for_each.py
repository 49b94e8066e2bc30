"""Expands `Fn::ForEach`, which only repeats text, wherever it stands in a template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

PREFIX = "Fn::ForEach::"
MOST_COPIES = 5_000
"""Of a template: ten times the resources that CloudFormation takes."""

Collection = Callable[[Any], list[str] | None]
"""The texts a loop runs over, from what stands there; None when only the deployment knows them."""


class _Loops:
    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self.copies = 0
        self.unexpanded: list[str] = []

    def expand(self, node: Any, depth: int = 0) -> Any:
        if depth > 60:
            return node
        if isinstance(node, list):
            return [self.expand(each, depth + 1) for each in node]
        if not isinstance(node, dict):
            return node
        found: dict[Any, Any] = {}
        for key, each in node.items():
            if isinstance(key, str) and key.startswith(PREFIX):
                copies = self._copies(key, each, depth)
                found |= {key: each} if copies is None else copies
            else:
                found[key] = self.expand(each, depth + 1)
        return found

    def _copies(self, key: str, loop: Any, depth: int) -> dict[str, Any] | None:
        items = self._items(loop)
        if items is None:
            self.unexpanded.append(key)
            return None
        found: dict[str, Any] = {}
        for item in items:
            self.copies += 1
            if self.copies > MOST_COPIES:
                self.unexpanded.append(key)
                return None
            found |= self.expand(_replaced(loop[2], loop[0], item), depth + 1)
        return found

    def _items(self, loop: Any) -> list[str] | None:
        """None for what is no loop, or of which the items are not known."""
        if (
            not isinstance(loop, list)
            or len(loop) != 3
            or not isinstance(loop[0], str)
            or not isinstance(loop[2], dict)
        ):
            return None
        return self.collection(loop[1])


def expand(body: dict[str, Any], collection: Collection) -> tuple[dict[str, Any], list[str]]:
    """`body` with its loops written out, and the names of the loops that could not be."""
    loops = _Loops(collection)
    expanded = loops.expand(body)
    return expanded, sorted(set(loops.unexpanded))


def has_loops(keys: Iterable[Any]) -> bool:
    """Of the keys anywhere in a template."""
    return any(isinstance(key, str) and key.startswith(PREFIX) for key in keys)


def _replaced(node: Any, name: str, item: str) -> Any:
    """`${name}` as it is, `&{name}` with letters and digits only (for logical ids), and a Ref of the name."""
    if isinstance(node, str):
        plain = re.sub("[^A-Za-z0-9]", "", item)
        return node.replace("${" + name + "}", item).replace("&{" + name + "}", plain)
    if isinstance(node, list):
        return [_replaced(each, name, item) for each in node]
    if isinstance(node, dict):
        if node == {"Ref": name}:
            return item
        return {_replaced(key, name, item): _replaced(each, name, item) for key, each in node.items()}
    return node
