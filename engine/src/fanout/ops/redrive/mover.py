"""Dead-letter messages back to their own task's queue: sent, written down, and only then deleted.

For each request, and for those beside it in other lanes with one write: the journal says `sending`; SQS takes the messages; the
journal says `sent`; the letters are deleted; the journal says `deleted`. Whatever is cut in between, the event is in at
least one queue:

- Killed after `sent`: the message is still there. The next redrive with the same journal only deletes it.
- Killed between SQS's yes and the line `sent`, a request without an answer, or another operator without this journal: the
  message is sent again, so the task sees the event twice. Tasks skip an event that they have completed (and the archive
  writes an object once), so the second copy does nothing. In a FIFO queue SQS itself drops it, within five minutes.
- Two operators: SQS hides a message from everybody else while one has it, and nothing is sent after that time is over.
  A standard queue may, rarely, show a message twice all the same: then see above.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from fanout.ops import lease
from fanout.ops.aws.lanes import beside
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.browse import Browse
from fanout.ops.dead_letters.drop import delete
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.journal import DELETED, Journal, Unfinished, about
from fanout.ops.send.journalled import BEHIND, TOO_LATE, send_written
from fanout.ops.send.queue import OutgoingMessage, Sent

Told = dict[str, dict[str, object]]
"""What the journal says of a message, by its id."""
_TRIES = 3


@dataclass
class Tally:
    """`finished`: sent by an earlier run, and only deleted now; `left`: sent, but its message could not be deleted.

    `late`: somebody else may see it by now, or one before it in its group; `behind`: one before it in its group was refused;
    `unread`: left where it is, as it cannot be read.
    """

    sent: int = 0
    finished: int = 0
    left: int = 0
    late: int = 0
    behind: int = 0
    maybe_twice: int = 0
    refused: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class MessageMover:
    """Moves messages of one subscriber, in so many `lanes`. Not safe in threads.

    With more than one, what was sent is deleted while the next are sent: `finish` waits for that.
    """

    def __init__(self, subscriber: DeployedSubscriber, journal: Journal, lanes: int = 1) -> None:
        self.subscriber, self.journal, self.lanes = subscriber, journal, lanes
        self.tally = Tally()
        self._queue = subscriber.dead_letter_queue_name
        self._blocked: dict[str | None, str] = {}
        """Groups of a FIFO queue of which nothing more is sent."""
        self._before: Unfinished = journal.unfinished(self._queue)
        self._deleting: Future[None] | None = None

    def move(
        self, messages: Sequence[DeadLetterMessage], browsing: Browse, watch: Callable[[Sent], None] = lambda _: None
    ) -> None:
        """Sends and deletes them; what was refused or cannot be read stays. `watch` has each that was sent, before it is deleted."""
        timely = [each for each in messages if lease.now() < each.expires]
        self.tally.late += len(messages) - len(timely)
        self._blocked |= {each.group: TOO_LATE for each in messages if each not in timely}
        told = {each.message_id: self._about(each) for each in timely}
        done_before = [each for each in timely if each.message_id in self._before.sent]
        self.tally.finished += len(done_before)
        self._delete(done_before, told, browsing)
        fresh = [each for each in timely if each.message_id not in self._before.sent]
        self._send(fresh, told, browsing, watch)

    def finish(self) -> None:
        """Whatever was sent is deleted, or told as left behind. Raises what AWS said to it."""
        if deleting := self._deleting:
            self._deleting = None
            deleting.result()

    def _send(
        self, messages: Sequence[DeadLetterMessage], told: Told, browsing: Browse, watch: Callable[[Sent], None]
    ) -> None:
        of = {each.message_id: each for each in messages}
        outgoing = [made for each in messages if (made := self._outgoing(each))]
        self.tally.maybe_twice += sum(each.key in self._before.unsure for each in outgoing)
        aws, url = self.subscriber.aws, self.subscriber.target
        for answers in send_written(
            aws,
            url,
            self.journal,
            outgoing,
            lambda each: told[each.key],
            lambda each: lease.now() < of[each.key].expires,
            self.lanes,
            self._blocked,
        ):
            sent = [each for each in answers if each.id is not None]
            self.tally.sent += len(sent)
            self.tally.late += sum(each.refusal == TOO_LATE for each in answers)
            self.tally.behind += sum(each.refusal == BEHIND for each in answers)
            refused = (each for each in answers if each.id is None and each.refusal not in (TOO_LATE, BEHIND))
            self.tally.refused += [f"{each.outgoing.key}: {each.refusal}" for each in refused]
            for each in sent:
                watch(each)
            done = [of[each.outgoing.key] for each in sent]
            try:
                self.finish()
            except (ClientError, BotoCoreError):
                self.tally.left += len(done)
                raise
            if self.lanes == 1:
                self._delete(done, told, browsing)
            else:
                self._deleting = beside(self._delete, done, told, browsing)

    def _outgoing(self, message: DeadLetterMessage) -> OutgoingMessage | None:
        """One message's trouble is its own."""
        try:
            made = OutgoingMessage.back_to(self.subscriber, message)
            assert made.bytes >= 0 and made.entry(fifo=False)
        except Exception:
            self.tally.unread.append(message.message_id)
            return None
        return made

    def _delete(self, messages: Sequence[DeadLetterMessage], told: Told, browsing: Browse) -> None:
        """What cannot be deleted stays in the journal as sent: the next redrive deletes it and sends nothing."""
        left = list(messages)

        def write(gone: Sequence[DeadLetterMessage]) -> None:
            nonlocal left
            self.journal.write_all({"step": DELETED, **told[each.message_id]} for each in gone)
            ids = {each.message_id for each in gone}
            left = [each for each in left if each.message_id not in ids]

        try:
            for _ in range(_TRIES):
                if left:
                    delete(self.subscriber, left, browsing, self.lanes, write)
        finally:
            self.tally.left += len(left)

    def _about(self, message: DeadLetterMessage) -> dict[str, object]:
        return {"task": self.subscriber.task, "queue": self._queue, **about(message)}
