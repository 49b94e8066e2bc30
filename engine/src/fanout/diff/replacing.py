"""Which resources CloudFormation would replace."""

from __future__ import annotations

import json
from collections.abc import Set
from typing import Any

from fanout.diff.schemas import create_only
from fanout.template.nested import PLAIN
from fanout.template.template import Resource, Template
from fanout.template.values import UNKNOWN, External, Missing, Text, Value, shown

_UNSEEN = "what is not seen"


def replacements(old: Template, new: Template, came_from: dict[str, str], same: Set[str]) -> dict[str, str]:
    """Logical id to the reason, of every resource that is in both templates and would be made anew.

    `came_from` gives the former logical id of those that moved; those of `same` mean the same.
    """
    found = {after: f"its logical id moves from {before} to {after}" for after, before in came_from.items()}
    for logical_id, before in old.resources.items():
        after = new.resources.get(logical_id)
        if after is not None and logical_id not in found and logical_id not in same:
            reason = _reason(before, after)
            if reason is not None:
                found[logical_id] = reason
    _spread(new, found)
    return {logical_id: reason for logical_id, reason in found.items() if logical_id in old.resources}


def _reason(before: Resource, after: Resource) -> str | None:
    if before.type != after.type:
        return f"its type changes from {before.type} to {after.type}"
    for path in create_only(before.type):
        was, is_now = _at(before, path), _at(after, path)
        if not (was.__class__ in PLAIN and is_now.__class__ in PLAIN):
            was, is_now = _meant(before, after, path) or (was, is_now)
        if was != is_now:
            return f"{'.'.join(path)} changes{_values(was, is_now)} and cannot be changed in place"
    return None


def _spread(new: Template, found: dict[str, str]) -> None:
    """A replaced resource has a new ARN: what names it in a property that cannot be changed is replaced as well."""
    waiting = list(found)
    while waiting:
        source = waiting.pop()
        for resource in new.resources.values():
            if resource.id in found or source not in new.dependencies[resource.id]:
                continue
            for path in create_only(resource.type):
                if _mentions(_at(resource, path), source):
                    found[resource.id] = f"its {'.'.join(path)} is {source}, which is replaced"
                    waiting.append(resource.id)
                    break


def _at(resource: Resource, path: tuple[str, ...]) -> Any:
    found: Any = resource.body.get("Properties")
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _meant(before: Resource, after: Resource, path: tuple[str, ...]) -> tuple[Any, Any] | None:
    """What the two say once mappings and parameters are filled in; None where one of them cannot be seen."""
    was, is_now = (json.dumps(each.get(*path), sort_keys=True, default=_seen) for each in (before, after))
    return None if _UNSEEN in was + is_now else (json.loads(was), json.loads(is_now))


def _seen(value: Value) -> str:
    """What only the deployment is told, a parameter, is not."""
    parts = value.parts if isinstance(value, Text) else (value,)
    return _UNSEEN if any(map(_is_hidden, parts)) else shown(value)


def _is_hidden(part: Value) -> bool:
    given = isinstance(part, External) and part.name.startswith("parameter ")
    return given or part is UNKNOWN or isinstance(part, Missing)


def _mentions(node: Any, logical_id: str) -> bool:
    return logical_id in str(node)


def _values(was: Any, is_now: Any) -> str:
    plain = all(each is None or isinstance(each, str | int | bool) for each in (was, is_now))
    return f" from {was} to {is_now}" if plain else ""
