"""The alarm of a task that workers run, wherever they do: nobody is there."""

from aws_cdk import aws_cloudwatch as cloudwatch

from fanout.constructs.alarms.alarm import FIVE_MINUTES, Alarm
from fanout.constructs.alarms.target import AlarmTarget

PERIODS = 6
"""Half an hour: SQS's metrics of a queue that was quiet for hours begin up to 15 minutes late, and to start a worker takes a few.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""


def worker_absent(target: AlarmTarget) -> Alarm:
    """A worker that has room asks all the time, in vain or not; one that has none has messages in hand, which are hidden."""
    queue = target.queue
    return Alarm(
        kind="worker-absent",
        means="events wait, none is worked on, and for half an hour no worker has asked for one: none runs, or it is paused.",
        metric=cloudwatch.MathExpression(
            expression="IF(waiting > 0 AND SUM([hidden, received, empty, 0 * waiting]) == 0, 1, 0)",
            label="waiting, and nobody asks",
            period=FIVE_MINUTES,
            using_metrics={
                "waiting": queue.metric_approximate_number_of_messages_visible(
                    period=FIVE_MINUTES, statistic="Minimum"
                ),
                "hidden": queue.metric_approximate_number_of_messages_not_visible(
                    period=FIVE_MINUTES, statistic="Maximum"
                ),
                "received": queue.metric_number_of_messages_received(period=FIVE_MINUTES, statistic="Sum"),
                "empty": queue.metric_number_of_empty_receives(period=FIVE_MINUTES, statistic="Sum"),
            },
        ),
        periods=PERIODS,
    )
