"""What is worked out once and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

_T = TypeVar("_T")


class Remembering:
    """What is worked out of it, once, until it is forgotten."""

    def __init__(self) -> None:
        self._remembered: dict[Any, Any] = {}

    def remember(self, what: Callable[[Self], _T]) -> _T:
        """`what(self)`, worked out once."""
        if what not in self._remembered:
            self._remembered[what] = what(self)
        found: _T = self._remembered[what]
        return found
