"""What an operator may do: look, and heal. Managed policies to attach to the role of whoever is on call."""

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout import names
from fanout.constructs.subscriber import Subscriber

LOOKED_AT, HEALED = 6, 14
"""Subscribers that one policy has room for. A managed policy may have 6,144 characters and a role ten policies
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), so 40 subscribers are seven and three."""

_OUTPUTS = {
    "ReadPolicy": names.OPERATOR_READ_POLICY_ARN_OUTPUT,
    "HealPolicy": names.OPERATOR_HEAL_POLICY_ARN_OUTPUT,
}


class OperatorPolicies(Construct):
    """`read` is all that `fanout status`, `dead list`, `where` and `doctor` ask for; `heal` is what changing commands
    need beside it. Neither may receive from a task's own queue: that would use up an event's attempts.

    Made last in a stack: its subscribers are those that are there. Their ARNs are written out, so that a policy reaches
    nothing of another stack; when they no longer fit into one policy there are more, each with an output of its own.
    """

    def __init__(self, scope: Construct, id_: str, *, topic: sns.Topic) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        subscribers = [each for each in stack.node.find_all() if isinstance(each, Subscriber)]
        key = stack.node.try_find_child("QueueKey")
        self.read = [
            self._policy(
                "ReadPolicy",
                number,
                "Look at form events: attach to the role of an operator",
                _look(some) if some else [],
            )
            for number, some in enumerate(_several(subscribers, LOOKED_AT))
        ]
        self.heal = [
            self._policy(
                "HealPolicy", number, "Heal form events: attach beside those for looking", _heal(some) if some else []
            )
            for number, some in enumerate(_several(subscribers, HEALED))
        ]
        self.read[0].add_statements(*_around(stack, topic))
        topic.grant_publish(self.heal[0])
        if isinstance(key, kms.Key):
            key.grant(self.read[0], "kms:Decrypt")
            key.grant(self.heal[0], "kms:GenerateDataKey")

    def _policy(
        self, id_: str, number: int, description: str, statements: list[iam.PolicyStatement]
    ) -> iam.ManagedPolicy:
        which = str(number + 1) if number else ""
        policy = iam.ManagedPolicy(self, f"{id_}{which}", description=description, statements=statements)
        CfnOutput(Stack.of(self), f"{_OUTPUTS[id_]}{which}", value=policy.managed_policy_arn)
        return policy


def _several(subscribers: list[Subscriber], most: int) -> list[list[Subscriber]]:
    """At least one, though it may be empty."""
    return [subscribers[start : start + most] for start in range(0, max(len(subscribers), 1), most)]


def _look(subscribers: list[Subscriber]) -> list[iam.PolicyStatement]:
    dead = [each.dead_letter_queue.queue_arn for each in subscribers]
    return [
        _allow(
            ["sqs:GetQueueAttributes", "sqs:ListQueueTags"], [*(each.queue.queue_arn for each in subscribers), *dead]
        ),
        _allow(["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"], dead),
        _allow(["lambda:GetFunctionConfiguration"], [each.function.function_arn for each in subscribers]),
        _allow(["lambda:ListTags"], [each.mapping.event_source_mapping_arn for each in subscribers]),
        _allow(["logs:FilterLogEvents"], [arn for each in subscribers for arn in _log_groups(each)]),
    ]


def _around(stack: Stack, topic: sns.Topic) -> list[iam.PolicyStatement]:
    """Of the topic, and of the stack by its name. The last ones take no resource
    (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html), or tell of composite alarms
    only so (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
    """
    own = stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")
    anywhere = [
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "lambda:ListEventSourceMappings",
        "sns:GetSubscriptionAttributes",
    ]
    return [
        _allow(["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"], [topic.topic_arn]),
        _allow(
            ["cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"], [own]
        ),
        _allow(anywhere, ["*"]),
    ]


def _log_groups(subscriber: Subscriber) -> list[str]:
    """With and without `:*`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html"""
    group = subscriber.function.log_group
    plain = Stack.of(subscriber).format_arn(
        service="logs",
        resource="log-group",
        resource_name=group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [plain, group.log_group_arn]


def _heal(subscribers: list[Subscriber]) -> list[iam.PolicyStatement]:
    return [
        _allow(["sqs:DeleteMessage"], [each.dead_letter_queue.queue_arn for each in subscribers]),
        _allow(["sqs:SendMessage", "sqs:TagQueue", "sqs:UntagQueue"], [each.queue.queue_arn for each in subscribers]),
        _allow(
            ["lambda:UpdateEventSourceMapping", "lambda:UntagResource"],
            [each.mapping.event_source_mapping_arn for each in subscribers],
        ),
    ]


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
