"""Whom a resource belongs to: the task that the tag `fanout:task` names, or the one subscriber that it refers to."""

from collections.abc import Mapping
from dataclasses import dataclass

from fanout import names
from fanout.costs.bill import STACK
from fanout.costs.polling import Polled, PolledByWorkers
from fanout.template.asynchronous import calls
from fanout.template.messaging import mappings
from fanout.template.template import Resource, Template
from fanout.template.values import Value, as_list
from fanout.template.workers import Worker, number_of, workers

TAG = names.TASK_TAG


@dataclass(frozen=True)
class Subscriber:
    """What is billed by its traffic: a queue, the mapping that empties it, the function that works."""

    name: str
    mapping: Resource | None
    queue: Resource | None
    function: Resource | None
    polled: Polled
    worker: Worker | None = None
    """In place of mapping and function."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether its team runs the workers: no template says where, and how many."""
        return self.worker is not None and self.worker.definition is None


def subscribers(template: Template) -> list[Subscriber]:
    """One for each mapping from a queue, in the template's order, then one for each worker."""
    return template.remember(_subscribers)


def _subscribers(template: Template) -> list[Subscriber]:
    found = []
    for mapping in mappings(template):
        queue = mapping.queue if isinstance(mapping.queue, Resource) else None
        named = [each for each in (mapping.resource, queue, mapping.function) if each is not None]
        name = next((tagged for tagged in map(task_of, named) if tagged), named[-1].id)
        bound = mapping.resource.number("ScalingConfig", "MaximumConcurrency")
        polled = Polled(
            batch_size=at_least(1, mapping.resource, "BatchSize", default=10),
            window=at_least(0, mapping.resource, "MaximumBatchingWindowInSeconds", default=0),
            bound=None if bound is None else max(1, bound),
        )
        found.append(Subscriber(name, mapping.resource, queue, mapping.function, polled))
    return found + [_of_worker(each) for each in workers(template)]


def _of_worker(worker: Worker) -> Subscriber:
    name = task_of(worker.resource) or task_of(worker.queue) or worker.queue.id
    least, _ = worker.bounds
    polled = PolledByWorkers(number_of(worker, names.CONCURRENCY, 1), 0, None, least)
    return Subscriber(name, None, worker.queue, None, polled, worker)


@dataclass(frozen=True)
class Called:
    """A task whose function its topic calls, once for each event."""

    name: str
    function: Resource
    is_elsewhere = False


def called(template: Template) -> list[Called]:
    return template.remember(_called)


def _called(template: Template) -> list[Called]:
    return [Called(task_of(each.function) or each.function.id, each.function) for each in calls(template)]


def tasks(template: Template) -> list[Subscriber | Called]:
    """With a queue, and called by their topic."""
    return [*subscribers(template), *called(template)]


def acting(task: Subscriber | Called) -> tuple[Resource | None, Mapping[str, Value]]:
    """The role and the variables of what works on its events: its function, or its workers."""
    if isinstance(task, Subscriber) and task.worker:
        return task.worker.role, task.worker.variables
    if task.function is None:
        return None, {}
    variables = task.function.get("Environment", "Variables")
    return task.function.template.resource(task.function.get("Role")), variables if isinstance(variables, dict) else {}


def at_least(least: float, resource: Resource, *keys: str, default: float) -> float:
    """A number of a template, which may hold anything; the default too where it cannot be seen."""
    found = resource.number(*keys, default=default)
    return max(least, default if found is None else found)


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
        self._known = {each.id: task for each in template.resources.values() if (task := task_of(each))}
        for each in called(template):
            self._known.setdefault(each.function.id, each.name)
        for subscriber in subscribers(template):
            for part in (subscriber.queue, subscriber.function):
                if part is not None:
                    self._known.setdefault(part.id, subscriber.name)

    def of(self, resource: Resource) -> str:
        """STACK when it is nobody's, or that of several."""
        if resource.id in self._known:
            return self._known[resource.id]
        found = {self._known[name] for name in resource.refers_to if name in self._known}
        return found.pop() if len(found) == 1 else STACK
