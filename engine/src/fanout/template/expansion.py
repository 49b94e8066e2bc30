"""What a template becomes before it is deployed, as far as that can be worked out here: loops, and SAM's resources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fanout.template import for_each, sam
from fanout.template.nested import Shape, shape_of


@dataclass(frozen=True)
class Expansion:
    """`loops` run over what only the deployment knows; `why_not_sam` says why what SAM writes is not here; a fragment has SAM's
    types and does not say that they are SAM's: the rest of it is in another file."""

    body: dict[str, Any]
    loops: list[str] = field(default_factory=list)
    why_not_sam: str | None = None
    is_fragment: bool = False
    keys: frozenset[Any] = frozenset()
    """Of all objects in it: what is none of them need not be looked for."""


def expand(
    body: dict[str, Any], shape: Shape, collection: for_each.Collection, values: Callable[[], dict[str, Any]]
) -> Expansion:
    """Loops first, which may make resources of SAM. `values` are those of the parameters."""
    loops: list[str] = []
    keys = shape.keys
    if for_each.has_loops(keys):
        body, loops = for_each.expand(body, collection)
        keys = shape_of(body).keys
    if not sam.is_sam(body):
        return Expansion(body, loops, keys=keys)
    is_fragment = not sam.is_transformed(body)
    body, why = sam.expand(body, values())
    return Expansion(body, loops, why, is_fragment, shape_of(body).keys)
