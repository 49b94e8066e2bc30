"""A synthesized template and a price table in, dollars a month out."""

from collections.abc import Iterator
from typing import Any

from checks.messaging import function_of, is_fifo
from checks.template import Resource, Template
from checks.values import as_list
from costs import idle, traffic
from costs.assumptions import Assumptions
from costs.bill import STACK, Bill, Line, summed
from costs.subscribers import Owners, subscribers

SCHEDULES = ("AWS::Events::Rule", "AWS::Scheduler::Schedule")
NOT_COUNTED = (
    "free tiers, volume discounts and taxes",
    "what is kept for ever: objects in the archive",
    "cold starts, dead letters and what operators do",
    "data that leaves AWS: webhooks and e-mails",
)
"""Small beside the rest, or not to be known from a template."""


def monthly(template: dict[str, Any], *, events_per_month: int, assumptions: Assumptions | None = None) -> Bill:
    """What one stack costs in a month in which its topic gets so many events, and each reaches every subscriber.

    `template` is CloudFormation's JSON as `cdk synth` writes it. Raises ValueError for a negative number.
    """
    if events_per_month < 0:
        raise ValueError(f"{events_per_month} events a month: expected 0 or more")
    assumed = assumptions or Assumptions()
    read = Template(template)
    found = [*_idle(read, assumed), *_traffic(read, events_per_month, assumed)]
    return Bill(
        events_per_month=events_per_month,
        subscribers=tuple(dict.fromkeys(each.name for each in subscribers(read))),
        lines=summed(found),
        assumptions=assumed,
        unpriced=unpriced(read),
    )


def unpriced(template: Template) -> tuple[str, ...]:
    """Types of resources whose price the model does not know."""
    types = {each.type for each in template.resources.values()}
    return tuple(sorted(types - idle.FREE - set(idle.PRICED)))


def _idle(template: Template, assumed: Assumptions) -> Iterator[Line]:
    owners = Owners(template)
    for each in template.resources.values():
        if each.type in idle.PRICED:
            for what, quantity, price in idle.PRICED[each.type](each, assumed):
                yield Line(owners.of(each), "idle", what, quantity, price)
        if each.type in SCHEDULES:
            for what, quantity, price in _scheduled(each, assumed):
                yield Line(owners.of(each), "idle", what, quantity, price)
    for subscriber in subscribers(template):
        fifo = subscriber.queue is not None and is_fifo(subscriber.queue)
        price = "sqs-request-fifo" if fifo else "sqs-request"
        yield Line(subscriber.name, "idle", "polling", subscriber.polled.idle_receives(assumed), price)


def _scheduled(schedule: Resource, assumed: Assumptions) -> idle.Found:
    """The functions that a schedule invokes."""
    targets = [schedule.get("Target"), *as_list(schedule.get("Targets"))]
    for each in targets:
        function = function_of(schedule.template, each.get("Arn")) if isinstance(each, dict) else None
        if function is not None:
            yield from traffic.invoked(function, idle.times_a_month(schedule), assumed.task_seconds, assumed)


def _traffic(template: Template, events: float, assumed: Assumptions) -> Iterator[Line]:
    if not events:
        return
    for topic in traffic.topics(template):
        for what, quantity, price in traffic.of_topic(topic, events, assumed):
            yield Line(STACK, "traffic", what, quantity, price)
    for subscriber in subscribers(template):
        for what, quantity, price in traffic.of_subscriber(subscriber, events, assumed):
            yield Line(subscriber.name, "traffic", what, quantity, price)
