"""Looking into a dead-letter queue without losing anything from it.

SQS has no peek. A pass over it receives: each message is hidden from everybody else while we read on, ten at a time, and shown
again when the pass is over. What bounds it:

- A dead-letter queue has no RedrivePolicy of its own, so no number of receives moves a message anywhere, and no pass
  uses up anything. (The construct gives it none; `fanout doctor` reports one.)
- A pass hides messages for `visibility` seconds at most, whatever happens to this program: after a kill they come back by
  themselves. It ends by itself before that, and it holds `limit` messages at a time at most, below the 120,000 that
  SQS lets be in flight.
- Retention counts from when a message was first sent, so looking makes none older.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html

Nothing that comes is no proof that nothing is there: another may hold it, and in a FIFO queue a hidden message hides the rest
of its group. A pass has seen all when it has seen as many as SQS counts, hidden ones too, and no group gave a full ten.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock

from botocore.exceptions import BotoCoreError, ClientError

from fanout.ops import lease
from fanout.ops.aws.lanes import LANES, in_lanes
from fanout.ops.aws.session import Aws
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.words import counted

VISIBILITY = 60
_MARGIN = 10.0
LIMIT = 1_000
MOST = 10_000
TEN = 10
_LONG_POLL = 20
"""Seconds that one receive may wait: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""


@dataclass(frozen=True)
class QueueDepth:
    """What SQS says of a queue; approximate, as its name for each of them says."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def all(self) -> int:
        return self.visible + self.in_flight + self.delayed


@dataclass
class Browse:
    """One pass over a dead-letter queue. Leave the `with` block, and every message that was held is shown again.

    `patience`: seconds to wait for messages that SQS counts and somebody else holds; `gone`: deleted by the same command
    before, when `began_with` messages were there; SQS may count them for a while.
    """

    aws: Aws
    url: str
    visibility: int = VISIBILITY
    limit: int = LIMIT
    patience: float = 0.0
    gone: int = 0
    began_with: int = 0
    seen: int = 0
    completeness: Completeness = field(default_factory=lambda: Completeness(("the look was not ended",)))
    """Of the pass, once it has ended: what was not seen, and why."""
    may_see_more: bool = False
    """What it did not see may be seen by another look a little later: somebody has it in hand, or the time was over."""
    _held: dict[str, str] = field(default_factory=dict)
    _groups: Counter[str] = field(default_factory=Counter)
    _deleted: int = 0
    _nothing_came: bool = False
    _ends: float = 0.0
    _one_at_a_time: Lock = field(default_factory=Lock)

    def __enter__(self) -> "Browse":
        _ = self.aws.sqs  # made before there are threads
        self._ends = self._visibility_end()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def complete(self) -> bool:
        return bool(self.completeness)

    def pages(self, size: int = LANES * TEN) -> Iterator[list[DeadLetterMessage]]:
        """Up to `size` messages at a time. Those still held when the pass ends are shown again."""
        if not self.gone:
            self.began_with = read_depth(self.aws, self.url).all
        wait, patience = 0, lease.now() + self.patience
        while len(self._held) < self.limit and lease.now() < self._ends:
            page = self._receive(size, wait)
            self._nothing_came = bool(wait) and not page
            if page:
                wait, patience = 0, lease.now() + self.patience
                yield page
                continue
            if wait:
                self._judge()
                left = min(patience, self._ends) - lease.now()
                if self.completeness or left <= 0:
                    return
            # SQS asks some of its servers, so one empty answer proves nothing; a receive that waits asks all of them.
            wait = 1 if not wait else max(1, min(_LONG_POLL, int(left)))
        self._judge()

    def __iter__(self) -> Iterator[DeadLetterMessage]:
        for page in self.pages():
            yield from page

    def forget(self, messages: Sequence[DeadLetterMessage]) -> None:
        """They are deleted, so there is nothing to show again."""
        with self._one_at_a_time:
            for each in messages:
                self._deleted += self._held.pop(each.message_id, None) is not None
                if each.group is not None and each.group in self._groups:
                    self._groups[each.group] -= 1

    def release(self) -> None:
        """Shows what is held again. What cannot be released shows by itself at the end of the visibility timeout."""
        handles = list(self._held.values())
        self._held.clear()
        in_lanes(self._release, (handles[start : start + TEN] for start in range(0, len(handles), TEN)), LANES)

    def _release(self, handles: Sequence[str]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles)
        ]
        with suppress(ClientError, BotoCoreError):
            self.aws.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)  # type: ignore[arg-type]

    def _hold(self, messages: Sequence[DeadLetterMessage]) -> None:
        self.seen += len(messages)
        self._held.update((each.message_id, each.receipt_handle) for each in messages)
        if self.url.endswith(".fifo"):
            self._groups.update(each.group for each in messages if each.group is not None)

    def _judge(self) -> None:
        """Once nothing more comes: by SQS's own counts."""
        count = read_depth(self.aws, self.url).all
        held = len(self._held)
        unseen = count - held - self.gone - self._deleted
        if self._deleted or self.gone:
            # What is deleted may count for a while, or not; what was there at the beginning is known, and is here or gone.
            unseen = min(count - held, max(unseen, self.began_with - self.gone - self.seen))
        self.may_see_more = False
        full = sorted(group for group, number in self._groups.items() if number >= TEN)
        if full:
            self.completeness = Completeness((_of_groups(len(full)),))
        elif unseen <= 0:
            self.completeness = COMPLETE
        else:
            self.completeness = Completeness((self._why(unseen, count),))

    def _why(self, unseen: int, count: int) -> str:
        if len(self._held) >= self.limit:
            return f"{counted(unseen, 'dead letter')} beyond the first {self.limit:,} of about {count:,}"
        self.may_see_more = True
        if not self._nothing_came:
            return f"{counted(unseen, 'dead letter')} of about {count:,}: the time of one look was over"
        if self._groups:
            return f"{counted(unseen, 'dead letter')}, behind others of their group or in somebody's hand"
        return f"{counted(unseen, 'dead letter')} in somebody's hand (another command, or a run that was killed)"

    def _visibility_end(self) -> float:
        """A little early, so that a message is never acted on after somebody else may see it."""
        return lease.now() + self.visibility - min(_MARGIN, self.visibility / 3)

    def _receive(self, size: int, wait: int) -> list[DeadLetterMessage]:
        """As many calls as what SQS counts needs. One that waits asks all of its servers, and a group comes ten at a time."""
        alone = wait or self.url.endswith(".fifo")
        most = TEN if alone else max(TEN, self.began_with - self.gone - self.seen)
        room = min(size, self.limit - len(self._held), most)
        asks = [min(TEN, room - start) for start in range(0, room, TEN)]
        pages = in_lanes(lambda ask: self._new(self._ask(ask, wait)), asks, LANES)
        return [each for page in pages for each in page]

    def _new(self, messages: Sequence[DeadLetterMessage]) -> list[DeadLetterMessage]:
        """Those that were not seen before; they are held from now on, and so shown again."""
        with self._one_at_a_time:
            new = [each for each in messages if each.message_id not in self._held]
            self._hold(new)
        return new

    def _ask(self, room: int, wait: int) -> list[DeadLetterMessage]:
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


def _of_groups(number: int) -> str:
    return f"what is behind the first ten of {counted(number, 'group')}: SQS shows no more of a FIFO queue at a time"


@contextmanager
def browse(
    aws: Aws,
    url: str,
    *,
    limit: int = LIMIT,
    visibility: int = VISIBILITY,
    patience: float = 0.0,
    gone: int = 0,
    began_with: int = 0,
) -> Iterator[Browse]:
    with Browse(aws, url, visibility, limit, patience, gone, began_with) as browsing:
        yield browsing


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
