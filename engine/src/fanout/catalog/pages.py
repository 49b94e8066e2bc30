"""A page for each subscriber: what it is for, whose it is, when it tries again, what rings, what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fanout import names
from fanout.catalog import alarms, markdown, retries, unqueued, working
from fanout.catalog.reading import Subscriber, Topic
from fanout.catalog.spending import Spending
from fanout.catalog.tasks import Task
from fanout.catalog.unqueued import Called
from fanout.template import messaging
from fanout.template.template import Resource, Template
from fanout.template.values import Value, as_list, shown

ROOT = "../../../"
"""From docs/catalog/subscribers/ to the repository."""


def page(template: Template, topic: Topic, each: Subscriber, task: Task, spending: Spending) -> str:
    found = alarms.of_subscriber(template, each)
    code = f" Code: [{task.file}]({ROOT}{task.file})." if task.file else ""
    return markdown.page(
        f"# {each.name}",
        markdown.paragraph(task.what),
        markdown.paragraph(
            f"Receives from topic `{topic.name}` in {template.name}. Owner: {alarms.owner(found)}.{code}"
        ),
        f"## Receives\n\n{_filter(each)}",
        f"## When it fails\n\n{retries.timeline(each)}",
        f"## Numbers\n\n{markdown.table(('what', 'as deployed'), _numbers(each))}",
        f"## Alarms\n\n{alarms.table(found, root=ROOT)}",
        spending.section(each.name),
    )


def of_called(template: Template, topic: Topic, each: Called, task: Task, spending: Spending) -> str:
    """Of a task that its topic calls."""
    numbers = list(_of_function(each, each.function))
    if each.dead_letter_queue:
        numbers = [*_of_queue("dead letters", each.dead_letter_queue), *numbers]
    table = markdown.table(("what", "as deployed"), numbers)
    return unqueued.page(template, topic.name, each, task, _filter(each), table, spending.section(each.name))


def _filter(each: Subscriber | Called) -> str:
    if each.filter is None:
        return "Every message of the topic."
    where = "body" if each.filters_body else "attributes"
    shape = json.dumps(each.filter, indent=2, sort_keys=True, default=shown)
    return f"Messages whose {where} match this filter; others never reach its queue:\n\n```json\n{shape}\n```"


def _numbers(each: Subscriber) -> Iterator[tuple[str, str]]:
    yield from _of_queue("queue", each.queue)
    if each.dead_letter_queue:
        yield from _of_queue("dead letters", each.dead_letter_queue)
    if each.mapping:
        yield from _of_mapping(each.mapping.resource)
    if each.function:
        yield from _of_function(each, each.function)
    if each.worker:
        yield from working.numbers(each.worker)


def _of_queue(what: str, queue: Resource) -> Iterator[tuple[str, str]]:
    kept = queue.number("MessageRetentionPeriod", default=345_600)
    hidden = queue.number("VisibilityTimeout", default=30)
    yield f"{what}: keeps for", markdown.span(kept) if kept else _UNSEEN
    if what == "queue":
        yield "queue: visibility time-out", markdown.span(hidden) if hidden is not None else _UNSEEN
        yield "queue: order", "within a message group (FIFO)" if messaging.is_fifo(queue) else "none"
        if fair_by := messaging.fair_by(queue):
            yield "queue: fair by", f"`{fair_by}`: when one value of it floods the queue, the others' events go first"
    yield f"{what}: encrypted with", "a customer key" if queue.get("KmsMasterKeyId") else "SQS's own key"


def _of_mapping(mapping: Resource) -> Iterator[tuple[str, str]]:
    window = mapping.number("MaximumBatchingWindowInSeconds", default=0)
    yield "batch: most messages", _number(mapping.get("BatchSize"), "10")
    yield "batch: waits to fill for", markdown.span(window) if window else "not at all"
    answers = "ReportBatchItemFailures" in as_list(mapping.get("FunctionResponseTypes"))
    yield "batch: of one that fails in part", "only what failed comes back" if answers else "everything comes back"
    yield (
        "most invocations at a time",
        _number(mapping.get("ScalingConfig", "MaximumConcurrency"), "no bound of its own"),
    )


def _of_function(each: Subscriber | Called, function: Resource) -> Iterator[tuple[str, str]]:
    timeout = function.number("Timeout", default=3)
    yield "function: time-out", markdown.span(timeout) if timeout else _UNSEEN
    yield "function: memory", _number(function.get("MemorySize"), "128") + " MiB"
    yield "function: runtime", f"{_number(function.get('Runtime'), _UNSEEN)}, {_architecture(function)}"
    concurrency = each.variable(names.CONCURRENCY)
    if concurrency:
        yield "messages of a batch at a time", concurrency
    seconds = each.variable(names.COMPLETED_SECONDS)
    if seconds and seconds.isdecimal():
        yield "keeps an event's record for", markdown.span(int(seconds))


def _architecture(function: Resource) -> str:
    return ", ".join(shown(each) for each in as_list(function.get("Architectures"))) or "x86_64"


def _number(value: Value, default: str) -> str:
    return default if value is None else shown(value)


_UNSEEN = "what the template does not show"
