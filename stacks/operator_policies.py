"""What an operator may do: look, and heal. Two managed policies to attach to the role of whoever is on call."""

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.subscriber import Subscriber


class OperatorPolicies(Construct):
    """`read` is all that `fanout status`, `dead list`, `where` and `doctor` ask for; `heal` is what changing commands
    need beside it. Neither may receive from a task's own queue: that would use up an event's attempts.

    Made last in a stack: its subscribers are those that are there. Their ARNs are written out, so that a policy reaches
    nothing of another stack; IAM's 6,144 characters of a managed policy
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html) are enough for about ten of them.
    """

    def __init__(self, scope: Construct, id_: str, *, topic: sns.Topic) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        subscribers = [each for each in stack.node.find_all() if isinstance(each, Subscriber)]
        key = stack.node.try_find_child("QueueKey")
        self.read = iam.ManagedPolicy(
            self,
            "ReadPolicy",
            description="Look at form events: attach to the role of an operator",
            statements=[*_look(subscribers, topic), *_anywhere(stack)],
        )
        self.heal = iam.ManagedPolicy(
            self,
            "HealPolicy",
            description="Heal form events: attach it beside the policy for looking",
            statements=_heal(subscribers),
        )
        topic.grant_publish(self.heal)
        if isinstance(key, kms.Key):
            key.grant(self.read, "kms:Decrypt")
            key.grant(self.heal, "kms:GenerateDataKey")
        CfnOutput(stack, "OperatorReadPolicyArn", value=self.read.managed_policy_arn)
        CfnOutput(stack, "OperatorHealPolicyArn", value=self.heal.managed_policy_arn)


def _look(subscribers: list[Subscriber], topic: sns.Topic) -> list[iam.PolicyStatement]:
    dead = [each.dead_letter_queue.queue_arn for each in subscribers]
    return [
        _allow(
            ["sqs:GetQueueAttributes", "sqs:ListQueueTags"], [*(each.queue.queue_arn for each in subscribers), *dead]
        ),
        _allow(["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"], dead),
        _allow(["lambda:GetFunctionConfiguration"], [each.function.function_arn for each in subscribers]),
        _allow(["lambda:ListTags"], [each.mapping.event_source_mapping_arn for each in subscribers]),
        _allow(["logs:FilterLogEvents"], [arn for each in subscribers for arn in _log_groups(each)]),
        _allow(["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"], [topic.topic_arn]),
    ]


def _anywhere(stack: Stack) -> list[iam.PolicyStatement]:
    """Of the stack by its name. The last ones take no resource
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
