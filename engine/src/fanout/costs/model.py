"""A synthesized template and a price table in, dollars a month out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fanout.costs import idle, intake, running, schedules, traffic
from fanout.costs.assumptions import Assumptions
from fanout.costs.bill import STACK, Bill, Line, Part, summed
from fanout.costs.subscribers import Owners, called, subscribers, tasks
from fanout.template.messaging import is_fifo, subscriptions
from fanout.template.template import Template

NOT_COUNTED = (
    "free tiers, volume discounts and taxes",
    "what is kept for ever or for ten years: objects of a bucket without an end, an intake's index of people",
    "what stands beside events: files and answers that are too large for one",
    "cold starts, dead letters and what operators do",
    "data that leaves AWS: webhooks and e-mails",
)
"""Small beside the rest, or not to be known from a template."""
DELIVERED = ("http", "https", "sms", "application", "firehose")
"""Protocols by which SNS takes money for each delivery, e-mail to people of an alarm aside."""


def monthly(
    template: dict[str, Any] | Template, *, events_per_month: int, assumptions: Assumptions | None = None
) -> Bill:
    """What one stack costs in a month in which its topic gets so many events, and each reaches every subscriber.

    `template` is CloudFormation's JSON as `cdk synth` writes it, or what was read of it: reading it is most of the work.
    Raises ValueError for a negative number.
    """
    if events_per_month < 0:
        raise ValueError(f"{events_per_month} events a month: expected 0 or more")
    assumed = assumptions or Assumptions()
    read = template if isinstance(template, Template) else Template(template)
    names = tuple(dict.fromkeys(each.name for each in tasks(read)))
    found = (*_idle(read, assumed), *_traffic(read, events_per_month, assumed))
    return Bill(
        events_per_month=events_per_month,
        subscribers=names,
        lines=summed(each if each.owner in names else replace(each, owner=STACK) for each in found),
        assumptions=assumed,
        unpriced=unpriced(read),
    )


def unpriced(template: Template) -> tuple[str, ...]:
    """Types of resources whose price the model does not know, or not for all of them."""
    types = {each.type for each in template.resources.values()} - idle.FREE - set(idle.PRICED)
    delivered = {str(each.protocol) for each in subscriptions(template) if each.protocol in DELIVERED}
    return tuple(sorted({*types, *idle.dear(template), *(f"AWS::SNS::Subscription by {each}" for each in delivered)}))


def _idle(template: Template, assumed: Assumptions) -> Iterator[Line]:
    owners, heartbeats = template.remember(Owners), _heartbeats(template)
    for each in template.resources.values():
        found = [*idle.PRICED[each.type](each, assumed)] if each.type in idle.PRICED else []
        for function in schedules.functions(each):
            found += traffic.invoked(function, schedules.times_a_month(each), assumed.task_seconds, assumed)
        yield from (Line(owners.of(each), "idle", *one) for one in found)
    for subscriber in subscribers(template):
        fifo = subscriber.queue is not None and is_fifo(subscriber.queue)
        price = "sqs-request-fifo" if fifo else "sqs-request"
        yield Line(subscriber.name, "idle", "polling", subscriber.polled.idle_receives(assumed), price)
        yield from (Line(subscriber.name, "idle", *one) for one in traffic.acknowledged(subscriber, heartbeats))
        if worker := subscriber.worker:
            yield from (Line(subscriber.name, "idle", *one) for one in running.always(worker, heartbeats, assumed))
    for each_called in called(template):
        yield from (Line(each_called.name, "idle", *one) for one in traffic.acknowledged(each_called, heartbeats))
    yield from _lines("idle", template, 0, heartbeats, assumed)
    yield from (Line(STACK, "idle", *one) for one in intake.idle(template, assumed))


def _traffic(template: Template, events: float, assumed: Assumptions) -> Iterator[Line]:
    heartbeats = _heartbeats(template)
    yield from _lines("traffic", template, heartbeats, heartbeats + events, assumed)
    for subscriber in tasks(template):
        yield from (Line(subscriber.name, "traffic", *one) for one in traffic.worked(subscriber, events, assumed))
    yield from (Line(STACK, "traffic", *one) for one in intake.filled_in(template, events, assumed))
    for one in subscribers(template):
        if one.worker:
            yield from (Line(one.name, "traffic", *each) for each in running.worked(one.worker, events, assumed))


def _heartbeats(template: Template) -> float:
    return schedules.heartbeats(template, traffic.topics(template))


def _lines(part: Part, template: Template, before: float, after: float, assumed: Assumptions) -> Iterator[Line]:
    """Of so many events more."""
    if before == after:
        return
    for topic in traffic.topics(template):
        found = (traffic.of_topic(topic, events, assumed) for events in (before, after))
        yield from (Line(STACK, part, *one) for one in traffic.more(*found))
    heartbeats = _heartbeats(template)
    for subscriber in subscribers(template):
        worker = subscriber.worker
        kept_back = 0 if worker is None or running.hears_heartbeats(worker) else heartbeats
        counts = (max(0, before - kept_back), max(0, after - kept_back))
        found = (traffic.delivered(subscriber, events, assumed) for events in counts)
        yield from (Line(subscriber.name, part, *one) for one in traffic.more(*found))
        if worker:
            found = (running.delivered(worker, events, assumed) for events in counts)
            yield from (Line(subscriber.name, part, *one) for one in traffic.more(*found))
    for each in called(template):
        found = (traffic.handed(each.function, events, assumed) for events in (before, after))
        yield from (Line(each.name, part, *one) for one in traffic.more(*found))
