"""Whether archived events may be sent to a task once more: a fact of its deployment, which `fanout replay` asks for."""

from datetime import timedelta

from aws_cdk import Tags
from aws_cdk import aws_sqs as sqs

from fanout import names
from fanout.constructs.errors import expect
from fanout.constructs.kinds import check_kind

LONGEST_DAYS = 3_650


def check_replay(owner: str, *, replayable: bool, backfill: timedelta | None, queued: bool) -> None:
    """Raises ConfigurationError."""
    check_kind(owner, "replayable", replayable, bool)
    expect(owner, "replayable", queued or not replayable, replayable, "a task with a queue: Direct has none to send to")
    check_kind(owner, "backfill", backfill, timedelta | None)
    if backfill is None:
        return
    days = f"whole days, 1 to {LONGEST_DAYS}, as in timedelta(days=30)"
    expect(owner, "backfill", not backfill % timedelta(days=1) and 1 <= backfill.days <= LONGEST_DAYS, backfill, days)
    expected = "replayable=True beside it: a backfill sends archived events to the task"
    expect(owner, "replayable", replayable, replayable, expected)


def tell_replay(queue: sqs.Queue, *, replayable: bool, backfill: timedelta | None) -> None:
    """As tags of the queue: none where neither is given."""
    if replayable:
        Tags.of(queue).add(names.REPLAYABLE_TAG, "true")
    if backfill is not None:
        Tags.of(queue).add(names.BACKFILL_TAG, str(backfill.days))
