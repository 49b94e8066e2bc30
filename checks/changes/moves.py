"""Resources whose logical id changed: to CloudFormation they are one resource removed and another added."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from typing import Any

from checks.changes.change import name_of
from checks.template import Resource, Template

Moves = dict[str, str]
"""Old logical id to new logical id."""

ALIKE = 0.85
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
    return moves


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
    return json.dumps(_masked(node, depth), sort_keys=True, default=str)


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
