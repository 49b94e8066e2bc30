"""What the documents say of a task that workers run."""

from __future__ import annotations

from collections.abc import Iterator

from fanout import names
from fanout.catalog import markdown
from fanout.template.template import Template
from fanout.template.values import shown
from fanout.template.workers import Worker, number_of, workers


def worker_of(template: Template, queue: object) -> Worker | None:
    return next((each for each in workers(template) if each.queue is queue), None)


def phrase(worker: Worker) -> str:
    """In the picture, of a task without words of its own."""
    return "worker elsewhere" if worker.definition is None else "worker"


def scale(worker: Worker) -> str:
    least, most = worker.bounds
    if worker.definition is None:
        return "as many as its team runs"
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"


def numbers(worker: Worker) -> Iterator[tuple[str, str]]:
    if worker.definition is None:
        yield "worker: runs", f"elsewhere, by `fanout work`, as its parameter {_name(worker)} says"
    else:
        spot = ", on FARGATE_SPOT" if worker.is_spot else ""
        size = f"{worker.cpu / 1024:g} vCPU, {worker.memory_mib:g} MiB"
        yield "worker: runs", f"as a service of ECS on Fargate{spot}, {size} each"
    yield "worker: how many", scale(worker)
    yield "worker: messages at a time in each", f"{number_of(worker, names.CONCURRENCY, 1):g}"
    for what, name in (("longest attempt", names.LONGEST_ATTEMPT), ("ends within", names.GRACE)):
        if seconds := number_of(worker, name, 0):
            yield f"worker: {what}", markdown.span(seconds)
    if seconds := number_of(worker, names.COMPLETED_SECONDS, 0):
        yield "keeps an event's record for", markdown.span(seconds)


def _name(worker: Worker) -> str:
    return f"`{shown(worker.resource.get('Name') or worker.resource.id)}`"
