"""Looking into a dead-letter queue without losing anything from it.

SQS has no peek. A pass over it receives: each message is hidden from everybody else while we read on, ten at a time, and shown
again when the pass is over. What bounds it:

- A dead-letter queue has no RedrivePolicy of its own, so no number of receives moves a message anywhere, and no pass
  uses up anything. (The construct gives it none; `fanout doctor` reports one.)
- A pass hides messages for `VISIBILITY` seconds at most, whatever happens to this program: after a kill they come back by
  themselves. It ends by itself before that, and it holds `limit` messages at a time at most, far below the 120,000 that
  SQS lets be in flight.
- Retention counts from when a message was first sent, so looking makes none older.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
In a FIFO queue a hidden message also hides the rest of its group: a pass sees the first ten of each group.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from fanout.ops.aws.session import Aws
from fanout.ops.dead_letters.message import DeadLetterMessage

VISIBILITY = 60
_MARGIN = 10.0
LIMIT = 1_000
MOST = 10_000
TEN = 10


@dataclass
class Browse:
    """One pass over a dead-letter queue. Leave the `with` block, and every message that was held is shown again."""

    aws: Aws
    url: str
    visibility: int = VISIBILITY
    limit: int = LIMIT
    seen: int = 0
    complete: bool = False
    """True once the queue had nothing more to show; False after the limit or the end of the visibility timeout."""
    _held: dict[str, str] = field(default_factory=dict)
    _ends: float = 0.0

    def __enter__(self) -> "Browse":
        self._ends = self._visibility_end()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def pages(self, size: int = TEN) -> Iterator[list[DeadLetterMessage]]:
        """Up to `size` messages at a time. Those still held when the pass ends are shown again."""
        wait = 0
        while len(self._held) < self.limit and time.monotonic() < self._ends:
            messages = [each for each in self._receive(size, wait) if each.message_id not in self._held]
            if not messages and wait:
                self.complete = True
                return
            # SQS asks some of its servers, so one empty answer proves nothing; a receive that waits asks all of them.
            wait = 0 if messages else 1
            if messages:
                self.seen += len(messages)
                self._held.update((each.message_id, each.receipt_handle) for each in messages)
                yield messages

    def __iter__(self) -> Iterator[DeadLetterMessage]:
        for page in self.pages():
            yield from page

    def forget(self, messages: Sequence[DeadLetterMessage]) -> None:
        """They are deleted, so there is nothing to show again."""
        for each in messages:
            self._held.pop(each.message_id, None)

    def release(self) -> None:
        """Shows what is held again. What cannot be released shows by itself at the end of the visibility timeout."""
        handles = list(self._held.values())
        self._held.clear()
        for start in range(0, len(handles), TEN):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for number, handle in enumerate(handles[start : start + TEN])
            ]
            with suppress(ClientError, BotoCoreError):
                self.aws.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)  # type: ignore[arg-type]

    def _visibility_end(self) -> float:
        """A little early, so that a message is never acted on after somebody else may see it."""
        return time.monotonic() + self.visibility - min(_MARGIN, self.visibility / 3)

    def _receive(self, size: int, wait: int) -> list[DeadLetterMessage]:
        room = min(size, TEN, self.limit - len(self._held))
        expires = self._visibility_end()
        answer = self.aws.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=room,
            VisibilityTimeout=self.visibility,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [DeadLetterMessage.from_sqs(each, expires) for each in answer.get("Messages", [])]


@contextmanager
def browse(aws: Aws, url: str, *, limit: int = LIMIT, visibility: int = VISIBILITY) -> Iterator[Browse]:
    with Browse(aws, url, visibility=visibility, limit=min(limit, MOST)) as browsing:
        yield browsing


@dataclass(frozen=True)
class QueueDepth:
    """What SQS says of a queue; approximate, as its name for each of them says."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def all(self) -> int:
        return self.visible + self.in_flight + self.delayed


def read_depth(aws: Aws, url: str) -> QueueDepth:
    names = ("Messages", "MessagesNotVisible", "MessagesDelayed")
    answer = aws.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )
    found = {str(key): value for key, value in answer.get("Attributes", {}).items()}
    return QueueDepth(*(int(found.get(f"ApproximateNumberOf{name}", 0)) for name in names))
