"""Subscribers that come and go, and what belongs to one of them alone: of that nothing else is said."""

from __future__ import annotations

from fanout.checks.rules.stateful import KEPT
from fanout.diff.change import Change, change, name_of
from fanout.diff.resources import STACKS, is_kept
from fanout.template.dead_letters import dead_letter_queue_of
from fanout.template.messaging import Subscription, mappings, subscriptions
from fanout.template.senders import links
from fanout.template.template import Resource, Template
from fanout.template.types import ALARM, FUNCTION, MAPPING, QUEUE, TOPIC
from fanout.template.values import Value, shown

_HOLDING = frozenset({*KEPT, *STACKS, QUEUE, TOPIC})


def changed_subscribers(old: Template, new: Template) -> tuple[list[Change], set[str]]:
    """Subscribers that come and go, and the logical ids of what comes and goes with them."""
    found, theirs = [], set[str]()
    for here, there, told in ((old, new, _removed), (new, old, _added)):
        by_queue = {each.queue.id: (each.queue, each) for each in subscriptions(here) if each.queue is not None}
        for logical_id, (queue, subscription) in by_queue.items():
            if logical_id not in there.resources:
                found.append(told(queue, subscription, there))
                theirs |= {each for each in _parts(subscription) if each not in there.resources}
    return found, theirs


def _added(queue: Resource, subscription: Subscription, old: Template) -> Change:
    """What an earlier one of this name left behind is no part of it."""
    before = ""
    if is_kept(queue, "DeletionPolicy"):
        before = "; what waits in queues that an earlier one of this name left is stranded there"
    return change("subscriber-added", queue, f"the task {_task(subscription)} gets events from now on{before}")


def _removed(queue: Resource, subscription: Subscription, new: Template) -> Change:
    """What becomes of the messages that wait."""
    kept = is_kept(queue, "DeletionPolicy")
    function = _called_instead(subscription, new)
    if function is not None:
        waiting = "stays there, and nobody reads it" if kept else "is deleted"
        gone = [each for each in (queue, dead_letter_queue_of(queue)) if isinstance(each, Resource)]
        where = " and ".join(name_of(each) for each in gone if each.id not in new.resources)
        said = f"its topic calls {name_of(function)} itself from now on; what waits in {where} at that moment {waiting}"
        return change("queue-given-up", queue, said)
    waiting = "are deleted with what waits in them"
    if kept:
        waiting = "stay, and nobody reads what waits in them; added again, the task gets new ones"
    said = f"the task {_task(subscription)} gets no more events; its queues {waiting}"
    return change("subscriber-removed", queue, said)


def _called_instead(subscription: Subscription, new: Template) -> Resource | None:
    """The function that the queue fed, or a new one in its construct, where the same topic calls it in the new template."""
    old = subscription.resource.template
    fed = {each.function.id for each in mappings(old) if each.function and each.queue == subscription.queue}
    for link in links(new):
        found = link.target
        if link.kind != "topic" or not isinstance(found, Resource) or found.type != FUNCTION:
            continue
        is_new = found.id not in old.resources and name_of(found).rpartition("/")[0] == _task(subscription)
        if _id(link.source) == _id(subscription.topic) and (found.id in fed or is_new):
            return found
    return None


def _id(value: Value) -> str:
    return value.id if isinstance(value, Resource) else shown(value)


def _task(subscription: Subscription) -> str:
    """`SendConfirmation` for its queue `SendConfirmation/Queue`."""
    name = name_of(subscription.queue) if subscription.queue else subscription.resource.id
    return name.rpartition("/")[0] or name


def _parts(subscription: Subscription) -> set[str]:
    """What belongs to one subscriber alone: its queues, what hangs on them and on no other, and what is inside its construct.

    A construct that holds more than its queues is not its own.
    """
    template = subscription.resource.template
    queue = subscription.queue
    dead = [subscription.dead_letter_queue, dead_letter_queue_of(queue) if queue else None]
    heart = {
        each.id for each in (queue, subscription.resource, *dead) if isinstance(each, Resource) and each.type != TOPIC
    }
    hangs = template.remember(_hanging)
    hanging = {each.id for id_ in heart for each in hangs.get(id_, ()) if _is_of(each, heart)}
    inside = template.remember(_by_construct).get(_task(subscription), [])
    if any(each.type in _HOLDING and each.id not in heart for each in inside):
        inside = []
    return heart | hanging | {each.id for each in inside}


def _hanging(template: Template) -> dict[str, list[Resource]]:
    """By the logical id of what they need."""
    found: dict[str, list[Resource]] = {}
    for each in template.of(ALARM, MAPPING, "AWS::SQS::QueuePolicy"):
        for needed in template.dependencies[each.id]:
            found.setdefault(needed, []).append(each)
    return found


def _is_of(hanging: Resource, heart: set[str]) -> bool:
    """An alarm or a policy of other queues as well is not one subscriber's."""
    template = hanging.template
    others = template.dependencies[hanging.id] - heart
    return hanging.type == MAPPING or all(template.resources[each].type != QUEUE for each in others)


def _by_construct(template: Template) -> dict[str, list[Resource]]:
    """By every construct around them."""
    found: dict[str, list[Resource]] = {}
    for each in template.resources.values():
        construct = name_of(each) if "/" in each.path else ""
        while construct := construct.rpartition("/")[0]:
            found.setdefault(construct, []).append(each)
    return found
