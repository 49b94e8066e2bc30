"""RedriveAllowPolicy: which queues may use a queue as their dead-letter queue."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.dead_letters import dead_letter_queue_of, message_dead_letter_queues
from fanout.template.messaging import queues
from fanout.template.policies import any_of
from fanout.template.template import Resource, Template
from fanout.template.values import UNKNOWN, External, Value, as_list, shown

_LINK = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"


@rule(
    "redrive-allow-refuses-its-queue",
    consequence=Consequence.LOST,
    what="A dead-letter queue's RedriveAllowPolicy lets in the queue that uses it.",
    why="With denyAll, or byQueue without the queue's ARN, SQS does not move the message: it stays in the queue, is tried"
    " again and again, and is deleted when retention ends.",
    fix="Remove the RedriveAllowPolicy (the default allows the account's queues), or list the queue in sourceQueueArns.",
    link=_LINK,
)
def redrive_allow_refuses_its_queue(template: Template) -> Iterator[Problem]:
    for queue in queues(template):
        dead_letters = dead_letter_queue_of(queue)
        if isinstance(dead_letters, Resource) and _lets_in(dead_letters, queue) is False:
            policy = dead_letters.document("RedriveAllowPolicy")
            yield Problem(
                dead_letters,
                f"redrivePermission is {shown(policy['redrivePermission'])} and refuses its own queue {queue.id}",
            )


@rule(
    "redrive-allow-on-wrong-queue",
    consequence=Consequence.LOST,
    what="A RedriveAllowPolicy that names queues sits on their dead-letter queue.",
    why="On a queue that is nobody's dead-letter queue byQueue protects nothing: the dead-letter queue it was meant for stays"
    " open to every queue of the account. denyAll is right on such a queue: nobody may use it as a dead-letter queue.",
    fix="Move the RedriveAllowPolicy to the dead-letter queue. RedrivePolicy belongs to the queue, RedriveAllowPolicy to"
    " the dead-letter queue.",
    link=_LINK,
)
def redrive_allow_on_wrong_queue(template: Template) -> Iterator[Problem]:
    for queue in queues(template):
        policy = queue.document("RedriveAllowPolicy")
        used = queue in message_dead_letter_queues(template)
        names_queues = isinstance(policy, dict) and policy.get("redrivePermission") == "byQueue"
        if names_queues and dead_letter_queue_of(queue) is not None and not used:
            yield Problem(queue, "has a RedriveAllowPolicy for queues, but nothing uses it as a dead-letter queue")


def _lets_in(dead_letters: Resource, queue: Resource) -> bool | None:
    policy = dead_letters.document("RedriveAllowPolicy")
    if not isinstance(policy, dict):
        return True if policy is None else None
    permission = policy.get("redrivePermission")
    if permission == "denyAll":
        return False
    if permission != "byQueue":
        return True if permission in ("allowAll", None) else None
    return any_of(_is(dead_letters.template, each, queue) for each in as_list(policy.get("sourceQueueArns")))


def _is(template: Template, value: Value, queue: Resource) -> bool | None:
    target = template.target(value)
    return None if target is UNKNOWN or isinstance(target, External) else target is queue
