"""What an operator is granted of each subscriber, and the ARNs that it is granted on."""

from collections.abc import Callable, Sequence
from functools import partial

from aws_cdk import ArnFormat
from aws_cdk import aws_iam as iam

from fanout import names
from fanout.constructs.cdk_cache import fact, stack_of
from fanout.constructs.subscriber import Subscriber

Grants = Sequence[tuple[list[str], Sequence[str]]]
"""Actions, and the kinds of a subscriber's ARNs that they are allowed on."""


def let(policy: iam.ManagedPolicy, actions: list[str], resources: list[str]) -> None:
    iam.Grant.add_to_principal(grantee=policy, actions=actions, resource_arns=resources)


def _log_groups(subscriber: Subscriber) -> list[str]:
    """With and without `:*`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html"""
    group = subscriber.consumer.log_group
    if group is None:
        return []
    parts = {"service": "logs", "resource": "log-group", "resource_name": fact(group, "log_group_name")}
    in_parts = partial(stack_of(subscriber).format_arn, arn_format=ArnFormat.COLON_RESOURCE_NAME, **parts)
    return [fact(group, "its ARN without :*", in_parts), fact(group, "log_group_arn")]


def _queues(subscriber: Subscriber) -> list[str]:
    return [fact(subscriber.queue, "queue_arn")] if subscriber.is_queued else []


def _dead_letter_queues(subscriber: Subscriber) -> list[str]:
    return [fact(subscriber.dead_letter_queue, "queue_arn")] if subscriber.buries else []


def services_of(subscriber: Subscriber) -> list[str]:
    arn = subscriber.consumer.outputs().get(names.SERVICE_ARN_OUTPUT)
    return [arn] if arn else []


def _functions(subscriber: Subscriber) -> list[str]:
    return [fact(subscriber.function, "function_arn")] if subscriber.consumer.has_function else []


def _mappings(subscriber: Subscriber) -> list[str]:
    return [fact(subscriber.mapping, "event_source_mapping_arn")] if subscriber.consumer.feeds else []


ARNS: dict[str, Callable[[Subscriber], list[str]]] = {
    "queue": _queues,
    "dead letters": _dead_letter_queues,
    "function": _functions,
    "mapping": _mappings,
    "log": _log_groups,
}
READ: Grants = (
    (["sqs:GetQueueAttributes", "sqs:ListQueueTags"], ("queue", "dead letters")),
    (["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"], ("dead letters",)),
    (["lambda:GetFunctionConfiguration"], ("function",)),
    (["lambda:ListTags"], ("mapping",)),
    (["logs:FilterLogEvents"], ("log",)),
)
HEAL: Grants = (
    (["sqs:DeleteMessage"], ("dead letters",)),
    (["sqs:SendMessage"], ("queue",)),
    (
        [
            "lambda:GetEventSourceMapping",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateEventSourceMapping",
        ],
        ("mapping",),
    ),
)
