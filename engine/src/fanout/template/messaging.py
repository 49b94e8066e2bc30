"""Who sends what where: topics, subscriptions, queues, dead-letter queues and mappings of a template, found once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fanout import names
from fanout.template.dead_letters import dead_letter_target
from fanout.template.policies import Statement, statements
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import FUNCTION, MAPPING, QUEUE, SUBSCRIPTION, TOPIC
from fanout.template.values import UNKNOWN, Text, Value, as_list


@dataclass(frozen=True)
class Subscription:
    """A subscription of its own, or one written inside its topic, which has nothing but protocol and endpoint."""

    resource: Resource
    topic: Value
    protocol: Value
    endpoint: Value
    dead_letter_queue: Value
    """What its RedrivePolicy leads to; None without one."""

    @property
    def is_inline(self) -> bool:
        return self.resource.type == TOPIC

    @property
    def queue(self) -> Resource | None:
        return self.endpoint if self.protocol == "sqs" and isinstance(self.endpoint, Resource) else None

    @property
    def loses(self) -> bool:
        """Whether it is for a program, so that what cannot be delivered is lost work. E-mail and SMS are for people."""
        return self.protocol in ("sqs", "lambda", "firehose", "http", "https")


@dataclass(frozen=True)
class Mapping:
    """An event source mapping from a queue."""

    resource: Resource
    queue: Value
    function: Resource | None


def subscriptions(template: Template) -> list[Subscription]:
    return template.remember(_subscriptions)


def _subscriptions(template: Template) -> list[Subscription]:
    found = [
        Subscription(
            each,
            template.target(each.get("TopicArn")),
            each.get("Protocol"),
            template.target(each.get("Endpoint")),
            dead_letter_target(template, each),
        )
        for each in template.of(SUBSCRIPTION)
    ]
    for topic in template.of(TOPIC):
        for entry in as_list(topic.get("Subscription")):
            if isinstance(entry, dict):
                endpoint = template.target(entry.get("Endpoint"))
                found.append(Subscription(topic, topic, entry.get("Protocol"), endpoint, None))
    return found


def all_subscriptions(linked: Linked) -> list[Subscription]:
    """Those of every template."""
    return linked.remember(_all_subscriptions)


def _all_subscriptions(linked: Linked) -> list[Subscription]:
    return [each for template in linked.templates for each in subscriptions(template)]


def mappings(template: Template) -> list[Mapping]:
    """The mappings whose source is a queue."""
    return template.remember(_mappings)


def _mappings(template: Template) -> list[Mapping]:
    found = []
    for each in template.of(MAPPING):
        source = each.get("EventSourceArn")
        queue = template.target(source)
        if _is_queue(queue):
            found.append(Mapping(each, queue, function_of(template, each.get("FunctionName"))))
    return found


def all_mappings(linked: Linked) -> list[Mapping]:
    """Those of every template."""
    return linked.remember(_all_mappings)


def _all_mappings(linked: Linked) -> list[Mapping]:
    return [each for template in linked.templates for each in mappings(template)]


def function_of(template: Template, value: Value) -> Resource | None:
    """The function that a name, an ARN, an alias or a version leads to."""
    found = template.resource(value)
    for _ in range(2):
        if found is None or found.type == FUNCTION:
            return found
        found = found.template.resource(found.get("FunctionName"))
    return found if found is not None and found.type == FUNCTION else None


def queues(template: Template) -> Sequence[Resource]:
    return template.of(QUEUE)


def is_fifo(resource: Resource) -> bool | None:
    return resource.flag("FifoQueue" if resource.type == QUEUE else "FifoTopic")


def fair_by(queue: Resource) -> str | None:
    """The property by which a standard queue is fair to groups, as the engine wrote it beside the queue."""
    ours = queue.metadata.get(names.METADATA)
    found = ours.get(names.FAIR_BY_METADATA) if isinstance(ours, dict) else None
    return found if isinstance(found, str) else None


def types_of(topic: Resource) -> tuple[str, ...] | None:
    """The types of the events that a topic carries, as the engine wrote them beside it; None for all."""
    ours = topic.metadata.get(names.METADATA)
    found = ours.get(names.TYPES_METADATA) if isinstance(ours, dict) else None
    return tuple(map(str, found)) if isinstance(found, list) else None


def policies_of(resource: Resource) -> list[tuple[Resource, Value]]:
    """The policy resources of a queue or a topic with their documents."""
    return resource.template.linked.remember(_policies_by_target).get(resource, [])


def _policies_by_target(linked: Linked) -> dict[Resource, list[tuple[Resource, Value]]]:
    found: dict[Resource, list[tuple[Resource, Value]]] = {}
    for template in linked.templates:
        for policy, targets, document in template.remember(_resource_policies):
            for target in dict.fromkeys(targets):
                found.setdefault(target, []).append((policy, document))
    return found


def policy_of(resource: Resource) -> Value:
    """A queue's or a topic's policy; UNKNOWN when some of it cannot be seen, or when AWS keeps one of several."""
    found = policies_of(resource)
    if len({policy for policy, _ in found}) > 1:
        return UNKNOWN
    every: list[Any] = []
    for _, document in found:
        seen = statements(document)
        if seen is None:
            return UNKNOWN
        every += [each.body for each in seen]
    if not found and (resource.template.remember(_has_unseen_policy) or resource.template.macros):
        return UNKNOWN
    return {"Statement": every}


def policy_statements(template: Template) -> Iterator[tuple[Resource, Resource, Statement]]:
    """(policy, queue or topic, statement) of everything that can be seen."""
    for policy, targets, document in template.remember(_resource_policies):
        for target in targets:
            for statement in statements(document) or []:
                yield policy, target, statement


def _resource_policies(template: Template) -> list[tuple[Resource, list[Resource], Value]]:
    found = []
    for each in template.of(*_POLICY_TARGETS):
        named = as_list(each.get(_POLICY_TARGETS[each.type]))
        targets = [target for target in map(template.resource, named) if target is not None]
        found.append((each, targets, each.document("PolicyDocument")))
    return found


def _has_unseen_policy(template: Template) -> bool:
    """Whether a policy is for a queue or a topic that cannot be seen: it may be any of ours."""
    return any(each.get(_POLICY_TARGETS[each.type]) is UNKNOWN for each in template.of(*_POLICY_TARGETS))


_POLICY_TARGETS = {
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SQS::QueueInlinePolicy": "Queue",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SNS::TopicInlinePolicy": "TopicArn",
}


def _is_queue(target: Value) -> bool:
    if isinstance(target, Resource):
        return target.type == QUEUE
    first = target.parts[0] if isinstance(target, Text) else target
    text = str(target.parts) if isinstance(target, Text) else target
    return isinstance(first, str) and first.startswith("arn:") and isinstance(text, str) and ":sqs" in text
