"""An event in which nothing happened, published at regular times: whoever does not acknowledge it misses real ones too."""

import json

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct, DependencyGroup

from fanout.constructs.beating import beat
from fanout.constructs.cdk_cache import account_of_stack, fact, stack_of
from fanout.constructs.registry import announce, for_each
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.taken_names import take_name
from fanout.constructs.topic import AnyTopic
from fanout.names import HEARTBEAT_TYPE

PUBLISH = "arn:aws:scheduler:::aws-sdk:sns:publish"
"""A universal target: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html"""


class Heartbeat(Construct):
    """A schedule that publishes to `topic` by itself, without a function, where settings ask for it.

    It is deployed after all subscribers of the stack, as a function of older code would put heartbeats into its
    dead-letter queue; subscribers in other stacks are deployed first.
    """

    def __init__(self, scope: Construct, id_: str, *, topic: AnyTopic, settings: Settings | None = None) -> None:
        super().__init__(scope, id_)
        stack_of(self, scope)
        self.schedule: scheduler.CfnSchedule | None = None
        settings = settings or topic.settings
        if settings.heartbeat is None:
            return
        another = "a topic has one Heartbeat, and one of from_arn may have a schedule_group of its own"
        take_name(self, "schedule group", topic.schedule_group, another)
        group = scheduler.ScheduleGroup(
            self, "Group", schedule_group_name=topic.schedule_group, removal_policy=RemovalPolicy.DESTROY
        )
        role = self._role(group)
        topic.topic.grant_publish(role)
        minutes = int(settings.heartbeat.total_seconds()) // 60
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Publishes a heartbeat that every subscriber acknowledges",
            group_name=group.schedule_group_name,
            schedule_expression=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=PUBLISH,
                role_arn=role.role_arn,
                input=stack_of(self).to_json_string(_request(topic.topic, settings, fair=topic.fair_by is not None)),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=0  # the next one comes soon enough, and each counts once
                ),
            ),
        )
        schedule.node.add_dependency(role)  # and its policy
        receivers = DependencyGroup()
        schedule.node.add_dependency(receivers)
        for_each(Subscriber, self, lambda each: receivers.add(each.subscription, *each.consumer.feeds))
        self.schedule = schedule
        beat(topic.topic)
        announce(self)

    def _role(self, group: scheduler.ScheduleGroup) -> iam.Role:
        """Of schedules of this group alone: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html"""
        ours = {
            "StringEquals": {"aws:SourceAccount": account_of_stack(self)},
            "ArnEquals": {"aws:SourceArn": group.schedule_group_arn},
        }
        return iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=ours))


def _request(topic: sns.ITopic, settings: Settings, *, fair: bool) -> dict[str, object]:
    """The parameters of SNS's Publish. Scheduler fills in what is in angle brackets.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    event = {
        "specversion": "1.0",
        "id": "<aws.scheduler.execution-id>",
        "source": f"/fanout/{settings.name}/heartbeat",
        "type": HEARTBEAT_TYPE,
        "time": "<aws.scheduler.scheduled-time>",
    }
    request = {
        "TopicArn": fact(topic, "topic_arn"),
        "Message": json.dumps(event),
        "MessageAttributes": {"type": {"DataType": "String", "StringValue": HEARTBEAT_TYPE}},
    }
    # A group of its own: heartbeats wait behind no other.
    group = {"MessageGroupId": "heartbeat"}
    if topic.fifo:
        return {**request, **group, "MessageDeduplicationId": "<aws.scheduler.execution-id>"}
    return {**request, **(group if fair else {})}
