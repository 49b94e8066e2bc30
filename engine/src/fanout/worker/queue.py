"""The requests that a worker makes of its queue. Each is one request, bounded in time; what it raises is SQS's or the SDK's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fanout.runtime.aws import client
from fanout.runtime.outcome import Record
from fanout.worker.records import record_of

MOST = 10
"""Messages of one request."""
LONGEST_WAIT = 20
"""Seconds: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""
GONE: Final = {"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"}
"""What SQS says of one whose visibility it cannot change any more: it is deleted, visible, received again, or its 12 hours are over.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html"""


def code(text: object) -> str:
    """An error's code without the prefix of SQS's former protocol."""
    return str(text).rsplit(".", 1)[-1]


@dataclass(frozen=True)
class Queue:
    """`receiver` is a client whose requests wait as long as SQS does, and are not repeated by the SDK: the one before may
    have got messages, which stay hidden behind an answer that was lost.
    """

    url: str
    arn: str
    receiver: Any

    def receive(self, most: int, wait: int, visibility: int) -> list[Record]:
        answer = self.receiver.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(most, MOST),
            WaitTimeSeconds=wait,
            VisibilityTimeout=visibility,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [record_of(each, self.arn) for each in answer.get("Messages", [])]

    def hide(self, seconds: Sequence[tuple[str, int]]) -> list[str]:
        """By receipt handle, ten at most. Of each, in their order: "" where that holds from now, else SQS's code."""
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": hidden}
            for number, (handle, hidden) in enumerate(seconds)
        ]
        answer = client("sqs").change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
        return _codes(answer, len(entries))

    def delete(self, handles: Sequence[str]) -> list[str]:
        """Likewise: "" where it is deleted."""
        entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
        return _codes(client("sqs").delete_message_batch(QueueUrl=self.url, Entries=entries), len(entries))

    def tags(self) -> dict[str, str]:
        return dict(client("sqs").list_queue_tags(QueueUrl=self.url).get("Tags", {}))


def receiver() -> Any:
    """A client for `Queue`."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=LONGEST_WAIT + 5, retries={"total_max_attempts": 1})
    return boto3.client("sqs", config=config)


def _codes(answer: Mapping[str, Any], count: int) -> list[str]:
    failed = {each["Id"]: code(each.get("Code", "unknown")) for each in answer.get("Failed", [])}
    return [failed.get(str(number), "") for number in range(count)]
