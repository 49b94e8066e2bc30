"""Resources of which perhaps only one is deployed."""

from __future__ import annotations

from fanout.template.template import Resource


def open_condition(resource: Resource) -> str | None:
    """The condition that decides whether it is deployed, when that is not known: two that differ may exclude each other."""
    named = resource.body.get("Condition")
    return named if isinstance(named, str) and resource.template.conditions.get(named) is None else None
