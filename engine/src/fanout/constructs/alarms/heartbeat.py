"""Who did not acknowledge a heartbeat, and whether heartbeats are published at all."""

import math
from datetime import timedelta

from fanout import names
from fanout.constructs.alarms.alarm import Alarm
from fanout.constructs.alarms.target import AlarmTarget
from fanout.constructs.metric import Expression, Metric, of_queue, of_task
from fanout.constructs.settings import Settings

LATEST = 60
"""Seconds after which Scheduler publishes at the latest: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""
FILTER_TAKES_EFFECT = 15 * 60
"""Seconds: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html"""


def heartbeat_missed(target: AlarmTarget, settings: Settings) -> list[Alarm]:
    """A period is the longest time between two heartbeats, so that each has one, wherever it begins.

    A heartbeat that waits in the queue is not missed: a pause, an open circuit, a backlog and a mapping that comes last in
    a deployment have alarms of their own, or end by themselves. One that was never published is not missed either.
    """
    if settings.heartbeat is None:
        return []
    longest = _longest(settings.heartbeat)
    late = target.timeout + target.window + (FILTER_TAKES_EFFECT if target.only else 0)
    queue = target.queue
    if not target.away.sees_schedules:
        return [_missed_from_afar(target, longest, periods=2 + math.ceil(late / longest))]
    return [
        Alarm(
            kind="heartbeat-missed",
            means="heartbeats are published, none waits in the queue, and the task acknowledges none: its events may be"
            " lost on the same way.",
            metric=Expression(
                expression="IF(sent - SUM([refused, 0 * sent]) > 0 AND waiting == 0"
                " AND SUM([acknowledged, 0 * sent]) == 0, 1, 0)",
                label="published and not acknowledged",
                period=longest,
                metrics={
                    "sent": scheduled("InvocationAttemptCount", target.schedule_group, longest),
                    "refused": scheduled("TargetErrorCount", target.schedule_group, longest),
                    "waiting": of_queue(queue, "ApproximateNumberOfMessagesVisible", "Minimum", longest),
                    "acknowledged": of_task(target.stack_name, target.task, names.HEARTBEAT, "SampleCount", longest),
                },
            ),
            periods=2 + math.ceil(late / longest),
        )
    ]


def _missed_from_afar(target: AlarmTarget, period: int, *, periods: int) -> Alarm:
    """The metrics of the schedule are in the topic's account and Region, where no alarm of this stack looks.

    SQS sends no data for a queue that has been idle for hours, so a series of zeros stands behind.
    """
    return Alarm(
        kind="heartbeat-missed",
        means="no heartbeat waits in the queue, and the task acknowledges none: the topic, which is in another account or"
        " Region, publishes none, or its events are lost on the way.",
        metric=Expression(
            expression="IF(SUM([waiting, zeros]) == 0 AND SUM([acknowledged, zeros]) == 0, 1, 0)",
            label="not acknowledged",
            period=period,
            metrics={
                "waiting": of_queue(target.queue, "ApproximateNumberOfMessagesVisible", "Minimum", period),
                "acknowledged": of_task(target.stack_name, target.task, names.HEARTBEAT, "SampleCount", period),
                "zeros": Expression(expression="TIME_SERIES(0)", period=period),
            },
        ),
        periods=periods,
    )


def heartbeat_silent(settings: Settings, group: str) -> list[Alarm]:
    """Of the stack with the topic. A schedule that somebody disabled has no metric: `fanout doctor` sees it."""
    if settings.heartbeat is None:
        return []
    period = _longest(settings.heartbeat)
    return [
        Alarm(
            kind="heartbeat-silent",
            means="the schedule cannot publish heartbeats: nobody would notice a subscriber that misses events.",
            metric=Expression(
                expression="SUM([refused, dropped])",
                label="heartbeats that were not published",
                period=period,
                metrics={
                    "refused": scheduled("TargetErrorCount", group, period),
                    "dropped": scheduled("InvocationDroppedCount", group, period),
                },
            ),
            periods=3,
        )
    ]


def scheduled(name: str, group: str, period: int) -> Metric:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html"""
    return Metric(
        namespace="AWS/Scheduler",
        name=name,
        dimensions={"ScheduleGroup": group},
        period=period,
        statistic="Sum",
    )


def _longest(heartbeat: timedelta) -> int:
    """Seconds between two heartbeats."""
    return int(heartbeat.total_seconds()) + LATEST
