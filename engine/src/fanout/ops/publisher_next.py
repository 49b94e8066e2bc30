"""Who is ready for a type of event before it is published, by the filters that are deployed now."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fanout.contracts.compare.changes import family
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, Listed, Subscription, all_subscriptions
from fanout.template.filter_policy import leaves

READY, BLIND, MISSES, UNCONCERNED, UNSEEN = "ready", "may not read it", "misses it", "does not take it", "not seen"
_PEOPLE = ("email", "email-json", "sms", "application")
"""Protocols behind which no program of ours reads events."""
FILTER_SECONDS = 15 * 60
"""Until a filter is in effect: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html"""


@dataclass(frozen=True)
class Readiness:
    """One subscriber: `gets` is None where that depends on more than the type, or cannot be seen."""

    subscriber: str
    state: str
    gets: bool | None
    why: str

    @property
    def is_ready(self) -> bool:
        return self.state in (READY, UNCONCERNED)

    def as_dict(self) -> dict[str, Any]:
        ready = {"ready": self.is_ready}
        return {"subscriber": self.subscriber, "state": self.state, "gets": self.gets, **ready, "why": self.why}


def readiness(stack: Stack, type_: str) -> list[Readiness]:
    """Of every subscriber of the stack's topic, in this stack or another. Raises OpsError, and what AWS says of the topic."""
    return sorted(_of_each(stack, type_), key=lambda each: (each.is_ready, each.subscriber))


def _of_each(stack: Stack, type_: str) -> Iterator[Readiness]:
    for each in all_subscriptions(stack.aws, stack.topic_arn):
        if each.protocol in _PEOPLE:
            continue
        name = _name(stack, each)
        if each.filter is None:
            yield Readiness(name, UNSEEN, None, each.unseen)
        else:
            yield Readiness(name, *_judged(each.filter, type_))


def _judged(subscription: Subscription, type_: str) -> tuple[str, bool | None, str]:
    event = KnownEvent({"type": type_}, {"type": type_}, partial=True)
    gets, conditions = subscription.lets_through(event), _type_conditions(subscription)
    named = [each for each in conditions if isinstance(each, str)]
    if gets is False:
        others = [each for each in named if family(each) == family(type_)]
        if not others:
            return UNCONCERNED, False, f"its filter lets through {', '.join(named) or 'other events'}"
        return MISSES, False, f"its filter lets through {', '.join(others)}, and not {type_}: deploy it first"
    if type_ in named:
        return READY, gets, f"its filter names {type_}"
    if not conditions:
        return BLIND, gets, "it has no filter on type: nothing says that its code reads this one"
    return BLIND, gets, f"its filter lets {type_} through without naming it: nothing says that its code reads it"


def _type_conditions(subscription: Subscription) -> list[Any]:
    found = [each for path, conditions in leaves(subscription.policy) if path == "type" for each in _listed(conditions)]
    return found


def _listed(conditions: Any) -> list[Any]:
    return conditions if isinstance(conditions, list) else [conditions]


def _name(stack: Stack, listed: Listed) -> str:
    """The task's, or what its endpoint is called; of an address on the web only what it is, as it may hold a secret."""
    for each in (*stack.subscribers, *stack.deliveries):
        if _is_of(each, listed):
            return each.task
    name = re.split("[:/]", listed.endpoint)[-1]
    return f"{listed.protocol} {name}" if listed.endpoint.startswith("arn:") else listed.protocol


def _is_of(subscriber: DeployedSubscriber, listed: Listed) -> bool:
    if subscriber.subscription_arn:
        return subscriber.subscription_arn == listed.arn
    return bool(subscriber.queue_url) and listed.endpoint.rpartition(":")[2] == subscriber.queue_name
