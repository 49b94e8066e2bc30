"""Whether a replay to this task is allowed at all, and is of use now. Each refusal is one line."""

from datetime import datetime, timedelta

from fanout import names
from fanout.errors import OpsError, Unusable
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.redrive.preview import is_off, not_known, still_fails
from fanout.ops.replay.estimate import Estimate
from fanout.ops.status import report as status
from fanout.words import counted

YES = "true"


def refuse_if_not_replayable(subscriber: DeployedSubscriber) -> None:
    """Raises OpsError unless it has a queue, and its deployment says that an event may come to it long after it happened."""
    if not subscriber.queue_url:
        raise OpsError(f"{subscriber.task} has no queue: its topic calls it directly, so there is nothing to replay to")
    if subscriber.queue_tags.get(names.REPLAYABLE_TAG) != YES:
        raise OpsError(
            f"{subscriber.task} is not replayable: where an old event may do no harm there (a mail or a payment could),"
            " say replayable=True on its Subscriber, and deploy"
        )


def backfill_days(subscriber: DeployedSubscriber) -> int:
    """Of its deployment. Raises Unusable where it has none, or where it was done."""
    days = subscriber.queue_tags.get(names.BACKFILL_TAG, "")
    if not days.isdecimal():
        raise Unusable(
            f"{subscriber.task} has no backfill: give --from, or say backfill=timedelta(days=30), and deploy"
        )
    if ran := subscriber.queue_tags.get(names.BACKFILLED_TAG):
        raise Unusable(f"the backfill of {subscriber.task} was done, {ran}: --from sends a part of it again")
    return int(days)


def paused(subscriber: DeployedSubscriber) -> str | None:
    """Why what is sent will wait; None when it is worked on. Raises OpsError for a task that fails with events waiting,
    and where that is not known."""
    health = status.health(subscriber)
    off = is_off(health)
    if why := not_known(health) or (None if off else still_fails(health)):
        raise OpsError(why)
    return off


def refuse_if_too_slow(estimate: Estimate, retention: int) -> None:
    """Raises Unusable where the queue would forget the first messages before the last are sent."""
    if estimate.seconds >= retention:
        raise Unusable(
            f"{counted(estimate.to_send, 'event')} at {estimate.rate:g} a second take {timedelta(seconds=round(estimate.seconds))},"
            f" and the queue keeps a message for {timedelta(seconds=retention)}: give a higher --rate, or fewer days"
        )


def note_backfill(subscriber: DeployedSubscriber, began: datetime, sent: int) -> None:
    """On its queue, so that nobody does it a second time unawares. Raises what SQS says."""
    tags = {names.BACKFILLED_TAG: f"{began:%Y-%m-%dT%H:%MZ} {sent} events"}
    subscriber.aws.sqs.tag_queue(QueueUrl=subscriber.queue_url, Tags=tags)
