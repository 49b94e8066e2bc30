"""What an operator may do: look, and heal. Managed policies to attach to the role of whoever is on call."""

from collections.abc import Callable, Sequence
from functools import partial

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.recipients import alarm_topics
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.idempotency import let_look
from fanout.constructs.registry import for_each, in_order, late_list
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import AnyTopic

Grants = Sequence[tuple[list[str], Callable[[Subscriber], list[str]]]]
"""Actions, and the ARNs of a subscriber that they are allowed on."""

LOOKED_AT, HEALED, AROUND = 6, 14, 2
"""Subscribers that one policy has room for. A managed policy may have 6,144 characters and a role ten policies
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), so 40 subscribers are seven and three.
What is no subscriber's takes the room of two of those that are looked at."""

_OUTPUTS = {
    "ReadPolicy": names.OPERATOR_READ_POLICY_ARN_OUTPUT,
    "HealPolicy": names.OPERATOR_HEAL_POLICY_ARN_OUTPUT,
}
_DESCRIPTIONS = {
    "ReadPolicy": "Look at events: attach to the role of an operator",
    "HealPolicy": "Heal events: attach beside those for looking",
}


class OperatorPolicies(Construct):
    """`read` is all that `fanout status`, `dead list`, `where` and `doctor` ask for; `heal` is what changing commands
    need beside it. Neither may receive from a task's own queue: that would use up an event's attempts.

    Of every subscriber of the stack, wherever its line stands. Their ARNs are written out, so that a policy reaches
    nothing of another stack; when they no longer fit into one policy the next is opened, with an output of its own.
    """

    def __init__(self, scope: Construct, id_: str, *, topic: AnyTopic) -> None:
        super().__init__(scope, id_)
        self._stack = Stack.of(self)
        self.subscribers: list[Subscriber] = []
        self.read = [self._policy("ReadPolicy", 0, _around(self._stack, topic.topic))]
        self.heal = [self._policy("HealPolicy", 0, [])]
        topic.topic.grant_publish(self.heal[0])
        if topic.settings.heartbeat:
            self._grant_schedules(topic.schedule_group)
        for_each(Subscriber, self, self._add)

    def _add(self, subscriber: Subscriber) -> None:
        """The first subscriber of each policy writes its statements, whose ARNs are filled in at synth."""
        number = len(self.subscribers)
        self.subscribers.append(subscriber)
        if number == 0:
            self._grant_key()
            let_look(self._stack, self.read[0])
        self._fill(self.read, "ReadPolicy", number + AROUND, LOOKED_AT, READ)
        self._fill(self.heal, "HealPolicy", number, HEALED, HEAL)

    def _fill(self, policies: list[iam.ManagedPolicy], id_: str, place: int, most: int, grants: Grants) -> None:
        """When the subscriber at this place is the first of a policy: `most` places make one."""
        taken = place - len(self.subscribers) + 1
        if place % most and place > taken:
            return
        if place > taken:
            policies.append(self._policy(id_, place // most, []))
        own = slice(len(self.subscribers) - 1, most * (place // most + 1) - taken)
        policies[-1].add_statements(
            *(_allow(actions, late_list(partial(self._arns, own, arns_of))) for actions, arns_of in grants)
        )

    def _arns(self, own: slice, arns_of: Callable[[Subscriber], list[str]]) -> list[str]:
        return [arn for subscriber in in_order(self.subscribers)[own] for arn in arns_of(subscriber)]

    def _grant_schedules(self, group: str) -> None:
        """A heartbeat's schedule that somebody disabled has no metric: `fanout doctor` sees it."""
        heartbeats: list[Heartbeat] = []
        for_each(Heartbeat, self, heartbeats.append)
        anyone = self._stack.format_arn(service="scheduler", resource="schedule", resource_name=f"{group}/*")

        def arns() -> list[str]:
            schedules = [heartbeat.schedule for heartbeat in in_order(heartbeats)]
            return [schedule.attr_arn for schedule in schedules if schedule] or [anyone]

        self.read[0].add_statements(_allow(["scheduler:GetSchedule"], late_list(arns)))

    def _grant_key(self) -> None:
        key = self._stack.node.try_find_child("QueueKey")
        if isinstance(key, kms.Key):
            key.grant(self.read[0], "kms:Decrypt")
            key.grant(self.heal[0], "kms:GenerateDataKey")

    def _policy(self, id_: str, number: int, statements: list[iam.PolicyStatement]) -> iam.ManagedPolicy:
        which = str(number + 1) if number else ""
        policy = iam.ManagedPolicy(self, f"{id_}{which}", description=_DESCRIPTIONS[id_], statements=statements)
        CfnOutput(self._stack, f"{_OUTPUTS[id_]}{which}", value=policy.managed_policy_arn)
        return policy


def _around(stack: Stack, topic: sns.ITopic) -> list[iam.PolicyStatement]:
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
        _allow(
            ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"],
            late_list(lambda: [topic.topic_arn, *(each.topic_arn for each in alarm_topics(stack))]),
        ),
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


def _queues(subscriber: Subscriber) -> list[str]:
    return [subscriber.queue.queue_arn]


def _dead_letter_queues(subscriber: Subscriber) -> list[str]:
    return [subscriber.dead_letter_queue.queue_arn]


def _mappings(subscriber: Subscriber) -> list[str]:
    return [subscriber.mapping.event_source_mapping_arn]


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)


READ: Grants = (
    (["sqs:GetQueueAttributes", "sqs:ListQueueTags"], lambda each: [*_queues(each), *_dead_letter_queues(each)]),
    (["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"], _dead_letter_queues),
    (["lambda:GetFunctionConfiguration"], lambda each: [each.function.function_arn]),
    (["lambda:ListTags"], _mappings),
    (["logs:FilterLogEvents"], _log_groups),
)
HEAL: Grants = (
    (["sqs:DeleteMessage"], _dead_letter_queues),
    (["sqs:SendMessage"], _queues),
    (
        [
            "lambda:GetEventSourceMapping",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateEventSourceMapping",
        ],
        _mappings,
    ),
)
