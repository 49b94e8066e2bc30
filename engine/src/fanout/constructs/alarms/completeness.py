"""Whether every event that reached a subscriber's queue was worked on, is there still, or is a dead letter."""

from fanout import names
from fanout.constructs.alarms.alarm import Alarm
from fanout.constructs.alarms.target import AlarmTarget
from fanout.constructs.metric import HOUR, Expression, Metric, of_queue, of_task

HOURS = 6
"""A gap counts when it is open at the end of each of them: what is only under way closes it again."""


def incomplete(target: AlarmTarget) -> Alarm:
    """Since the window began, more arrived than was worked on, taken from the dead letters, or is in one of the queues.

    What was there before the window, duplicates, redrives and letters make the sum smaller, never larger. What waits,
    what is being worked on and what waits for its next attempt is counted where it is, at its most in each hour.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
    """
    queue, letters = target.queue, target.dead_letter_queue

    def worked_on(name: str, statistic: str = "Sum") -> Metric:
        return of_task(target.stack_name, target.task, name, statistic, HOUR)

    return Alarm(
        kind="incomplete",
        means=f"for {HOURS} hours an event has been missing that reached the queue: it was neither worked on, nor does it"
        " wait, nor is it a dead letter.",
        metric=Expression(
            expression="RUNNING_SUM(arrived - SUM([done, duplicate, heartbeat, taken, 0 * arrived]))"
            " - SUM([waiting, hidden, letters, 0 * arrived])",
            label="missing",
            period=HOUR,
            metrics={
                "arrived": of_queue(queue, "NumberOfMessagesSent", "Sum", HOUR),
                "done": worked_on(names.DONE),
                "duplicate": worked_on(names.DUPLICATE),
                "heartbeat": worked_on(names.HEARTBEAT, "SampleCount"),
                "taken": of_queue(letters, "NumberOfMessagesDeleted", "Sum", HOUR),
                "waiting": of_queue(queue, "ApproximateNumberOfMessagesVisible", "Maximum", HOUR),
                "hidden": of_queue(queue, "ApproximateNumberOfMessagesNotVisible", "Maximum", HOUR),
                "letters": of_queue(letters, "ApproximateNumberOfMessagesVisible", "Maximum", HOUR),
            },
        ),
        periods=HOURS,
    )
