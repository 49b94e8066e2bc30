"""Which resources CloudFormation would replace."""

from __future__ import annotations

from typing import Any

from fanout.diff.schemas import create_only
from fanout.template.template import Resource, Template


def replacements(old: Template, new: Template, came_from: dict[str, str]) -> dict[str, str]:
    """Logical id to the reason, of every resource that is in both templates and would be made anew.

    `came_from` gives the former logical id of those that moved.
    """
    found = {after: f"its logical id moves from {before} to {after}" for after, before in came_from.items()}
    for logical_id, before in old.resources.items():
        after = new.resources.get(logical_id)
        if after is not None and logical_id not in found and after.body != before.body:
            reason = _reason(before, after)
            if reason is not None:
                found[logical_id] = reason
    _spread(new, found)
    return {logical_id: reason for logical_id, reason in found.items() if logical_id in old.resources}


def _reason(before: Resource, after: Resource) -> str | None:
    if before.type != after.type:
        return f"its type changes from {before.type} to {after.type}"
    if before.body.get("Properties") == after.body.get("Properties"):
        return None
    for path in create_only(before.type):
        was, is_now = _at(before, path), _at(after, path)
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


def _mentions(node: Any, logical_id: str) -> bool:
    return logical_id in str(node)


def _values(was: Any, is_now: Any) -> str:
    short = [str(each) for each in (was, is_now)]
    plain = all(each is None or isinstance(each, str | int | bool) for each in (was, is_now))
    return f" from {short[0]} to {short[1]}" if plain else ""
