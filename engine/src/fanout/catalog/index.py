"""The first page: the picture, the messages, the subscribers, and how the environments differ."""

from __future__ import annotations

from fanout.catalog import alarms, asyncapi, kept, markdown, retries, unqueued
from fanout.catalog.contracts import Message
from fanout.catalog.intake import beside
from fanout.catalog.reading import Subscriber, Topic, anchor, subscribers
from fanout.catalog.spending import Spending
from fanout.catalog.tasks import Task
from fanout.template.template import Template
from fanout.template.types import ALARM

_INTRODUCTION = """\
Made from the synthesized templates by `make docs`, and checked by `make test`: what it says is what would be deployed.
The environment shown is {stack}."""


def page(
    template: Template,
    every: list[Template],
    topics: list[Topic],
    messages: list[Message],
    tasks: dict[str, Task],
    picture: str,
    spending: Spending,
) -> str:
    return markdown.page(
        "# Catalogue",
        markdown.paragraph(_INTRODUCTION.format(stack=template.name)),
        picture,
        "- [asyncapi.yaml](asyncapi.yaml): topic, messages and subscribers as AsyncAPI 3\n"
        "- [permissions.md](permissions.md): who may do what",
        "## Messages\n\n" + _messages(topics, messages),
        "## Subscribers\n\n" + _subscribers(template, topics, tasks),
        "## What is kept, and for how long\n\n" + kept.table(template, topics, beside(template, every)),
        _deliveries(template, topics),
        "## Costs\n\n" + spending.table(),
        _environments(every) if len(every) > 1 else "",
    )


def _messages(topics: list[Topic], messages: list[Message]) -> str:
    columns = ("message", "what it is", "received by", "personal data")
    return markdown.table(columns, [(each.name, each.summary, *_receivers(topics, each)) for each in messages])


def _receivers(topics: list[Topic], message: Message) -> tuple[str, str]:
    """Who takes it, or why nobody does; and the fields that its schema marks as personal."""
    found = [
        each.name
        for topic in topics
        if message in asyncapi.carried(topic, [message])
        for each in topic.receivers
        if asyncapi.passes(each, message)
    ]
    contract = message.contract
    return ", ".join(found) or f"nobody: {contract.unheard or 'no reason is given'}", ", ".join(contract.personal)


def _subscribers(template: Template, topics: list[Topic], tasks: dict[str, Task]) -> str:
    rows = []
    for topic in topics:
        for each in topic.subscribers:
            found = alarms.of_subscriber(template, each)
            link = f"[{each.name}](subscribers/{anchor(each.name)}.md)" + (", a worker" if each.worker else "")
            rows.append((link, tasks[each.name].what, alarms.owner(found), _attempts(each), str(len(found))))
        for called in topic.called:
            found = alarms.of_subscriber(template, called)
            link = f"[{called.name}](subscribers/{anchor(called.name)}.md), called by the topic"
            told = (tasks[called.name].what, alarms.owner(found), unqueued.attempts(called), str(len(found)))
            rows.append((link, *told))
    return markdown.table(("subscriber", "what it does", "owner", "attempts", "alarms"), rows)


def _deliveries(template: Template, topics: list[Topic]) -> str:
    """Where the event goes as it was published, and why it may."""
    rows = [row for topic in topics for row in unqueued.deliveries(template, list(topic.others))]
    columns = ("delivery", "by", "why the raw event may leave", "what cannot be delivered")
    return "## Deliveries\n\n" + markdown.table(columns, rows) if rows else ""


def _attempts(each: Subscriber) -> str:
    found = retries.schedule(each)
    return f"{found.attempts} in {markdown.span(found.total)}" if found else "no end"


def _environments(every: list[Template]) -> str:
    rows = [(each.name, *_environment(each)) for each in every if subscribers(each)]
    columns = ("stack", "subscribers", "attempts", "queues keep for", "most invocations", "queue keys", "alarms")
    return "## Environments\n\n" + markdown.table(columns, rows)


def _environment(template: Template) -> tuple[str, ...]:
    """A cell with several values says that the subscribers differ."""
    found = subscribers(template)
    kept = [each.queue.number("MessageRetentionPeriod", default=345_600) for each in found]
    bounds = [each.mapping.resource.get("ScalingConfig", "MaximumConcurrency") for each in found if each.mapping]
    keys = ["customer" if each.queue.get("KmsMasterKeyId") else "SQS" for each in found]
    return (
        str(len(found)),
        _differing([_attempts(each) for each in found]),
        _differing([markdown.span(each) if each else "unknown" for each in kept]),
        _differing(["no bound" if each is None else str(each) for each in bounds]),
        _differing(keys),
        str(len(template.of(ALARM))),
    )


def _differing(values: list[str]) -> str:
    return ", ".join(dict.fromkeys(values))
