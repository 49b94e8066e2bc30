"""What watches a whole stack: its topic, its dashboard, and one alarm that says whether anybody is needed."""

import math
from collections.abc import Sequence
from functools import partial

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout.constructs.alarms.alarm import BELOW, Alarm, ring
from fanout.constructs.alarms.heartbeat import heartbeat_silent, scheduled
from fanout.constructs.alarms.recipients import recipients
from fanout.constructs.alarms.runbook import Place, describe
from fanout.constructs.alarms.subscriber import ESSENTIAL
from fanout.constructs.cdk_cache import fact, name_of_stack, stack_of
from fanout.constructs.dashboard.dashboard import dashboard
from fanout.constructs.delivery import Delivery
from fanout.constructs.distance import metrics_elsewhere
from fanout.constructs.errors import expect
from fanout.constructs.metric import HOUR, AnyMetric, Expression, of_topic
from fanout.constructs.registry import for_each, in_order, late_string, validate_late
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.taken_names import take_name
from fanout.constructs.topic import AnyTopic, name_of
from fanout.constructs.topic_checks import check_also

MOST_CHILDREN = 100
"""Of one composite alarm: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html"""


class Monitoring(Construct):
    """Alarms of `topic`, and of each topic that is there `also`, the dashboard, and with `alarms="full"` the composite alarm of all that needs a person.

    Of every subscriber of the stack, wherever its line stands. The composite holds the essential alarms only: they say
    that a person is needed, the others say why, or earlier. It rings once, whatever begins first, and says when the last
    has ended. A topic of another Region, or by its ARN of another account, has no alarms here: those of its own
    stack look where its metrics are.
    """

    def __init__(self, scope: Construct, id_: str, *, topic: AnyTopic, also: Sequence[AnyTopic] = ()) -> None:
        super().__init__(scope, id_)
        stack_of(self, scope)
        check_also(f"monitoring {id_}", topic, also)
        settings = topic.settings
        place = Place(scope=self, settings=settings, owner=settings.owner)
        self._failures: list[cloudwatch.CfnAlarm] = []
        self._watch(self, topic, place, settings)
        for each in also:
            self._watch(Construct(self, name_of(each)), each, place, settings)
        self.subscribers: list[Subscriber] = []
        for_each(Subscriber, self, self.subscribers.append)
        self.deliveries: list[Delivery] = []
        for_each(Delivery, self, self.deliveries.append)
        if settings.alarms == "full":
            self._needs_a_person(place, settings)
        shown = {"Topic": topic.topic, **{f"Topic {name_of(each)}": each.topic for each in also}}
        self._intakes: list[str] = []
        dashboard(
            self,
            topics=shown,
            subscribers=self.subscribers,
            alarms=self.essential,
            settings=settings,
            intakes=self._intakes,
        )

    def show_intake(self, stack: str) -> None:
        """A row of the dashboard for the intake in the stack of this name, which publishes to the topic."""
        self._intakes.append(stack)

    def essential(self) -> list[cloudwatch.CfnAlarm]:
        """What says that a person is needed: of the topic, and of each subscriber and delivery that is there by now."""
        ours = [each.alarms[kind] for each in in_order(self.subscribers) for kind in ESSENTIAL if kind in each.alarms]
        return [*self._failures, *ours, *(each.alarm for each in in_order(self.deliveries))]

    def _watch(self, within: Construct, topic: AnyTopic, place: Place, settings: Settings) -> None:
        if where := metrics_elsewhere(topic.topic, stack_of(self)):
            given, hours = topic.settings.name, topic.settings.expected_hours
            told = f"None for a topic in {where}, whose metrics no alarm of this stack sees"
            expect(f"settings {given}", "expected_hours", hours is None, hours, told)
            return
        self._failures += [ring(within, each, place, settings) for each in _failures(self, topic.topic)]
        for each in (*_silence(self, topic), *heartbeat_silent(topic.settings, topic.schedule_group)):
            ring(within, each, place, settings)

    def _needs_a_person(self, place: Place, settings: Settings) -> None:
        told = recipients(self, settings)
        name = f"{name_of_stack(self)}-NeedsAPerson"  # it keeps nothing, and people read it
        take_name(self, "alarm", name, "a stack has one Monitoring: name the other's topics in also=[...]")
        cloudwatch.CfnCompositeAlarm(
            Construct(self, "NeedsAPersonAlarm"),
            "Resource",
            alarm_rule=late_string(self._rule),
            alarm_name=name,
            alarm_description=describe(
                "needs-a-person", "events are dead, lost or too old: this environment needs a person.", place
            ),
            alarm_actions=told,
            ok_actions=told,
        )
        validate_late(self, partial(self._too_many, settings))

    def _rule(self) -> str:
        """By name: the ARNs of a hundred alarms would be longer than a rule may be."""
        rings = [f'ALARM("{fact(alarm, "ref")}")' for alarm in self.essential()]
        return f"({' OR '.join(rings) or 'FALSE'})"

    def _too_many(self, settings: Settings) -> list[str]:
        count = len(self.essential())
        if count <= MOST_CHILDREN or not self.subscribers:
            return []
        each = sum(kind in self.subscribers[0].alarms for kind in ESSENTIAL)
        most = len(self.subscribers) - math.ceil((count - MOST_CHILDREN) / each)
        return [
            f"settings {settings.name}: alarms is 'full' for {len(self.subscribers)} subscribers:"
            f" expected at most {most} in one stack, or 'essential'"
        ]


def _failures(scope: Construct, topic: sns.ITopic) -> list[Alarm]:
    return [
        Alarm(
            kind="delivery-failed",
            means="the topic could not deliver an event to a subscriber; it is in that task's dead-letter queue.",
            metric=of_topic(scope, topic, "NumberOfNotificationsFailed", "Sum"),
        ),
        Alarm(
            kind="redrive-failed",
            means="an event reached neither a subscriber's queue nor its dead-letter queue: for that task it is lost.",
            metric=of_topic(scope, topic, "NumberOfNotificationsFailedToRedriveToDlq", "Sum"),
        ),
    ]


def _silence(scope: Construct, topic: AnyTopic) -> list[Alarm]:
    """SNS sends no data for a topic that has been idle for hours, so a series of zeros stands behind the metric.

    Heartbeats are published too, and are no sign of life of the publishing service.
    """
    hours = topic.settings.expected_hours
    if hours is None:
        return []
    first, last = hours
    zeros = Expression(expression="TIME_SERIES(0)", period=HOUR)
    published = of_topic(scope, topic.topic, "NumberOfMessagesPublished", "Sum", HOUR)
    metrics: dict[str, AnyMetric] = {"published": published, "zeros": zeros}
    by_service = "SUM([published, zeros])"
    if topic.settings.heartbeat is not None:
        by_service = f"{by_service} - SUM([sent, zeros]) + SUM([refused, zeros])"
        metrics["sent"] = scheduled("InvocationAttemptCount", topic.schedule_group, HOUR)
        metrics["refused"] = scheduled("TargetErrorCount", topic.schedule_group, HOUR)
    return [
        Alarm(
            kind="nothing-published",
            means=f"no event was published in an hour from {first}:00 to {last}:00 UTC on a weekday.",
            metric=Expression(
                expression=f"IF(HOUR(zeros) >= {first} AND HOUR(zeros) < {last} AND DAY(zeros) <= 5, {by_service}, 1)",
                label="published in an expected hour",
                period=HOUR,
                metrics=metrics,
            ),
            threshold=1,
            compared=BELOW,
        )
    ]
