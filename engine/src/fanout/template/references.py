"""The names in a template's intrinsic functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from fanout.template.nested import objects
from fanout.template.values import as_list

_FUNCTIONS = frozenset({"Ref", "Fn::GetAtt", "Fn::Sub"})
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9.:]+)\}")


def referred_in(value: Any) -> set[str]:
    """The names in all intrinsic functions, however deep in it they are."""
    return referred_by(objects(value))


def referred_by(nodes: Iterable[dict[str, Any]]) -> set[str]:
    """The names in those of the objects that are intrinsic functions."""
    return {name for each in nodes if not _FUNCTIONS.isdisjoint(each) for name in referred(each)}


def referred(node: dict[str, Any]) -> Iterator[str]:
    """The names in an object that is an intrinsic function."""
    if isinstance(node.get("Ref"), str):
        yield node["Ref"]
    attribute = as_list(node["Fn::GetAtt"])[:1] if "Fn::GetAtt" in node else ()
    if attribute and isinstance(attribute[0], str):
        yield attribute[0].partition(".")[0]
    text = as_list(node["Fn::Sub"])[:1] if "Fn::Sub" in node else ()
    if text and isinstance(text[0], str):
        yield from (name.partition(".")[0] for name in _VARIABLE.findall(text[0]))
