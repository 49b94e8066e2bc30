"""What a replay would do, before it does it: how many, how long, what it costs, and what it does not know."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fanout.costs.prices import PRICES
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.replay import checking
from fanout.ops.replay.archive import Lacking
from fanout.ops.replay.plan import LISTED, READY, SENDING, SENT, Plan
from fanout.words import counted

MOST_KEYS: Final = 20
"""That a report names."""
TO_SEND: Final = (READY, SENDING)
_REQUEST: Final = 65_536
"""Bytes that SQS counts as one request: https://aws.amazon.com/sqs/pricing/"""


@dataclass(frozen=True)
class Estimate:
    """`seconds` at the rate asked for; `dollars` of AWS's list prices, without what the task itself uses."""

    task: str
    bucket: str
    lacking: Lacking
    listed: int
    to_send: int
    sent: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None
    by_type: dict[str, int]
    stay: dict[str, int]
    again: int
    refused: list[tuple[str, str]]
    rate: float
    dollars: float
    completeness: Completeness

    @property
    def seconds(self) -> float:
        return self.to_send / self.rate

    def as_dict(self) -> dict[str, Any]:
        lacking = self.lacking
        return {
            "task": self.task,
            "bucket": self.bucket,
            "not_in_the_archive": {
                "task": lacking.task,
                "dead": lacking.dead,
                "waiting": lacking.waiting,
                "unread": lacking.unread,
            },
            "listed": self.listed,
            "to_send": self.to_send,
            "sent_before": self.sent,
            "bytes": self.bytes,
            "oldest": self.oldest,
            "newest": self.newest,
            "by_type": self.by_type,
            "stay": self.stay,
            "done_before": self.again,
            "refused_keys": [{"key": key, "why": why} for key, why in self.refused],
            "rate": self.rate,
            "seconds": round(self.seconds, 1),
            "dollars": round(self.dollars, 4),
            "complete": bool(self.completeness),
            "unseen": list(self.completeness.unseen),
        }


def estimate(plan: Plan, task: checking.Task, bucket: str, lacking: Lacking, rate: float) -> Estimate:
    counts = plan.counts()
    to_send, size, oldest, newest = plan.sums(*TO_SEND)
    sending = {LISTED, READY, SENDING, SENT}
    return Estimate(
        task.subscriber.task,
        bucket,
        lacking,
        sum(counts.values()),
        to_send,
        counts.get(SENT, 0),
        size,
        checking.at(oldest),
        checking.at(newest),
        plan.by_type(*TO_SEND),
        {state: count for state, count in sorted(counts.items()) if state not in sending},
        plan.done_before(),
        plan.keys(checking.REFUSED, MOST_KEYS),
        rate,
        dollars(to_send, size, sum(counts.values()), fifo=task.subscriber.is_fifo),
        completeness(counts, lacking),
    )


def dollars(to_send: int, size: int, listed: int, *, fifo: bool) -> float:
    """Reading each object twice, to count it and to send it, and listing; sending, receiving and deleting by tens, of 64 KB a
    request; an invocation for each ten, and two writes of a record for each event."""
    requests = max(math.ceil(to_send / 10) if not fifo else to_send, math.ceil(size / _REQUEST))
    return (
        (listed + to_send) * PRICES["s3-get"].dollars
        + math.ceil(listed / 1000) * PRICES["s3-put"].dollars
        + 3 * requests * PRICES["sqs-request-fifo" if fifo else "sqs-request"].dollars
        + requests * PRICES["lambda-request"].dollars
        + 2 * to_send * PRICES["dynamodb-write"].dollars
    )


def completeness(counts: dict[str, int], lacking: Lacking) -> Completeness:
    """What of the selection is not replayed although it should be, or is not known."""
    unseen = []
    if lacking.dead:
        unseen.append(
            f"{counted(lacking.dead, 'event')} died at {lacking.task}, so the archive lacks them: redrive them"
        )
    if lacking.waiting:
        unseen.append(f"{counted(lacking.waiting, 'event')} wait for {lacking.task}: the archive will have them later")
    if lacking.unread:
        unseen.append(f"what {lacking.task} has not archived is not known: {lacking.unread}")
    if lacking.task is None:
        unseen.append("no task of this stack names the archive's bucket: what the archive lacks is not known")
    if unknown := counts.get(checking.UNKNOWN, 0):
        unseen.append(
            f"{counted(unknown, 'event')} older than records are kept: nobody knows whether the task has done them"
            " (--again --reason sends them)"
        )
    if refused := counts.get(checking.REFUSED, 0):
        unseen.append(f"{counted(refused, 'object')} of the archive are no events by today's contracts")
    return Completeness(tuple(unseen)) if unseen else COMPLETE
