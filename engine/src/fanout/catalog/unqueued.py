"""Subscriptions without a queue: tasks that their topic calls, and deliveries to where no task of ours stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fanout import names
from fanout.catalog import alarms, markdown
from fanout.catalog.tasks import Task
from fanout.costs.subscribers import task_of
from fanout.template.asynchronous import Call, asynchronous
from fanout.template.messaging import Subscription
from fanout.template.template import Resource, Template
from fanout.template.values import UNKNOWN, Missing, Value, shown

DELIVERED = ("http", "https", "email", "email-json", "sms", "application", "firehose")
RULE = "raw-event-leaves"


@dataclass(frozen=True)
class Called:
    """A task whose function the topic calls."""

    name: str
    subscription: Subscription
    function: Resource
    queue = None

    @property
    def filter(self) -> dict[str, Value] | None:
        found = self.subscription.resource.document("FilterPolicy")
        return found if isinstance(found, dict) else None

    @property
    def filters_body(self) -> bool:
        return bool(self.subscription.resource.get("FilterPolicyScope") == "MessageBody")

    @property
    def dead_letter_queue(self) -> Resource | None:
        """What Lambda gives up, or what SNS cannot hand over, goes there; both, where the engine made it."""
        for found in (asynchronous(self.function).keeps, self.subscription.dead_letter_queue):
            if isinstance(found, Resource):
                return found
        return None

    def variable(self, name: str) -> str | None:
        found: Value = self.function.get("Environment", "Variables", name)
        return str(found) if isinstance(found, str) else None


def called(call: Call) -> Called:
    variable: Value = call.function.get("Environment", "Variables", names.TASK)
    told = task_of(call.function) or (variable if isinstance(variable, str) else None)
    return Called(told or call.function.id, call.subscription, call.function)


def fate(of: Called) -> str:
    """What is dropped and when, or kept where: a table."""
    lambda_, by_topic = asynchronous(of.function), of.subscription.dead_letter_queue
    rows = [
        ("the task fails, or Lambda does not begin it", lambda_.when, _becomes(lambda_.keeps)),
        (
            "SNS cannot call the function",
            "at once when it is refused (no function, no permission), else after 23 days",
            _becomes(by_topic),
        ),
    ]
    if of.variable(names.TASK):
        kept = of.variable(names.DEAD_LETTER_QUEUE_URL) or of.function.get(
            "Environment", "Variables", names.DEAD_LETTER_QUEUE_URL
        )
        rows.insert(0, ("no retry can help (`PermanentError`)", "at once", "kept: dead letters" if kept else "dropped"))
    reason = why(of.subscription.resource, "subscription-without-dead-letter-queue")
    told = markdown.paragraph(f"It may drop events: {reason}.") if reason else ""
    return f"{told}\n{markdown.table(('what happens', 'an event is given up', 'and is then'), rows)}".lstrip()


def drops(of: Called) -> bool:
    return asynchronous(of.function).keeps is None or of.subscription.dead_letter_queue is None


def attempts(of: Called) -> str:
    retries = asynchronous(of.function).retries
    tries = "some" if retries is None else str(retries + 1)
    return f"{tries}, then {'dropped' if drops(of) else 'a dead letter'}"


def deliveries(template: Template, found: list[Subscription]) -> Iterator[tuple[str, str, str, str]]:
    """Rows: what it is, by which protocol, why the raw event may leave, and where what fails is kept. No endpoint: it may be
    a person's address."""
    for each in found:
        if each.protocol in DELIVERED:
            name = each.resource.path.split("/")[1:2] if "/" in each.resource.path else []
            reason = why(each.resource, RULE) or "no reason is given"
            yield "".join(name) or each.resource.id, shown(each.protocol), reason, _becomes(each.dead_letter_queue)


def why(resource: Resource, rule: str) -> str | None:
    """The reason of an acknowledgement that is written beside a resource."""
    ours = resource.metadata.get(names.METADATA)
    entries = ours.get(names.ACKNOWLEDGE_METADATA) if isinstance(ours, dict) else None
    for each in entries if isinstance(entries, list) else []:
        if isinstance(each, dict) and each.get("rule") == rule and isinstance(each.get("reason"), str):
            return str(each["reason"]).rstrip(".")
    return None


def owner_of(template: Template, each: Called) -> str:
    return alarms.owner(alarms.of_subscriber(template, each))


def page(template: Template, topic: str, each: Called, task: Task, receives: str, numbers: str, spent: str) -> str:
    found = alarms.of_subscriber(template, each)
    code = f" Code: [{task.file}](../../../{task.file})." if task.file else ""
    return markdown.page(
        f"# {each.name}",
        markdown.paragraph(task.what),
        markdown.paragraph(
            f"Called by topic `{topic}` in {template.name}, without a queue. Owner: {alarms.owner(found)}.{code}"
        ),
        f"## Receives\n\n{receives}",
        f"## What may be dropped, and when\n\n{fate(each)}",
        f"## Numbers\n\n{numbers}",
        f"## Alarms\n\n{alarms.table(found, root='../../../')}",
        spent,
    )


def _becomes(keeps: Value) -> str:
    if keeps is None or isinstance(keeps, Missing):
        return "dropped"
    return "perhaps dropped: the template does not show it" if keeps is UNKNOWN else "kept: dead letters"
