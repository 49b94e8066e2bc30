"""When a failed message comes back: at the next step of its subscriber's schedule, not when the queue's time is over."""

import os
import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from fanout import names
from fanout.runtime.aws import client
from fanout.runtime.idempotency import LEASE_MARGIN_SECONDS
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import NotTried, Outcome, OutOfTime

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef as Entry

MOST_ENTRIES = 10
"""Of one ChangeMessageVisibilityBatch call."""
LONGEST_SECONDS = 43_200
"""A message is hidden for 12 hours at most, counted from when it was received and not from the call:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""
MARGIN_SECONDS = 60
"""Between the receive and the invocation."""


def postpone(failed: Sequence[Outcome], used_seconds: float = 0.0) -> None:
    """Hides each failed message until its next attempt; after the last one it shows at once, and SQS moves it.

    `used_seconds` have passed since the invocation began: no delay goes beyond what SQS takes then.
    If the call fails, the queue's own visibility timeout holds: the message comes back later, and none is lost.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
    """
    longest = max(0, int(LONGEST_SECONDS - MARGIN_SECONDS - used_seconds))
    for some in _tens(failed):
        entries: list[Entry] = [
            {"Id": str(number), "ReceiptHandle": each.receipt_handle, "VisibilityTimeout": min(_hidden(each), longest)}
            for number, each in enumerate(some)
        ]
        try:
            answer = client("sqs").change_message_visibility_batch(
                QueueUrl=os.environ[names.QUEUE_URL], Entries=entries
            )
            refused = [each.get("Code", "unknown") for each in answer.get("Failed", [])]
        except Exception as error:
            refused = [describe(error)["error"]]
        if refused:
            logger.warning("not postponed: the queue's visibility timeout holds", extra={"refused": refused})


def delay(attempt: int) -> int:
    """Seconds until the attempt after `attempt`, the number of times the message was received so far; with jitter."""
    delays = _delays()
    if is_last(attempt):
        return 0
    jitter = float(os.environ[names.RETRY_JITTER])
    return round(delays[attempt - 1] * random.uniform(1 - jitter, 1 + jitter))


def is_last(attempt: int) -> bool:
    """Whether SQS will move the message to the dead-letter queue if this attempt fails."""
    return attempt > len(_delays())


def _hidden(outcome: Outcome) -> int:
    """What waits for an earlier event of its group waits no longer than that: SQS holds the whole group back for it.

    What was given up keeps its claim until that ends by itself: coming earlier, it would burn its attempts on it.
    """
    if isinstance(outcome.error, NotTried) or is_last(outcome.attempt):
        return 0
    least = LEASE_MARGIN_SECONDS + 2 if isinstance(outcome.error, OutOfTime) else 0
    return max(least, delay(outcome.attempt))


def _tens(failed: Sequence[Outcome]) -> Iterator[Sequence[Outcome]]:
    return (failed[start : start + MOST_ENTRIES] for start in range(0, len(failed), MOST_ENTRIES))


@cache
def _delays() -> tuple[int, ...]:
    return tuple(int(seconds) for seconds in os.environ[names.RETRY_DELAYS].split(",") if seconds)
