"""Which functions make further events, of which types, and whom these reach: an event may come back to where it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fanout import names
from fanout.template.filter_policy import matches
from fanout.template.grants import grants_of
from fanout.template.messaging import Subscription, all_mappings, all_subscriptions, function_of
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import FUNCTION, TOPIC
from fanout.template.values import Value, as_list

Emitted = tuple[Resource, str | None]
"""A topic, and the type of the event; None where the function does not say."""


def told(function: Resource) -> list[Emitted]:
    """What its variables say, as `Subscriber(emits=...)` writes them."""
    variables = function.get("Environment", "Variables")
    found = []
    for name, value in variables.items() if isinstance(variables, dict) else ():
        topic = function.template.target(value) if name.startswith(names.EMITS) else None
        if isinstance(topic, Resource) and topic.type == TOPIC:
            about = variables.get(names.EMITTED + name.removeprefix(names.EMITS))
            found.append((topic, _type(about)))
    return found


def emitted(function: Resource) -> list[Emitted]:
    """The same; of another's function the topics that its role names for sns:Publish, and no types."""
    return told(function) or [(topic, None) for topic in _published_to(function)]


def takers(linked: Linked) -> list[tuple[Subscription, Resource]]:
    """Each subscription with the function that works on what it delivers."""
    fed: dict[Resource, list[Resource]] = {}
    for mapping in all_mappings(linked):
        if isinstance(mapping.queue, Resource) and mapping.function is not None:
            fed.setdefault(mapping.queue, []).append(mapping.function)
    found = []
    for each in all_subscriptions(linked):
        if each.queue is not None:
            found += [(each, function) for function in fed.get(each.queue, [])]
        elif each.protocol == "lambda" and (called := function_of(each.resource.template, each.endpoint)) is not None:
            found.append((each, called))
    return found


def lets_through(subscription: Subscription, type_: str | None) -> bool:
    """Unless its filter keeps the type back; of a type that is not known, when it has no filter."""
    policy = subscription.resource.document("FilterPolicy")
    if policy is None:
        return True
    if type_ is None or not isinstance(policy, dict):
        return False
    return matches(policy, {"type": type_}, partial=True) is not False


def takers_of(function: Resource) -> list[Subscription]:
    """The subscriptions whose messages it works on."""
    return function.template.linked.remember(_by_function).get(function, [])


def _by_function(linked: Linked) -> dict[Resource, list[Subscription]]:
    found: dict[Resource, list[Subscription]] = {}
    for subscription, function in linked.remember(takers):
        found.setdefault(function, []).append(subscription)
    return found


def reached(linked: Linked) -> dict[Resource, dict[Resource, str]]:
    """By function: the functions that what it makes reaches, each with the way: a type of event, or a topic."""
    takes: dict[Value, list[tuple[Subscription, Resource]]] = {}
    for subscription, taker in linked.remember(takers):
        if isinstance(subscription.topic, Resource):
            takes.setdefault(subscription.topic, []).append((subscription, taker))
    found: dict[Resource, dict[Resource, str]] = {}
    for function in linked.of(FUNCTION):
        for topic, type_ in emitted(function):
            for subscription, taker in takes.get(topic, ()):
                if lets_through(subscription, type_):
                    found.setdefault(function, {}).setdefault(taker, type_ or topic.path)
    return found


def circles(template: Template) -> Iterator[list[tuple[Resource, str]]]:
    """Each function of the template from which events come back to it by way of others: the functions on the way, and by what."""
    ways = template.linked.remember(reached)
    seen: set[frozenset[Resource]] = set()
    for function in template.of(FUNCTION):
        way = _back(ways, function)
        if len(way) > 1 and frozenset(each for each, _ in way) not in seen:
            seen.add(frozenset(each for each, _ in way))
            yield way


def _back(ways: dict[Resource, dict[Resource, str]], start: Resource) -> list[tuple[Resource, str]]:
    """The shortest way from `start` to itself; empty without one, or when it is one step."""
    before: dict[Resource, Resource] = {}
    open_ = [start]
    while open_:
        here = open_.pop(0)
        for there in ways.get(here, {}):
            if there is start and here is not start:
                path = [here]
                while path[-1] is not start:
                    path.append(before[path[-1]])
                steps = [*reversed(path), start]
                return [(each, ways[each][after]) for each, after in zip(steps, steps[1:], strict=False)]
            if there is not start and there not in before:
                before[there] = here
                open_.append(there)
    return []


def _type(about: object) -> str | None:
    try:
        found = json.loads(about) if isinstance(about, str) else None
    except ValueError:
        return None
    type_ = found.get("type") if isinstance(found, dict) else None
    return type_ if isinstance(type_, str) else None


def _published_to(function: Resource) -> Iterator[Resource]:
    for grant in grants_of(function):
        statement = grant.statement
        if statement is not None and statement.allows and statement.covers("sns:Publish"):
            for each in as_list(statement.body.get("Resource")):
                topic = grant.template.target(each)
                if isinstance(topic, Resource) and topic.type == TOPIC:
                    yield topic
