"""Whom a resource belongs to: the task that the tag `fanout:task` names, or the one subscriber that it refers to."""

from dataclasses import dataclass
from typing import Any

from checks.messaging import mappings
from checks.template import Resource, Template, referred
from checks.values import as_list
from costs.bill import STACK
from costs.polling import Polled

TAG = "fanout:task"


@dataclass(frozen=True)
class Subscriber:
    """What is billed by its traffic: a queue, the mapping that empties it, the function that works."""

    name: str
    mapping: Resource
    queue: Resource | None
    function: Resource | None
    polled: Polled


def subscribers(template: Template) -> list[Subscriber]:
    """One for each mapping from a queue, in the template's order."""
    found = []
    for mapping in mappings(template):
        queue = mapping.queue if isinstance(mapping.queue, Resource) else None
        named = [each for each in (mapping.resource, queue, mapping.function) if each is not None]
        name = next((tagged for tagged in map(task_of, named) if tagged), named[-1].id)
        polled = Polled(
            batch_size=mapping.resource.number("BatchSize", default=10) or 10,
            window=mapping.resource.number("MaximumBatchingWindowInSeconds", default=0) or 0,
            bound=mapping.resource.number("ScalingConfig", "MaximumConcurrency"),
        )
        found.append(Subscriber(name, mapping.resource, queue, mapping.function, polled))
    return found


def task_of(resource: Resource) -> str | None:
    """Tags are a list, or an object in resources such as parameters."""
    tags = resource.get("Tags")
    if isinstance(tags, dict):
        return tags.get(TAG) if isinstance(tags.get(TAG), str) else None
    named = [each.get("Value") for each in as_list(tags) if isinstance(each, dict) and each.get("Key") == TAG]
    return next((each for each in named if isinstance(each, str)), None)


class Owners:
    """Of each resource of a template."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._known = {each.id: task for each in template.resources.values() if (task := task_of(each))}
        for subscriber in subscribers(template):
            for part in (subscriber.queue, subscriber.function):
                if part is not None:
                    self._known.setdefault(part.id, subscriber.name)

    def of(self, resource: Resource) -> str:
        """STACK when it is nobody's, or that of several."""
        if resource.id in self._known:
            return self._known[resource.id]
        found = {self._known[name] for name in _referred(resource.body.get("Properties")) if name in self._known}
        return found.pop() if len(found) == 1 else STACK


def _referred(properties: Any) -> set[str]:
    found: set[str] = set()
    waiting = [properties]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            found |= set(referred(node))
    return found
