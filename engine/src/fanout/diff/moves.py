"""Resources whose logical id changed: to CloudFormation they are one resource removed and another added."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from fanout.diff.change import name_of
from fanout.template.template import Resource, Template
from fanout.template.values import shown

Moves = dict[str, str]
"""Old logical id to new logical id."""

ALIKE = 0.85
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)")
_REFERENCES = ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::ImportValue")


def find_moves(old: Template, new: Template) -> Moves:
    """Pairs of a removed and an added resource of one type that are the same but for their logical ids."""
    gone = [each for each in old.resources.values() if each.id not in new.resources]
    come = [each for each in new.resources.values() if each.id not in old.resources]
    scored = [(_likeness(before, after), before.id, after.id) for before in gone for after in come]
    moves: Moves = {}
    for likeness, before_id, after_id in sorted(scored, key=lambda each: (-each[0], each[1:])):
        if likeness >= ALIKE and before_id not in moves and after_id not in moves.values():
            moves[before_id] = after_id
    for before, after in _in_renamed_constructs(old, new, moves, gone, come):
        if before not in moves and after not in moves.values():
            moves[before] = after
    return moves


def _in_renamed_constructs(
    old: Template, new: Template, moves: Moves, gone: list[Resource], come: list[Resource]
) -> Iterator[tuple[str, str]]:
    """What else is in a construct that was renamed keeps its place in it, whatever its properties are."""
    constructs = {_constructs(name_of(old.resources[was]), name_of(new.resources[now])) for was, now in moves.items()}
    places = {(each.type, name_of(each)): each.id for each in come}
    for each in gone:
        for was, now in sorted(constructs):
            name = name_of(each)
            place = (each.type, now + name.removeprefix(was))
            if name.startswith(f"{was}/") and place in places:
                yield each.id, places[place]


def _constructs(was: str, now: str) -> tuple[str, str]:
    """The constructs in which two paths differ: their common end taken off."""
    before, after = was.split("/"), now.split("/")
    while len(before) > 1 and len(after) > 1 and before[-1] == after[-1]:
        before.pop()
        after.pop()
    return "/".join(before), "/".join(after)


def renamed(template: Template, moves: Moves) -> Template:
    """The template with the new logical ids in the place of the old ones, so that only real changes are left."""
    if not moves:
        return template
    return Template(_renamed(template.body, moves), name=template.name, production=template.production)


def _renamed(node: Any, moves: Moves) -> Any:
    if isinstance(node, list):
        return [_renamed(each, moves) for each in node]
    if isinstance(node, dict):
        return {moves.get(key, key): _renamed(each, moves) for key, each in node.items()}
    if not isinstance(node, str):
        return node
    name, dot, attribute = node.partition(".")
    if name in moves:
        return moves[name] + dot + attribute
    return _VARIABLE.sub(lambda match: "${" + moves.get(match[1], match[1]), node) if "${" in node else node


def _likeness(before: Resource, after: Resource) -> float:
    """1 and more for the same properties; else how alike the construct paths are."""
    if before.type != after.type or not before.type:
        return 0
    paths = SequenceMatcher(None, name_of(before), name_of(after)).ratio()
    same_place = name_of(before).rpartition("/")[2] == name_of(after).rpartition("/")[2]
    same = masked(before.body.get("Properties")) == masked(after.body.get("Properties"))
    return paths + 1 if same and (same_place or paths >= ALIKE or "/" not in before.path) else paths


def masked(node: Any, depth: int = 0) -> str:
    """Properties as text, with every reference the same: a rename changes references everywhere."""
    return json.dumps(_masked(node, depth), sort_keys=True, default=shown)


def _masked(node: Any, depth: int) -> Any:
    if depth > 60:
        return None
    if isinstance(node, list):
        return [_masked(each, depth + 1) for each in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and next(iter(node)) in _REFERENCES:
        return "<reference>"
    return {str(key): _masked(each, depth + 1) for key, each in node.items()}
