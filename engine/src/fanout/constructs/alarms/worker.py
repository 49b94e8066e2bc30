"""The alarm of a task that workers run, wherever they do: nobody is there."""

from fanout.constructs.alarms.alarm import Alarm
from fanout.constructs.alarms.target import AlarmTarget
from fanout.constructs.metric import Expression, of_queue

PERIODS = 6
"""Half an hour: SQS's metrics of a queue that was quiet for hours begin up to 15 minutes late, and to start a worker takes a few.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""


def worker_absent(target: AlarmTarget) -> Alarm:
    """A worker that has room asks all the time, in vain or not; one that has none has messages in hand, which are hidden."""
    queue = target.queue
    return Alarm(
        kind="worker-absent",
        means="events wait, none is worked on, and for half an hour no worker has asked for one: none runs, or it is paused.",
        metric=Expression(
            expression="IF(waiting > 0 AND SUM([hidden, received, empty, 0 * waiting]) == 0, 1, 0)",
            label="waiting, and nobody asks",
            metrics={
                "waiting": of_queue(queue, "ApproximateNumberOfMessagesVisible", "Minimum"),
                "hidden": of_queue(queue, "ApproximateNumberOfMessagesNotVisible", "Maximum"),
                "received": of_queue(queue, "NumberOfMessagesReceived", "Sum"),
                "empty": of_queue(queue, "NumberOfEmptyReceives", "Sum"),
            },
        ),
        periods=PERIODS,
    )
