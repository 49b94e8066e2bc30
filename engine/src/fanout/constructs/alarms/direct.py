"""The alarms of a task without a queue: what Lambda has given up is nowhere, or was to be a dead letter and is none."""

from fanout.constructs.alarms.alarm import Alarm
from fanout.constructs.alarms.target import AlarmTarget
from fanout.constructs.metric import of_function


def given_up(target: AlarmTarget) -> list[Alarm]:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#async-metrics"""
    function = target.consumer.function
    if target.buries:
        return [
            Alarm(
                kind="destination-failed",
                means="Lambda gave an event up and could not write it to the dead-letter queue: for this task it is lost.",
                metric=of_function(function, "DestinationDeliveryFailures", "Sum"),
            )
        ]
    return [
        Alarm(
            kind="event-dropped",
            means="Lambda gave an event up, after its last try or as too old: it is in no queue, which this task is said to bear.",
            metric=of_function(function, "AsyncEventsDropped", "Sum"),
        )
    ]


def waits_for_lambda(target: AlarmTarget) -> list[Alarm]:
    """Before it is given up. https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#async-metrics"""
    age = target.consumer.maximum_age
    if age is None:
        return []
    return [
        Alarm(
            kind="event-waits",
            means=f"Lambda begins events over {age / 120:g} min late, throttled or after errors; after {age / 60:g} min it gives them up.",
            metric=of_function(target.consumer.function, "AsyncEventAge", "Maximum"),
            threshold=500 * age,  # half of it, in milliseconds
        )
    ]
