"""The tasks of a state machine, wherever its definition is written.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fanout.template.template import Resource
from fanout.template.values import UNKNOWN, Text, Value


def tasks(machine: Resource) -> Iterator[dict[str, Any]]:
    """Each state of the type Task; none where the definition cannot be seen."""
    return _tasks_in(_definition(machine))


def _definition(machine: Resource) -> Value:
    """As an object, or as a text with references in it, which are put back where they stood."""
    given = machine.get("Definition") or machine.get("DefinitionString")
    parts = given.parts if isinstance(given, Text) else (given,) if isinstance(given, str) else None
    if parts is None:
        return given
    known = {f"@{number}@": part for number, part in enumerate(parts) if not isinstance(part, str)}
    text = "".join(part if isinstance(part, str) else f"@{number}@" for number, part in enumerate(parts))
    substituted = machine.get("DefinitionSubstitutions")
    if isinstance(substituted, dict):
        for name, value in substituted.items():
            known[f"@{name}@"] = value
            text = text.replace("${" + name + "}", f"@{name}@")
    try:
        return _put_back(json.loads(text), known)
    except (ValueError, RecursionError):
        return UNKNOWN


def _put_back(node: Any, known: dict[str, Value]) -> Value:
    if isinstance(node, dict):
        return {key: _put_back(each, known) for key, each in node.items()}
    if isinstance(node, list):
        return [_put_back(each, known) for each in node]
    return known.get(node, node) if isinstance(node, str) else node


def _tasks_in(node: Value) -> Iterator[dict[str, Any]]:
    """Every state of type Task, inside maps and branches too."""
    if isinstance(node, dict):
        if node.get("Type") == "Task":
            yield node
        for each in node.values():
            yield from _tasks_in(each)
    elif isinstance(node, list):
        for each in node:
            yield from _tasks_in(each)
