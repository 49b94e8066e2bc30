"""Which queues take what could not be processed, whoever names them so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from fanout.template.references import referred
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import QUEUE, SUBSCRIPTION
from fanout.template.values import Value, as_number

_DEAD_LETTER_WORDS = ("deadletter", "dead_letter", "onfailure", "dlq")


def dead_letter_target(template: Template, owner: Resource) -> Value:
    policy = owner.document("RedrivePolicy")
    if not isinstance(policy, dict):
        return policy
    found = template.target(policy.get("deadLetterTargetArn"))
    return found


def dead_letter_queue_of(queue: Resource) -> Value:
    """What the queue's RedrivePolicy leads to; None without one, UNKNOWN when it cannot be seen."""
    return dead_letter_target(queue.template, queue)


def attempts_of(queue: Resource) -> float | None:
    policy = queue.document("RedrivePolicy")
    return as_number(policy.get("maxReceiveCount")) if isinstance(policy, dict) else None


def dead_letter_queues(template: Template) -> set[Resource]:
    """Every queue that something names as the place for what it could not process, here or in a template beside."""
    return template.linked.remember(_all_dead_letter_queues)


def _all_dead_letter_queues(linked: Linked) -> set[Resource]:
    return {each for template in linked.templates for each in _dead_letter_queues(template)}


def message_dead_letter_queues(template: Template) -> set[Resource]:
    """Dead-letter queues of queues and subscriptions."""
    return template.linked.remember(_message_dead_letter_queues)


def _message_dead_letter_queues(linked: Linked) -> set[Resource]:
    found = (dead_letter_target(each.template, each) for each in linked.of(QUEUE, SUBSCRIPTION))
    return {each for each in found if isinstance(each, Resource)}


FAILURE_WORDS = ("DeadLetterConfig", "OnFailure")
"""Properties of functions, rules, schedules, mappings and pipes that name where failures go."""


def failure_queues(template: Template) -> set[Resource]:
    """Dead-letter queues of whatever has one, here or in a template beside."""
    return template.linked.remember(_all_failure_queues)


def _all_failure_queues(linked: Linked) -> set[Resource]:
    named = {each for template in linked.templates for each in _failure_queues(template)}
    return linked.remember(_message_dead_letter_queues) | named


def _failure_queues(template: Template) -> list[Resource]:
    found = [
        each
        for resource in template.remember(_with_a_word)
        for each in _named(template, resource.properties, FAILURE_WORDS.__contains__)
    ]
    return [each for each in found if each.type == QUEUE]


def _with_a_word(template: Template) -> list[Resource]:
    """The resources, few of all, in which such a word is a key: FAILURE_WORDS have one of these words in them."""
    words = {each for each in template.expansion.keys if _is_dead_letter_word(str(each))}
    return [
        resource
        for resource in template.resources.values()
        if words and any(not words.isdisjoint(each) for each in resource.objects)
    ]


def _named(template: Template, node: Value, is_word: Callable[[str], bool], inside: bool = False) -> Iterator[Resource]:
    """Resources that a resolved value leads to, somewhere under a key that `is_word`."""
    if isinstance(node, dict):
        for key, each in node.items():
            yield from _named(template, each, is_word, inside or is_word(key))
    elif isinstance(node, list):
        for each in node:
            yield from _named(template, each, is_word, inside)
    elif inside:
        target = template.resource(node)
        if target is not None:
            yield target


def _dead_letter_queues(template: Template) -> list[Resource]:
    found: list[Resource] = []
    for each in template.remember(_with_a_word):
        found += _named(template, each.properties, _is_dead_letter_word)
        found += [template.resources[name] for name in _mentioned_for_failure(each.body) if name in template.resources]
    return [each for each in found if each.type == QUEUE]


def _mentioned_for_failure(body: Any) -> set[str]:
    """Logical ids under such a word, also where a condition hides whether they are used."""
    found: set[str] = set()
    waiting: list[tuple[Any, bool]] = [(body, False)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, list):
            waiting += [(each, inside) for each in node]
        elif isinstance(node, dict):
            waiting += [(each, inside or _is_dead_letter_word(str(key))) for key, each in node.items()]
            found |= set(referred(node)) if inside else set()
    return found


@lru_cache(maxsize=1024)
def _is_dead_letter_word(key: str) -> bool:
    plain = key.lower().replace("-", "")
    return any(word in plain for word in _DEAD_LETTER_WORDS)
