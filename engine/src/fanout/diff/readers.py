"""Queues from which nobody takes messages any more: their mapping, pipe or worker is gone, has stopped, or reads another queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fanout.diff.change import Change, change, name_of
from fanout.template.links import PIPE
from fanout.template.scaling import TARGET
from fanout.template.template import Resource, Template
from fanout.template.types import MAPPING, QUEUE
from fanout.template.values import UNKNOWN, Value
from fanout.template.workers import DEFINITION, PARAMETER, SERVICE, workers

_TYPES = (MAPPING, PIPE, SERVICE, DEFINITION, PARAMETER, TARGET)


@dataclass(frozen=True)
class Reader:
    """`takes`: whether it runs."""

    resource: Resource
    source: Value
    takes: bool


def reader_changes(old: Template, new: Template, *, ignored: set[str], same: set[str]) -> Iterator[Change]:
    """Of queues that stay. What is said of a mapping or a pipe itself is not said again; `ignored` are those not spoken of."""
    if all(each.id in same for each in old.of(*_TYPES)):
        return
    now = {each.resource.id: each for each in _readers(new)}
    read = {each.source for each in now.values() if each.takes and isinstance(each.source, Resource)}
    were: dict[str, list[Reader]] = {}
    for each in _readers(old):
        if each.takes and isinstance(each.source, Resource) and each.source.type == QUEUE:
            were.setdefault(each.source.id, []).append(each)
    for logical_id, readers in were.items():
        queue = new.resources.get(logical_id)
        if queue is None or queue in read:
            continue
        if all(_is_news(each, now.get(each.resource.id), queue, ignored) for each in readers):
            who = ", ".join(name_of(each.resource) for each in readers)
            yield change("mapping-removed", queue, f"nothing takes messages from it any more: {who} did")


def _is_news(was: Reader, now: Reader | None, queue: Resource, ignored: set[str]) -> bool:
    """Whether it is seen to read the queue no more, and nothing else says so."""
    says = was.resource.type in (MAPPING, PIPE)
    if was.resource.id not in queue.template.resources:
        return was.resource.type != MAPPING or was.resource.id in ignored
    return now is not None and now.source is not UNKNOWN and not (says and now.source is queue)


def _readers(template: Template) -> Iterator[Reader]:
    for each in template.of(MAPPING):
        yield Reader(each, template.target(each.get("EventSourceArn")), each.flag("Enabled", default=True) is not False)
    for each in template.of(PIPE):
        yield Reader(each, template.target(each.get("Source")), each.get("DesiredState") != "STOPPED")
    for worker in workers(template):
        yield Reader(worker.resource, worker.queue, worker.bounds[1] > 0)
