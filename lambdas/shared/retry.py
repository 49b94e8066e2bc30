"""When a failed message comes back: at the next step of its subscriber's schedule, not when the queue's time is over."""

import os
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from shared import variables
from shared.log import describe, logger
from shared.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef as Entry

MOST_ENTRIES = 10
"""Of one ChangeMessageVisibilityBatch call."""


def postpone(failed: Sequence[Outcome]) -> None:
    """Hides each failed message until its next attempt; after the last one it shows at once, and SQS moves it.

    If the call fails, the queue's own visibility timeout holds: the message comes back later, and none is lost.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
    """
    for some in _tens(failed):
        entries: list[Entry] = [
            {"Id": str(number), "ReceiptHandle": each.receipt_handle, "VisibilityTimeout": delay(each.attempt)}
            for number, each in enumerate(some)
        ]
        try:
            answer = _sqs().change_message_visibility_batch(QueueUrl=os.environ[variables.QUEUE_URL], Entries=entries)
            refused = [each.get("Code", "unknown") for each in answer.get("Failed", [])]
        except Exception as error:
            refused = [describe(error)["error"]]
        if refused:
            logger.warning("not postponed: the queue's visibility timeout holds", extra={"refused": refused})


def delay(attempt: int) -> int:
    """Seconds until the attempt after `attempt`, the number of times the message was received so far."""
    delays = _delays()
    return delays[attempt - 1] if attempt <= len(delays) else 0


def _tens(failed: Sequence[Outcome]) -> Iterator[Sequence[Outcome]]:
    return (failed[start : start + MOST_ENTRIES] for start in range(0, len(failed), MOST_ENTRIES))


@cache
def _delays() -> tuple[int, ...]:
    return tuple(int(seconds) for seconds in os.environ[variables.RETRY_DELAYS].split(","))


@cache
def _sqs() -> "SQSClient":
    """Made at the first failure: a function whose messages all succeed never pays for it."""
    from shared.aws import client

    made: SQSClient = client("sqs")
    return made
