"""Services of ECS that work on a queue: when their tasks begin, and when they are ended."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.scaling import POLICY, SQS, Named, policies, targets
from fanout.template.template import Template

WAITING, IN_HAND = "ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"


@rule(
    "scale-in-kills-work",
    consequence=Consequence.DOUBLED,
    severity=Severity.WARNING,
    what="A service that works on a queue is scaled in by what waits and what is worked on, together.",
    why="What a task has received is hidden, so a queue whose last message has just been taken counts as empty: the task is"
    " ended in the middle of its work, and the message is worked on again from its beginning, at the price of an attempt.",
    fix="Add ApproximateNumberOfMessagesNotVisible to the metric, or scale in by an alarm on the sum of both.",
    link="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
)
def scale_in_kills_work(template: Template) -> Iterator[Problem]:
    for policy in policies(template):
        if any(_sees_only_what_waits(each) for each in policy.takes_away):
            yield Problem(policy.resource, f"it ends tasks by {WAITING} alone: one that is at work has made it 0")


def _sees_only_what_waits(metrics: tuple[Named, ...]) -> bool:
    named = {metric for namespace, metric in metrics if namespace == SQS}
    return WAITING in named and IN_HAND not in named


@rule(
    "service-never-starts",
    consequence=Consequence.BLOCKED,
    what="A service that may be scaled to no task is started again by something that is measured without one.",
    why="The CPU of a service, its memory and a backlog per task have no value while no task runs, and a percentage of none is"
    " none: messages wait until the queue deletes them.",
    fix="Add a step scaling policy that adds one task, called by an alarm on ApproximateNumberOfMessagesVisible >= 1; or raise"
    " MinCapacity to 1.",
    link="https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-step-scaling-policies.html",
)
def service_never_starts(template: Template) -> Iterator[Problem]:
    """Silent where a policy's target cannot be seen, or something else starts it by the clock."""
    known = policies(template)
    if len(known) < len(template.of(POLICY)) or template.macros:
        return
    for target in targets(template):
        own = [each for each in known if each.target is target]
        if target.number("MinCapacity") == 0 and own and not target.get("ScheduledActions"):
            if not any(each.adds for each in own):
                yield Problem(target, "MinCapacity is 0, and no policy of it can start a first task")
