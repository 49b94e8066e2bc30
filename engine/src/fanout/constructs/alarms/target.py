"""What alarms need to know of a subscriber, which does not have to be of the class that makes one."""

from typing import Protocol

from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from fanout.constructs.consumer import Consumer
from fanout.constructs.distance import Distance
from fanout.constructs.filter import Filter
from fanout.constructs.retry import Retry


class AlarmTarget(Protocol):
    """What the alarms of one subscriber look at, and what their numbers are derived from. Times in seconds."""

    stack_name: str
    task: str
    away: Distance
    owner: str
    only: Filter
    retry: Retry
    topic: sns.ITopic
    schedule_group: str
    consumer: Consumer

    @property
    def queue(self) -> sqs.Queue: ...

    @property
    def dead_letter_queue(self) -> sqs.Queue: ...

    @property
    def is_queued(self) -> bool: ...

    @property
    def buries(self) -> bool:
        """Whether it has a dead-letter queue."""

    @property
    def hears_heartbeats(self) -> bool: ...

    @property
    def timeout(self) -> int: ...

    @property
    def window(self) -> int: ...

    @property
    def retention(self) -> int: ...


def all_attempts(target: AlarmTarget) -> int:
    """Seconds from the first to the last attempt of an event that always fails, at the longest."""
    return target.retry.longest_schedule() + target.retry.attempts * target.timeout


def oldest(target: AlarmTarget) -> int:
    """Seconds: a quarter of the retention, and never less than an event's own attempts may take."""
    return max(target.retention // 4, all_attempts(target))
