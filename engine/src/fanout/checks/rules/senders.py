"""What sends to queues, topics and functions without a topic's subscription: rules, schedules, buckets, pipes and their like."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.asynchronous import CALLERS, INVOKE_CONFIG, asynchronous
from fanout.template.delivery import may_deliver
from fanout.template.grants import ROLE
from fanout.template.links import Link
from fanout.template.messaging import function_of, is_fifo
from fanout.template.senders import all_links, links
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import FUNCTION, QUEUE, TOPIC
from fanout.template.values import Value, shown

_EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"
_RESOURCE_POLICIES = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"
_INVOKE = "https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html"
_ASYNC = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"
_RETRIES = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"
_FIFO = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagegroupid-property.html"
_PIPES = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"


@rule(
    "sender-without-dead-letter-queue",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="The target of a rule, or of a schedule of hours and more, has a dead-letter queue.",
    why="EventBridge tries for 24 hours, and after a refusal not at all: then the event is gone, and only a metric counts it.",
    fix="Set DeadLetterConfig.Arn of the target to a queue (CDK: dead_letter_queue=...), whose policy lets the service in.",
    link=_EVENTS,
)
def sender_without_dead_letter_queue(template: Template) -> Iterator[Problem]:
    for each in links(template):
        asked = each.kind in ("rule", "schedule") and each.action is not None and not _ticks(each.owner)
        if asked and each.dead_letter_queue is None:
            yield Problem(
                each.owner, f"no DeadLetterConfig for its target {_id(each.target)}: what it cannot deliver is gone"
            )


@rule(
    "topic-policy-missing",
    consequence=Consequence.LOST,
    what="A topic's policy lets in the rules and buckets that publish to it.",
    why="The default policy lets in the account's own users, not a service: what EventBridge publishes is refused and lost; S3 refuses"
    " the configuration.",
    fix="Add a topic policy that allows sns:Publish on the topic to the service, with ArnEquals aws:SourceArn = the sender; no Deny"
    " may cover it.",
    link=_RESOURCE_POLICIES,
)
def topic_policy_missing(template: Template) -> Iterator[Problem]:
    for each in links(template):
        topic = each.target
        if each.kind not in ("rule", "bucket") or not isinstance(topic, Resource) or topic.type != TOPIC:
            continue
        if each.role is None and may_deliver(each) is False:
            yield Problem(topic, f"no policy lets {each.name} publish to this topic")


@rule(
    "function-refuses-sender",
    consequence=Consequence.LOST,
    what="A function lets in the topics, rules and buckets that are to invoke it.",
    why="Lambda refuses the invocation: SNS and EventBridge do not try again, and every message is discarded. S3 refuses the"
    " configuration.",
    fix="Add an AWS::Lambda::Permission for lambda:InvokeFunction with the service as Principal and the sender as SourceArn.",
    link=_INVOKE,
)
def function_refuses_sender(template: Template) -> Iterator[Problem]:
    for each in links(template):
        function = each.target
        if each.kind not in ("topic", "rule", "bucket") or each.role is not None:
            continue
        if isinstance(function, Resource) and function.type == FUNCTION and may_deliver(each) is False:
            yield Problem(function, f"no permission lets {each.name} invoke this function")


@rule(
    "function-without-failure-destination",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="A function that is invoked asynchronously, by a topic, a rule or a bucket, keeps what it failed to do.",
    why="Lambda tries three times within minutes, and drops the event: nothing has it any more.",
    fix="Give the function a DeadLetterConfig or an OnFailure destination; or put a queue between, which waits for days.",
    link=_ASYNC,
)
def function_without_failure_destination(template: Template) -> Iterator[Problem]:
    for function, sender in template.linked.remember(_invoked).items():
        if function.template is template and _keeps_failures(function) is False:
            when = asynchronous(function).when
            yield Problem(function, f"{sender.name} invokes it, and an event is dropped {when}")


@rule(
    "function-tried-once",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="What fails at a function that is invoked asynchronously is tried again, or kept.",
    why="With MaximumRetryAttempts 0 and no destination the first error drops the event: a short outage of what the function calls, a"
    " restart of its container, a throttled request.",
    fix="Leave MaximumRetryAttempts at 2, or give the function an OnFailure destination.",
    link=_RETRIES,
)
def function_tried_once(template: Template) -> Iterator[Problem]:
    for config in template.of(INVOKE_CONFIG):
        function = function_of(template, config.get("FunctionName"))
        keeps = config.get("DestinationConfig", "OnFailure") is not None
        kept = keeps or (function is not None and function.get("DeadLetterConfig") is not None)
        if config.number("MaximumRetryAttempts", default=2) == 0 and not kept:
            yield Problem(config, "MaximumRetryAttempts is 0 and nothing keeps what fails: one error drops the event")


@rule(
    "group-missing",
    consequence=Consequence.LOST,
    what="What sends to a FIFO queue sets a message group.",
    why="SQS refuses a message without MessageGroupId: the sender's every message is lost, or the deployment fails.",
    fix="Set MessageGroupId: SqsParameters of a rule's or schedule's target, SqsQueueParameters of a pipe.",
    link=_FIFO,
)
def group_missing(template: Template) -> Iterator[Problem]:
    for each in links(template):
        queue = each.target
        if each.kind in ("rule", "schedule", "pipe") and isinstance(queue, Resource) and queue.type == QUEUE:
            if is_fifo(queue) is True and each.group is None:
                yield Problem(each.owner, f"no MessageGroupId for the FIFO queue {queue.id}")


@rule(
    "sender-role-refused",
    consequence=Consequence.LOST,
    what="The role of a pipe, a schedule, a lifecycle hook, an IoT rule or an API method may send to its target.",
    why="The service is refused with this role: a pipe stops at its first batch, the others lose the message.",
    fix="Allow the action on the target's ARN in a policy of the role.",
    link=_PIPES,
)
def sender_role_refused(template: Template) -> Iterator[Problem]:
    for each in links(template):
        role = template.resource(each.role)
        if each.action is None or role is None or role.type != ROLE:
            continue
        if may_deliver(each) is False:
            yield Problem(each.owner, f"its role {role.id} may not {each.action} to {_id(each.target)}")


def _ticks(owner: Resource) -> bool:
    """Every few minutes the next one takes the place of one that is lost."""
    return "minute" in shown(owner.get("ScheduleExpression") or "")


def _invoked(linked: Linked) -> dict[Resource, Link]:
    """The functions that are invoked asynchronously, each with its first sender."""
    found: dict[Resource, Link] = {}
    for each in all_links(linked):
        function = each.target
        if each.kind in CALLERS and isinstance(function, Resource) and function.type == FUNCTION:
            if not _ticks(each.owner):
                found.setdefault(function, each)
    return found


def _keeps_failures(function: Resource) -> bool | None:
    if function.get("DeadLetterConfig") is not None:
        return True
    keeping = function.template.linked.remember(_keeping)
    return True if function in keeping or None in keeping else None if function.template.macros else False


def _keeping(linked: Linked) -> set[Resource | None]:
    """The functions whose failures have a destination; None among them when one is not seen: it may be any."""
    configs = (each for each in linked.of(INVOKE_CONFIG) if each.get("DestinationConfig", "OnFailure") is not None)
    targets = (each.template.target(each.get("FunctionName")) for each in configs)
    return {target if isinstance(target, Resource) else None for target in targets}


def _id(target: Value) -> str:
    return target.id if isinstance(target, Resource) else shown(target)
