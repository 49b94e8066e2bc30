"""A template as the documents tell it: topics, and for each the subscribers whose queues it feeds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fanout import names
from fanout.catalog.unqueued import Called, called
from fanout.catalog.working import worker_of
from fanout.costs.subscribers import task_of
from fanout.template import dead_letters, messaging
from fanout.template.asynchronous import calls
from fanout.template.messaging import Mapping, Subscription
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import FUNCTION, MAPPING, QUEUE, TOPIC
from fanout.template.values import External, Value, shown
from fanout.template.workers import Worker

VARIABLE = names.TASK
_NOUNS = {
    QUEUE: "Queue",
    TOPIC: "Topic",
    FUNCTION: "Function",
    MAPPING: "Mapping",
    "AWS::DynamoDB::Table": "Table",
    "AWS::IAM::Role": "Role",
    "AWS::KMS::Key": "Key",
    "AWS::S3::Bucket": "Bucket",
    "AWS::SecretsManager::Secret": "Secret",
}


@dataclass(frozen=True)
class Subscriber:
    """One subscription to a queue and what stands behind it. `function` is None when a worker, or another program, reads the queue."""

    name: str
    subscription: Subscription
    queue: Resource
    dead_letter_queue: Resource | None
    mapping: Mapping | None
    function: Resource | None
    worker: Worker | None = None

    def variable(self, name: str) -> str | None:
        """A variable of the function, or of the worker, when it is a literal."""
        found: Value = self.function.get("Environment", "Variables", name) if self.function else None
        if self.worker:
            found = self.worker.variables.get(name)
        return str(found) if isinstance(found, str) else None

    @property
    def filter(self) -> dict[str, Value] | None:
        found = self.subscription.resource.document("FilterPolicy")
        return found if isinstance(found, dict) else None

    @property
    def filters_body(self) -> bool:
        return bool(self.subscription.resource.get("FilterPolicyScope") == "MessageBody")


@dataclass(frozen=True)
class Topic:
    """A topic that feeds queues or calls functions. `resource` is None when it belongs to another stack. `others` feed no queue of ours."""

    name: str
    resource: Resource | None
    subscribers: tuple[Subscriber, ...]
    others: tuple[Subscription, ...]
    called: tuple[Called, ...] = ()
    """Tasks that it calls."""

    @property
    def is_fifo(self) -> bool:
        return self.resource is not None and messaging.is_fifo(self.resource) is True

    @property
    def receivers(self) -> list[Subscriber | Called]:
        return [*self.subscribers, *self.called]

    def carries(self, type_: str) -> bool:
        """Whether an event of the type is published to it, as far as is known."""
        known = messaging.types_of(self.resource) if self.resource else None
        return known is None or type_ in known


def topics(template: Template) -> list[Topic]:
    """By name, so that the order in which resources are written changes no document."""
    by_topic: dict[Value, list[Subscription]] = {}
    for each in messaging.subscriptions(template):
        by_topic.setdefault(each.topic, []).append(each)
    names = _task_names(template)
    calling = {id(call.subscription): called(call) for call in calls(template)}
    found = [
        _topic(target, some, names, calling)
        for target, some in by_topic.items()
        if any(each.queue or id(each) in calling for each in some)
    ]
    return sorted(found, key=lambda each: each.name)


def subscribers(template: Template) -> list[Subscriber]:
    """Of all topics; a queue that two topics feed is there once."""
    found = {each.queue: each for topic in topics(template) for each in topic.subscribers}
    return sorted(found.values(), key=lambda each: each.name)


def name_of(resource: Resource) -> str:
    """The construct's path below its stack, without what only says the type; the logical id where no path is known."""
    if resource.path == resource.id:
        return resource.id
    parts = resource.path.split("/")[1:]
    if len(parts) > 1 and parts[-1] == "Resource":
        parts.pop()
    if len(parts) > 1 and parts[-1] == _NOUNS.get(resource.type):
        parts.pop()
    return "/".join(parts)


def anchor(name: str) -> str:
    """A name as a file name and as an id of Mermaid and AsyncAPI."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "unnamed"


def production(templates: list[Template]) -> Template | None:
    """The template that the documents describe: the only one, or the only one that is production."""
    if len(templates) == 1:
        return templates[0]
    found = [each for each in templates if each.production and topics(each)]
    return found[0] if len(found) == 1 else None


def _topic(target: Value, some: list[Subscription], names: dict[Resource, str], calling: dict[int, Called]) -> Topic:
    resource = target if isinstance(target, Resource) else None
    found = sorted((_subscriber(each, names) for each in some if each.queue), key=lambda each: each.name)
    return Topic(
        name_of(resource) if resource else _imported(target),
        resource,
        tuple(found),
        tuple(each for each in some if not each.queue and id(each) not in calling),
        tuple(sorted((calling[id(each)] for each in some if id(each) in calling), key=lambda each: each.name)),
    )


def _imported(target: Value) -> str:
    """The name at the end of an ARN that is written out, else how the template comes by it."""
    if isinstance(target, External):
        return target.name.rpartition(" ")[2]
    return shown(target).rpartition(":")[2]


def _subscriber(subscription: Subscription, names: dict[Resource, str]) -> Subscriber:
    queue = subscription.queue
    assert queue is not None
    dead = dead_letters.dead_letter_queue_of(queue)
    mapping = _mapping_of(queue)
    return Subscriber(
        names[queue],
        subscription,
        queue,
        dead if isinstance(dead, Resource) else None,
        mapping,
        mapping.function if mapping else None,
        worker_of(queue.template, queue),
    )


def _mapping_of(queue: Resource) -> Mapping | None:
    return queue.template.linked.remember(_by_queue).get(queue)


def _by_queue(linked: Linked) -> dict[Value, Mapping]:
    """The first mapping of each queue."""
    return {each.queue: each for each in reversed(messaging.all_mappings(linked))}


def _task_names(template: Template) -> dict[Resource, str]:
    """A name for each subscribed queue; two that are called the same get a number."""
    names: dict[Resource, str] = {}
    taken: set[str] = set()
    for queue in dict.fromkeys(each.queue for each in messaging.subscriptions(template) if each.queue):
        mapping = _mapping_of(queue)
        wanted = next(_candidates(queue, mapping.function if mapping else None))
        numbered = (wanted if number == 1 else f"{wanted}_{number}" for number in range(1, len(names) + 2))
        names[queue] = next(each for each in numbered if anchor(each) not in taken)
        taken.add(anchor(names[queue]))
    return names


def _candidates(queue: Resource, function: Resource | None) -> Iterator[str]:
    variable: Any = function.get("Environment", "Variables", VARIABLE) if function else None
    for name in (task_of(function) if function else None, task_of(queue), variable):
        if isinstance(name, str) and name:
            yield name
    yield name_of(function or queue)
