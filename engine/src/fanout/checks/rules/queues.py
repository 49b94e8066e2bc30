"""How long a queue hides a message, how often it offers it, how long it keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.dead_letters import attempts_of, dead_letter_queue_of, dead_letter_queues
from fanout.template.messaging import Mapping, mappings, queues, subscriptions
from fanout.template.template import Resource, Template
from fanout.template.values import number

DEFAULT_VISIBILITY, DEFAULT_TIMEOUT, DEFAULT_RETENTION, DEFAULT_WINDOW = 30, 3, 345_600, 0
LEAST_ATTEMPTS = 3
_CONFIGURE = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
_DEAD_LETTERS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"


@rule(
    "visibility-below-timeout",
    consequence=Consequence.DOUBLED,
    what="A queue's visibility timeout is at least as long as the timeout of the function it feeds.",
    why="SQS offers the message again while the first invocation still works on it: the work is done twice. Lambda"
    " refuses such a mapping when it is created or updated, so the deployment fails.",
    fix="Set VisibilityTimeout to 6 x the function's Timeout + MaximumBatchingWindowInSeconds.",
    link=_CONFIGURE,
)
def visibility_below_timeout(template: Template) -> Iterator[Problem]:
    for mapping, queue, visibility, timeout, window in _timings(template):
        if visibility < timeout:
            yield Problem(
                queue,
                f"VisibilityTimeout is {number(visibility)} s, but {_function(mapping)} may run {number(timeout)} s",
                f"set VisibilityTimeout to {number(6 * timeout + window)} or more",
            )


@rule(
    "visibility-below-six-timeouts",
    consequence=Consequence.DOUBLED,
    what="A queue's visibility timeout is at least six times its function's timeout, plus the batching window.",
    why="When the function is throttled, Lambda keeps the batch and tries again. With less time the messages become"
    " visible in between: they are handled twice, and their receive count rises until good messages are dead letters.",
    fix="Set VisibilityTimeout to 6 x the function's Timeout + MaximumBatchingWindowInSeconds.",
    link=_CONFIGURE,
)
def visibility_below_six_timeouts(template: Template) -> Iterator[Problem]:
    for mapping, queue, visibility, timeout, window in _timings(template):
        needed = 6 * timeout + window
        if timeout <= visibility < needed:
            yield Problem(
                queue,
                f"VisibilityTimeout is {number(visibility)} s: 6 x {number(timeout)} s of {_function(mapping)} + {number(window)} s of"
                f" batching window are {number(needed)} s",
                f"set VisibilityTimeout to {number(needed)} or more",
            )


@rule(
    "queue-without-dead-letter-queue",
    consequence=Consequence.LOST,
    what="A queue that is no dead-letter queue itself has one.",
    why="A message that cannot be processed is offered again and again, and deleted without a trace when the queue's"
    " retention is over.",
    fix="Give the queue a RedrivePolicy with a dead-letter queue of its own and a maxReceiveCount of 5.",
    link=_DEAD_LETTERS,
)
def queue_without_dead_letter_queue(template: Template) -> Iterator[Problem]:
    fed = {each.queue for each in mappings(template)} | {each.queue for each in subscriptions(template)}
    for queue in queues(template):
        spared = queue in dead_letter_queues(template) or _is_for_dead_letters(queue)
        elsewhere = queue in template.exported and queue not in fed
        if dead_letter_queue_of(queue) is None and not spared and not elsewhere:
            yield Problem(queue, "no RedrivePolicy: messages that fail are deleted when retention ends")


@rule(
    "too-few-attempts",
    consequence=Consequence.LOST,
    what=f"A message is tried at least {LEAST_ATTEMPTS} times before it becomes a dead letter.",
    why="Every receive counts, also one whose invocation was throttled. With one or two attempts a short disturbance"
    " makes dead letters of good messages.",
    fix="Set maxReceiveCount to 5 or more.",
    link=_CONFIGURE,
)
def too_few_attempts(template: Template) -> Iterator[Problem]:
    for queue in queues(template):
        attempts = attempts_of(queue)
        if attempts is not None and attempts < LEAST_ATTEMPTS:
            yield Problem(queue, f"maxReceiveCount is {number(attempts)}: {LEAST_ATTEMPTS} or more expected")


@rule(
    "dead-letter-after-retention",
    consequence=Consequence.LOST,
    what="A message that keeps failing reaches the dead-letter queue before the queue's retention deletes it.",
    why="maxReceiveCount x VisibilityTimeout is how long a crashing message takes to become a dead letter. Retention"
    " does not wait: an expired message is deleted, it does not go to the dead-letter queue.",
    fix="Raise MessageRetentionPeriod, or lower maxReceiveCount or VisibilityTimeout.",
    link=_DEAD_LETTERS,
)
def dead_letter_after_retention(template: Template) -> Iterator[Problem]:
    for queue in queues(template):
        attempts = attempts_of(queue)
        visibility = queue.number("VisibilityTimeout", default=DEFAULT_VISIBILITY)
        retention = queue.number("MessageRetentionPeriod", default=DEFAULT_RETENTION)
        if attempts is None or visibility is None or retention is None:
            continue
        if attempts * visibility >= retention:
            yield Problem(
                queue,
                f"{number(attempts)} attempts x {number(visibility)} s are {number(attempts * visibility)} s, but messages are deleted"
                f" after {number(retention)} s",
            )


def _timings(template: Template) -> Iterator[tuple[Mapping, Resource, float, float, float]]:
    """(mapping, queue, visibility, function timeout, window) where all of them can be seen."""
    for mapping in mappings(template):
        queue, function = mapping.queue, mapping.function
        if not isinstance(queue, Resource) or function is None:
            continue
        visibility = queue.number("VisibilityTimeout", default=DEFAULT_VISIBILITY)
        timeout = function.number("Timeout", default=DEFAULT_TIMEOUT)
        window = mapping.resource.number("MaximumBatchingWindowInSeconds", default=DEFAULT_WINDOW)
        if visibility is not None and timeout is not None and window is not None:
            yield mapping, queue, visibility, timeout, window


def _is_for_dead_letters(queue: Resource) -> bool:
    """Whether it lets queues in that may be elsewhere: denyAll lets none in."""
    policy = queue.document("RedriveAllowPolicy")
    return policy is not None and not (isinstance(policy, dict) and policy.get("redrivePermission") == "denyAll")


def _function(mapping: Mapping) -> str:
    return mapping.function.id if mapping.function else "the function"
