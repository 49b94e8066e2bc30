"""Pairs stacks and their resources, and says of each pair what would happen to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fanout.diff.change import Change, change
from fanout.diff.delivery import delivery_changes
from fanout.diff.failures import failure_changes
from fanout.diff.messaging import messaging_changes
from fanout.diff.moves import Moves, find_moves, renamed
from fanout.diff.policies import policy_changes
from fanout.diff.readers import reader_changes
from fanout.diff.replacing import replacements
from fanout.diff.resources import added, removed, replaced, updated
from fanout.diff.subscribers import changed_subscribers
from fanout.diff.unchanged import unchanged
from fanout.template.linking import link
from fanout.template.template import Template


def compare_stacks(old: Mapping[str, Template], new: Mapping[str, Template]) -> list[Change]:
    """Stacks are paired by name; one template on each side is a pair whatever they are called."""
    if len(old) == len(new) == 1:
        pairs = [(next(iter(old.values())), next(iter(new.values())))]
    else:
        pairs = [(old[name], new[name]) for name in sorted(old.keys() & new.keys())]
    found = [each for pair in pairs for each in compare(*pair)]
    paired = {id(each) for pair in pairs for each in pair}
    gone = [each for each in old.values() if id(each) not in paired]
    made = [each for each in new.values() if id(each) not in paired]
    found += [change("stack-removed", each, f"with {len(each.resources)} resources") for each in gone]
    return found + [change("stack-added", each, f"with {len(each.resources)} resources") for each in made]


def compare(old: Template, new: Template) -> list[Change]:
    """What a deployment of `new` over `old` would do. Dangers first."""
    if old.body == new.body:
        return []
    moves = find_moves(old, new)
    before = renamed(old, moves)
    for template in (before, new):
        link([template])
    found = list(dict.fromkeys(_changes(before, new, moves)))
    return sorted(found, key=lambda each: not each.danger)


def _changes(old: Template, new: Template, moves: Moves) -> Iterator[Change]:
    """Of two templates in which moved resources already have the same logical ids."""
    same = unchanged(old, new)
    subscribers, theirs = changed_subscribers(old, new)
    yield from subscribers
    came_from = {after: before for before, after in moves.items()}
    forced = replacements(old, new, came_from, same)
    for logical_id, resource in old.resources.items():
        after = new.resources.get(logical_id)
        if after is None:
            yield from () if logical_id in theirs else removed(resource, new)
            continue
        if logical_id in forced:
            yield replaced(resource, after, forced[logical_id], moved=logical_id in came_from)
        if logical_id not in same:
            found, told = messaging_changes(resource, after)
            yield from () if logical_id in forced else updated(resource, after, told)
            yield from found
    yield from reader_changes(old, new, ignored=theirs, same=same)
    yield from policy_changes(old, new, ignored=theirs, same=same)
    yield from delivery_changes(old, new, ignored=theirs)
    yield from failure_changes(old, new)
    known = {*old.resources, *theirs}
    yield from (added(each) for each in new.resources.values() if each.id not in known)
