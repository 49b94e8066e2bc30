"""Dead-letter messages back to their own task's queue: sent, written down, and only then deleted.

For each message: the journal says `sending`; SQS takes the message; the journal says `sent`; the message is deleted; the
journal says `deleted`. Whatever is cut in between, the event is in at least one queue:

- Killed after `sent`: the message is still there. The next redrive with the same journal only deletes it.
- Killed between SQS's yes and the line `sent`, or another operator without this journal: the message is sent again, so
  the task sees the event twice. Tasks skip an event id that they have completed (and the archive writes an object
  once), so the second copy does nothing. In a FIFO queue SQS itself drops it, within five minutes.
- Two operators: SQS hides a message from everybody else while one has it, and nothing is sent after that time is over.
  A standard queue may, rarely, show a message twice all the same: then see above.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from fanout.aws_errors import code_of
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters.browse import Browse
from fanout.ops.dead_letters.drop import delete
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.journal import DELETED, SENDING, SENT, Journal, Unfinished, about
from fanout.ops.send.queue import OutgoingMessage, Sent, send

_TRIES = 3


@dataclass
class Tally:
    """`finished`: sent by an earlier run, and only deleted now; `left`: sent, but its message could not be deleted."""

    sent: int = 0
    finished: int = 0
    left: int = 0
    late: int = 0
    maybe_twice: int = 0
    refused: list[str] = field(default_factory=list)


class MessageMover:
    """Moves messages of one subscriber. Not safe in threads."""

    def __init__(self, subscriber: DeployedSubscriber, journal: Journal) -> None:
        self.subscriber, self.journal = subscriber, journal
        self.tally = Tally()
        self._queue = subscriber.dead_letter_queue_name
        self._before: Unfinished = journal.unfinished(self._queue)

    def move(self, messages: Sequence[DeadLetterMessage], browsing: Browse) -> list[Sent]:
        """Sends and deletes them; what was refused stays. The answer has those that were sent now."""
        timely = [each for each in messages if time.monotonic() < each.expires]
        self.tally.late += len(messages) - len(timely)
        done_before = [each for each in timely if each.message_id in self._before.sent]
        fresh = [each for each in timely if each.message_id not in self._before.sent]
        sent = self._send(fresh) if fresh else []
        ids = {each.outgoing.key for each in sent}
        self.tally.sent += len(sent)
        self.tally.finished += len(done_before)
        self._delete([*done_before, *(each for each in fresh if each.message_id in ids)], browsing)
        return sent

    def _send(self, messages: Sequence[DeadLetterMessage]) -> list[Sent]:
        self.tally.maybe_twice += sum(each.message_id in self._before.unsure for each in messages)
        of = {each.message_id: each for each in messages}
        self._write(SENDING, messages)
        try:
            answers = send(
                self.subscriber.aws,
                self.subscriber.queue_url,
                [OutgoingMessage.from_dead_letter(each) for each in messages],
            )
        except ClientError as error:  # an answer: nothing of this request was taken
            self._write("not sent", messages, why=code_of(error))
            raise
        sent = [each for each in answers if each.id is not None]
        refused = [each for each in answers if each.id is None]
        self.journal.write_all(
            {**self._told(SENT, of[each.outgoing.key]), "as": each.id, "after": each.outgoing.hash} for each in sent
        )
        for each in refused:
            self._write("not sent", [of[each.outgoing.key]], why=each.refusal)
            self.tally.refused.append(f"{each.outgoing.key}: {each.refusal}")
        return sent

    def _delete(self, messages: Sequence[DeadLetterMessage], browsing: Browse) -> None:
        """What cannot be deleted stays in the journal as sent: the next redrive deletes it and sends nothing."""
        left = list(messages)
        for _ in range(_TRIES):
            if not left:
                break
            gone = delete(self.subscriber, left, browsing)
            self._write(DELETED, gone)
            left = [each for each in left if each not in gone]
        self.tally.left += len(left)

    def _write(self, step: str, messages: Sequence[DeadLetterMessage], **more: str) -> None:
        self.journal.write_all({**self._told(step, each), **more} for each in messages)

    def _told(self, step: str, message: DeadLetterMessage) -> dict[str, str]:
        return {"step": step, "task": self.subscriber.task, "queue": self._queue, **about(message)}
