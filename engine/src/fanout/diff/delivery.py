"""Who could deliver before and cannot now: senders that stop, that are refused, or whose target runs nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fanout.diff.change import Change, change, name_of
from fanout.template.delivery import may_deliver
from fanout.template.links import PIPE, RULE, SCHEDULE, Link
from fanout.template.outputs import is_export
from fanout.template.senders import links
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION
from fanout.template.values import as_number

_STOPPED = {RULE: ("State", "DISABLED"), SCHEDULE: ("State", "DISABLED"), PIPE: ("DesiredState", "STOPPED")}
_WITH_LETTERS = ("rule", "schedule")
"""Of subscriptions it is said as such."""


def delivery_changes(old: Template, new: Template, *, ignored: set[str]) -> Iterator[Change]:
    """Of resources that both have; `ignored` are those of subscribers that come or go, which is said of them."""
    before, after = _by_ends(old), _by_ends(new)
    for ends, was in before.items():
        owner, target = (new.resources.get(each) for each in ends)
        if ignored & set(ends) or target is None:
            continue
        now = after.get(ends)
        if now is None:
            yield from _gone(was, owner, target)
            continue
        if was.kind in _WITH_LETTERS and was.dead_letter_queue is not None and now.dead_letter_queue is None:
            lost = f"what it cannot deliver to {name_of(target)} goes nowhere any more"
            yield change("dead-letter-queue-lost", now.owner, lost)
        if may_deliver(now) is False and may_deliver(was) is not False:
            yield change("delivery-refused", target, f"{now.name} may not deliver to it any more")
    for logical_id, resource in old.resources.items():
        stays = new.resources.get(logical_id)
        if stays is not None and stays.type == resource.type:
            yield from _stopped(resource, stays)
    yield from _exports(old, new)


def _by_ends(template: Template) -> dict[tuple[str, str], Link]:
    """By the logical ids of owner and target."""
    found = [(each.owner.id, each.target.id, each) for each in links(template) if isinstance(each.target, Resource)]
    return {(owner, target): each for owner, target, each in found}


def _gone(was: Link, owner: Resource | None, target: Resource) -> Iterator[Change]:
    if was.kind != "topic":  # of subscriptions it is said as such
        yield change("sender-stopped", owner or target, f"{was.name} sends nothing to {name_of(target)} any more")


def _stopped(before: Resource, after: Resource) -> Iterator[Change]:
    if after.type in _STOPPED:
        key, word = _STOPPED[after.type]
        if after.get(key) == word and before.get(key) != word:
            yield change("sender-stopped", after, f"{key} is {word} from now on")
    if after.type == FUNCTION and after.get("ReservedConcurrentExecutions") is not None:
        was, now = (as_number(each.get("ReservedConcurrentExecutions"), 1.0) for each in (before, after))
        if now == 0 and was != 0:
            said = "ReservedConcurrentExecutions is 0 from now on: no invocation runs, and messages become dead letters unseen"
            yield change("function-stopped", after, said)


def _exports(old: Template, new: Template) -> Iterator[Change]:
    """By name: CloudFormation refuses to remove one that is imported."""
    after = {_name(each) for each in new.outputs.values() if is_export(each)}
    for output in old.outputs.values():
        if is_export(output) and _name(output) not in after:
            yield change(
                "export-removed", new, f"the export {_name(output)} is removed, which another stack may import"
            )


def _name(output: dict[str, Any]) -> str:
    return str(output["Export"]["Name"])
