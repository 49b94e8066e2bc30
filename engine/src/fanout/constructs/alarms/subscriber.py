"""The alarms of one subscriber. Every number comes from its retry policy, its time-out and its retention."""

import math
from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.alarm import ABOVE, AT_LEAST, Alarm, ring
from fanout.constructs.alarms.completeness import incomplete
from fanout.constructs.alarms.direct import given_up, waits_for_lambda
from fanout.constructs.alarms.heartbeat import heartbeat_missed
from fanout.constructs.alarms.runbook import Place
from fanout.constructs.alarms.target import AlarmTarget, all_attempts, oldest
from fanout.constructs.alarms.worker import worker_absent
from fanout.constructs.cdk_cache import fact
from fanout.constructs.metric import HOUR, MINUTE, Expression, of_function, of_log_lines, of_queue, of_task, of_topic
from fanout.constructs.settings import Settings

ESSENTIAL = ("dead-letter", "queue-age", "heartbeat-missed")
"""An event is dead, on its way to be forgotten, or perhaps lost: no machine helps any more. The last one is there where
settings ask for heartbeats."""
MOST_PERIODS = 288
"""CloudWatch looks back one day: 288 times five minutes."""
QUARTER_HOUR = 15 * MINUTE
FILTERED_OUT = "NumberOfNotificationsFilteredOut"
EARLIER = " (what the task itself gave up has rung as event-died)"


def subscriber_alarms(scope: Construct, target: AlarmTarget, settings: Settings) -> dict[str, cloudwatch.CfnAlarm]:
    """By kind: those that settings ask for; of what the task emits none where its log is in no group of the stack."""
    log_group = target.consumer.log_group
    place = Place(
        scope=scope,
        settings=settings,
        owner=target.owner,
        task=target.task,
        log_group=fact(log_group, "log_group_name") if log_group else "",
    )
    early = {"essential": _none, "full": _early}[settings.alarms]
    sooner = EARLIER if settings.alarms == "full" and log_group else ""
    heartbeats = heartbeat_missed(target, settings) if target.is_queued and target.hears_heartbeats else []
    chosen = [*_essential(target, sooner), *early(target), *heartbeats]
    heard = [each for each in chosen if log_group or not of_log_lines(each.metric)]
    return {each.kind: ring(scope, each, place, settings) for each in heard}


def _none(target: AlarmTarget) -> list[Alarm]:
    return []


def _essential(target: AlarmTarget, earlier: str) -> list[Alarm]:
    return [
        *([_dead_letter(target, earlier)] if target.buries else []),
        *([_queue_age(target)] if target.is_queued else given_up(target)),
    ]


def _dead_letter(target: AlarmTarget, earlier: str) -> Alarm:
    """What SQS itself moves there is not counted as sent, so visible messages are its target:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html

    Nobody polls that queue: after six hours without a message its metrics begin up to 15 minutes late
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html).
    """
    letters = target.dead_letter_queue
    return Alarm(
        kind="dead-letter",
        means="an event could not be processed and waits in the dead-letter queue, for up to 15 minutes already"
        f"{earlier}.",
        metric=of_queue(letters, "ApproximateNumberOfMessagesVisible", "Maximum", MINUTE),
        periods=5,
        datapoints=1,  # in the first minute that has a number; letters that somebody looks at are hidden for a moment, and do not ring again
    )


def _queue_age(target: AlarmTarget) -> Alarm:
    """The metric leaves out what was received three times or more; that ends as a dead letter instead."""
    return Alarm(
        kind="queue-age",
        means=f"an event has waited for {_span(oldest(target))} without being tried three times;"
        f" it is deleted after {_span(target.retention)}.",
        metric=of_queue(target.queue, "ApproximateAgeOfOldestMessage", "Maximum"),
        threshold=oldest(target),
    )


def _early(target: AlarmTarget) -> Sequence[Alarm]:
    queued = target.is_queued
    return [
        *(_about_letters(target) if target.buries else []),
        *(_about_queue(target) if queued else waits_for_lambda(target)),
        *(_about_function(target) if target.consumer.has_function else [_left_over(target), worker_absent(target)]),
        *_about_filter(target),
        *([incomplete(target)] if queued else []),
    ]


def _about_letters(target: AlarmTarget) -> list[Alarm]:
    letters = target.dead_letter_queue
    return [
        Alarm(
            # The function says so itself, at once. One minute in five, as a log line becomes a number a little later. It
            # knows nothing of what SQS moves by itself, nor of what SNS could not deliver: the queue's own metric does.
            kind="event-died",
            means="the task has just given an event up, and put it into the dead-letter queue.",
            metric=of_task(target.stack_name, target.task, names.DEAD, "Sum", MINUTE),
            periods=5,
            datapoints=1,
        ),
        Alarm(
            # Not the age metric: letters have been received too often for it to see them.
            kind="dead-letter-old",
            means="there have been dead letters for 24 hours; each is deleted 14 days after it was first sent.",
            metric=of_queue(letters, "ApproximateNumberOfMessagesVisible", "Maximum", HOUR),
            periods=24,
        ),
        Alarm(
            # The alarm on the first letter stays on and cannot ring again. Looking at letters hides them for seconds,
            # which the maximum of a quarter of an hour does not see; a quarter of an hour without growth re-arms it.
            kind="dead-letter-growth",
            means="more events have died beside those that were dead before: it goes on.",
            metric=Expression(
                expression="IF(DIFF(visible) > 0 AND visible > DIFF(visible), 1, 0)",
                label="grew again",
                period=QUARTER_HOUR,
                metrics={"visible": of_queue(letters, "ApproximateNumberOfMessagesVisible", "Maximum", QUARTER_HOUR)},
            ),
        ),
    ]


def _about_queue(target: AlarmTarget) -> list[Alarm]:
    queue, wait = target.queue, all_attempts(target)
    return [
        Alarm(
            kind="queue-backlog",
            means=f"at the present speed the backlog takes longer than {_span(wait)}, which is longer than all attempts"
            " of one event.",
            metric=Expression(
                expression="IF(deleted > 0, waiting / (deleted / PERIOD(deleted)), 0)",
                label="seconds to drain",
                metrics={
                    "waiting": of_queue(queue, "ApproximateNumberOfMessagesVisible", "Average"),
                    "deleted": of_queue(queue, "NumberOfMessagesDeleted", "Sum"),
                },
            ),
            threshold=wait,
            periods=3,
        ),
        Alarm(
            # A mapping that is on asks all the time; an open circuit lets a trial through after its cool-down.
            kind="queue-paused",
            means=f"events wait and nobody has taken one for {_span(_paused_periods(wait) * 300)}: paused, or the mapping"
            " is off.",
            metric=Expression(
                expression="IF(waiting > 0 AND FILL(received, 0) == 0, 1, 0)",
                label="waiting and not received",
                metrics={
                    "waiting": of_queue(queue, "ApproximateNumberOfMessagesVisible", "Minimum"),
                    "received": of_queue(queue, "NumberOfMessagesReceived", "Sum"),
                },
            ),
            periods=_paused_periods(wait),
        ),
    ]


def _about_function(target: AlarmTarget) -> list[Alarm]:
    function, timeout_ms = target.consumer.function, 1000 * target.timeout
    return [
        Alarm(
            kind="function-errors",
            means="invocations crash: every event of their batches lost an attempt. A failed event is no crash.",
            metric=of_function(function, "Errors", "Sum"),
            periods=3,
            datapoints=2,  # one crash is what retries are for
        ),
        Alarm(
            kind="function-throttles",
            means="Lambda refuses invocations: the account's concurrency is used up, and each refusal costs an attempt.",
            metric=of_function(function, "Throttles", "Sum"),
        ),
        Alarm(
            # Errors count time-outs among all else; an invocation that was stopped lasted exactly its time-out.
            kind="function-timeouts",
            means=f"an invocation was stopped after {timeout_ms // 1000} s: its whole batch lost an attempt.",
            metric=of_function(function, "Duration", "Maximum"),
            threshold=timeout_ms,
            compared=AT_LEAST,
        ),
        Alarm(
            kind="function-slow",
            means=f"invocations take over {timeout_ms * 0.8 / 1000:g} s, 80 % of their time-out.",
            metric=of_function(function, "Duration", "Maximum"),
            threshold=timeout_ms * 0.8,
            compared=ABOVE,
            periods=12,
            datapoints=2,
        ),
        _left_over(target),
    ]


def _left_over(target: AlarmTarget) -> Alarm:
    """One that was merely slow is frozen with its container, and ends soon after the next thaw."""
    return Alarm(
        kind="left-over",
        means="threads of earlier invocations never end: the task waits for something without a time-out.",
        metric=of_task(target.stack_name, target.task, names.LEFT_OVER, "Maximum"),
        periods=3,
        datapoints=2,
    )


def _about_filter(target: AlarmTarget) -> list[Alarm]:
    """A filter drops without a trace. What does not match is meant to go; what cannot be matched is not. No alarm of
    these metrics where they are out of sight."""
    if not target.only or target.away.unseen:
        return []
    scope, topic = target.consumer.role, target.topic
    return [
        Alarm(
            kind="filtered-out",
            means="its filter drops events whose attributes are missing or malformed; they are in no queue.",
            metric=Expression(
                expression="FILL(invalid, 0) + FILL(absent, 0)",
                label="dropped by the filter",
                metrics={
                    "invalid": of_topic(scope, topic, f"{FILTERED_OUT}-InvalidAttributes", "Sum"),
                    "absent": of_topic(scope, topic, f"{FILTERED_OUT}-NoMessageAttributes", "Sum"),
                },
            ),
        )
    ]


def _paused_periods(wait: int) -> int:
    return min(max(math.ceil(wait / 300), 3), MOST_PERIODS)


def _span(seconds: int) -> str:
    if seconds >= 2 * 86_400:
        return f"{seconds / 86_400:g} days"
    return f"{seconds / 3600:.3g} h" if seconds >= 7200 else f"{math.ceil(seconds / 60)} min"
