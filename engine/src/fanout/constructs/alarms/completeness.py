"""Whether every event that reached a subscriber's queue was worked on, is there still, or is a dead letter."""

from aws_cdk import aws_cloudwatch as cloudwatch

from fanout import names
from fanout.constructs.alarms.alarm import HOUR, Alarm, measured
from fanout.constructs.alarms.target import AlarmTarget

HOURS = 6
"""A gap counts when it is open at the end of each of them: what is only under way closes it again."""


def incomplete(target: AlarmTarget) -> Alarm:
    """Since the window began, more arrived than was worked on, taken from the dead letters, or is in one of the queues.

    What was there before the window, duplicates, redrives and letters make the sum smaller, never larger. What waits,
    what is being worked on and what waits for its next attempt is counted where it is, at its most in each hour.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
    """
    queue, letters = target.queue, target.dead_letter_queue

    def worked_on(name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        return measured(target.stack_name, target.task, name, period=HOUR, statistic=statistic)

    return Alarm(
        kind="incomplete",
        means=f"for {HOURS} hours an event has been missing that reached the queue: it was neither worked on, nor does it"
        " wait, nor is it a dead letter.",
        metric=cloudwatch.MathExpression(
            expression="RUNNING_SUM(arrived - SUM([done, duplicate, heartbeat, taken, 0 * arrived]))"
            " - SUM([waiting, hidden, letters, 0 * arrived])",
            label="missing",
            period=HOUR,
            using_metrics={
                "arrived": queue.metric_number_of_messages_sent(period=HOUR, statistic="Sum"),
                "done": worked_on(names.DONE),
                "duplicate": worked_on(names.DUPLICATE),
                "heartbeat": worked_on(names.HEARTBEAT, "SampleCount"),
                "taken": letters.metric_number_of_messages_deleted(period=HOUR, statistic="Sum"),
                "waiting": queue.metric_approximate_number_of_messages_visible(period=HOUR, statistic="Maximum"),
                "hidden": queue.metric_approximate_number_of_messages_not_visible(period=HOUR, statistic="Maximum"),
                "letters": letters.metric_approximate_number_of_messages_visible(period=HOUR, statistic="Maximum"),
            },
        ),
        periods=HOURS,
    )
