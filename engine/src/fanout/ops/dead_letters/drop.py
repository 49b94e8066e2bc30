"""`fanout dead drop`: each message is in a file, on the disk, before it is deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import DENIED, code_of, one_line
from fanout.ops import lease
from fanout.ops.aws.lanes import LANES, ahead, in_lanes
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import export as exporting
from fanout.ops.dead_letters.causes import Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal, about
from fanout.words import counted


@dataclass
class Dropped:
    """`left`: in the file and not deleted, as SQS would not or their time was over; `unread`: their cause cannot be read.

    `stopped`: why it did not come to its end, after `unsure` that are in the file and were perhaps deleted.
    """

    path: Path
    count: int = 0
    left: int = 0
    unsure: int = 0
    stopped: str | None = None
    unread: set[str] = field(default_factory=set)
    completeness: Completeness = COMPLETE

    @property
    def file(self) -> Path | None:
        """Where nothing was deleted, nobody needs it."""
        return self.path if self.count or self.unsure else None


@dataclass
class Drop:
    """One `fanout dead drop` from beginning to end."""

    stack: Stack
    subscriber: DeployedSubscriber
    selection: Selection
    journal: Journal
    reason: str
    _late: Completeness = field(default=COMPLETE, init=False)

    def run(self, stop: Stop) -> Dropped:
        """Raises what AWS says where nothing was deleted; where something was, that is why it stopped."""
        found = Dropped(exporting.default_path(self.subscriber.task, "dropped", self.journal.run))
        with exporting.new_file(found.path) as file:
            try:
                self._passes(file, found, stop)
            except (ClientError, BotoCoreError) as error:
                is_denied = isinstance(error, ClientError) and code_of(error) in DENIED
                if not found.count and (is_denied or not found.unsure):
                    found.path.unlink()
                    raise
                found.stopped = one_line(error)
        found.unread = self.selection.unread
        if not found.count and not found.left and not found.unsure:
            found.path.unlink()
        return found

    def _passes(self, file: IO[str], found: Dropped, stop: Stop) -> None:
        """Until one has seen all or deleted nothing: what was behind a group's first ten comes after them."""
        url, began_with = self.subscriber.dead_letter_queue_url, 0
        while True:
            before = found.count
            with browse.browse(
                self.subscriber.aws, url, limit=browse.MOST, gone=before, began_with=began_with
            ) as browsing:
                self._pass(browsing, file, found, stop)
            began_with = browsing.began_with
            found.completeness = COMPLETE if self.selection.is_satisfied else browsing.completeness
            found.completeness += self._late + self.selection.completeness
            if found.completeness or found.count == before or stop:
                break

    def _pass(self, browsing: browse.Browse, file: IO[str], found: Dropped, stop: Stop) -> None:
        explainer = Explainer(self.subscriber.aws, self.subscriber)
        self._late = COMPLETE
        for page in ahead(browsing.pages(), lambda _: browsing.seen < browsing.began_with):
            self._bury(self.selection.pick(page, explainer), browsing, file, found)
            if stop or self.selection.is_satisfied:
                break

    def _bury(
        self, chosen: Sequence[DeadLetterMessage], browsing: browse.Browse, file: IO[str], found: Dropped
    ) -> None:
        picked = [each for each in chosen if lease.now() < each.expires]
        if len(picked) < len(chosen):
            late = counted(len(chosen) - len(picked), "dead letter")
            self._late += Completeness((f"{late} that somebody else may have in hand by now",))
        exporting.append(file, self.stack, self.subscriber, picked)
        self.journal.write_all({"step": "dropping", **self._told(each, found.path)} for each in picked)
        found.unsure += len(picked)

        def write(gone: Sequence[DeadLetterMessage]) -> None:
            found.unsure -= len(gone)
            found.count += len(gone)
            self.journal.write_all({"step": "dropped", **self._told(each, found.path)} for each in gone)

        gone = delete(self.subscriber, picked, browsing, write=write)
        found.unsure -= len(picked) - len(gone)
        found.left += len(picked) - len(gone)

    def _told(self, message: DeadLetterMessage, path: Path) -> dict[str, object]:
        queue = self.subscriber.dead_letter_queue_name
        return about(message, task=self.subscriber.task, queue=queue, reason=self.reason, file=path.name)


def delete(
    subscriber: DeployedSubscriber,
    messages: list[DeadLetterMessage],
    browsing: browse.Browse,
    lanes: int = LANES,
    write: Callable[[Sequence[DeadLetterMessage]], None] = lambda _: None,
) -> list[DeadLetterMessage]:
    """Those that SQS says are gone; the others stay, and so does what somebody else may hold by now.

    Raises what AWS said to a whole request, when `write` was told what is gone by those beside it.
    """

    def deleted(start: int) -> list[DeadLetterMessage] | ClientError | BotoCoreError:
        some = [each for each in messages[start : start + browse.TEN] if lease.now() < each.expires]
        if not some:
            return []
        entries = [{"Id": str(number), "ReceiptHandle": each.receipt_handle} for number, each in enumerate(some)]
        try:
            answer = subscriber.aws.sqs.delete_message_batch(
                QueueUrl=subscriber.dead_letter_queue_url,
                Entries=entries,  # type: ignore[arg-type]
            )
        except (ClientError, BotoCoreError) as error:
            return error
        accepted = {each["Id"] for each in answer.get("Successful", [])}
        return [each for number, each in enumerate(some) if str(number) in accepted]

    answers = in_lanes(deleted, range(0, len(messages), browse.TEN), min(lanes, LANES))
    gone = [each for some in answers if isinstance(some, list) for each in some]
    browsing.forget(gone)
    write(gone)
    for each in answers:
        if not isinstance(each, list):
            raise each
    return gone
