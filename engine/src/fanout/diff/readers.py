"""Queues from which nobody takes messages any more: their mapping, pipe or worker is gone, has stopped, or reads another queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fanout.diff.change import Change, change, name_of
from fanout.template.links import PIPE
from fanout.template.messaging import function_of
from fanout.template.scaling import TARGET
from fanout.template.template import Resource, Template
from fanout.template.types import MAPPING, QUEUE
from fanout.template.values import UNKNOWN, Value, shown
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


def mapping_changes(mapping: Resource, new: Template) -> Iterator[Change]:
    """Of one that is removed: no danger where another, a worker say, takes its queue's messages in the new template."""
    source = mapping.template.target(mapping.get("EventSourceArn"))
    queue = new.resources.get(source.id) if isinstance(source, Resource) else None
    yield no_more(mapping, queue, "mapping-removed", "the mapping is removed")


def no_more(mapping: Resource, queue: Value, danger: str, said: str) -> Change:
    """What ends a mapping, with who takes the messages of `queue` in its place, if somebody does."""
    if isinstance(queue, Resource) and (others := read_by(queue)):
        who = ", ".join(name_of(each) for each in others)
        return change("reader-changed", mapping, f"{said}; {who} takes messages from {name_of(queue)}")
    return change(danger, mapping, said)


def read_by(queue: Resource) -> list[Resource]:
    """Mappings, pipes and workers of its template that take its messages."""
    return [each.resource for each in _readers(queue.template) if each.takes and each.source == queue]


def handlers(endpoint: Value) -> dict[str, str]:
    """Names by logical id: the functions and the like that read a queue, or what else is sent to."""
    if not isinstance(endpoint, Resource):
        return {shown(endpoint): shown(endpoint)}
    return dict(map(_handler, read_by(endpoint))) or {endpoint.id: name_of(endpoint)}


def _handler(reader: Resource) -> tuple[str, str]:
    named = reader.get("FunctionName")
    found = function_of(reader.template, named) if reader.type == MAPPING else reader
    return (found.id, name_of(found)) if found else (shown(named), shown(named))


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
