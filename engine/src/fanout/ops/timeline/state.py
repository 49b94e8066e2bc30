"""What is known of one event at one subscriber, and how it is told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fanout.ops.aws import records
from fanout.ops.aws.line import Line
from fanout.ops.aws.records import EventRecord
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters.causes import Cause
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.words import counted

DONE, DEAD, WORKING, RETRYING, NOT_FOUND, UNKNOWN = "done", "dead", "working", "retrying", "not found", "unknown"
FILTERED_OUT, OTHER_TOPIC = "filtered out", "other topic"


@dataclass(frozen=True)
class EventState:
    """`attempts` are those that were read, oldest first, redriven ones too; `of` is how many a message has.

    `record` is what the table says, of `source`, where several sources use the id; `looked`: whether the dead letters were
    looked into, and `dead` is how many there are.
    """

    task: str
    state: str
    attempts: tuple[Line, ...] = ()
    of: int = 0
    message: DeadLetterMessage | None = None
    waiting: int = 0
    problem: str | None = None
    cause: Cause | None = None
    """Of a dead letter at which no attempt is in the log."""
    keys: tuple[str, ...] = ()
    """Of its filter: those that kept the event back, or, when it was not found, those that cannot be judged."""
    record: EventRecord | None = None
    several: bool = False
    """Whether other sources use the same id."""
    buries: bool = True
    """Whether it has a dead-letter queue; where it has none, what is dead is dropped."""
    called: bool = False
    """Whether its topic calls it without a queue, so that Lambda tries again, and gives up."""
    dead: int = 0
    looked: bool = False
    completeness: Completeness = field(default=COMPLETE)

    @property
    def is_well(self) -> bool:
        """Nothing is left to be done for the event here."""
        return self.state in (DONE, FILTERED_OUT, OTHER_TOPIC)

    @property
    def is_over(self) -> bool:
        return self.is_well or self.state == DEAD

    @property
    def attempt(self) -> int:
        """The number of the last one that is known of."""
        numbers = [each.attempt for each in self.attempts] + ([self.record.attempt] if self.record else [])
        return max([len(self.attempts), *numbers])

    @property
    def letter(self) -> str | None:
        """The id of its dead letter, as far as it is known."""
        if self.message:
            return self.message.message_id
        return self.record.dead_letter if self.record and self.state == DEAD else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "state": self.state,
            "source": self.record.source if self.record else None,
            "attempts": [each.as_dict() for each in self.attempts],
            "attempts_of_a_message": self.of,
            "dead_letter": self.letter,
            "dead_since": self._last_at if self.state == DEAD else None,
            "waiting_in_queue": self.waiting,
            "problem": self.problem,
            "filtered_out_by": list(self.keys) if self.state == FILTERED_OUT else [],
            "unseen": list(self.completeness.unseen),
        }

    def said(self) -> str:
        """In one sentence, and what was not seen in another."""
        of = f"of {self.record.source}: " if self.several and self.record and self.record.source else ""
        unseen = "" if self.completeness else f"; not looked at: {'; '.join(self.completeness.unseen)}"
        return f"{of}{self._said()}{unseen}"

    def _said(self) -> str:
        if self.problem:
            return self.problem
        if self.state == DONE:
            attempts = f", {self.attempt} attempts" if self.attempt > 1 else ""
            return f"done at {_told(self._last_at)}{attempts}"
        if self.state == DEAD:
            return self._said_dead()
        if self.state == UNKNOWN:
            last = self.attempts[-1]
            return f"attempt {last.attempt}{self._of} failed at {_told(last.at)}: {self._why}; what came after was not read"
        if self.state in (WORKING, RETRYING):
            return self._said_open()
        if self.state == FILTERED_OUT:
            return f"filtered out: {', '.join(self.keys)}"
        if self.state == OTHER_TOPIC:
            return "its topic is another one than the event's"
        return self._said_without_a_trace()

    def _said_dead(self) -> str:
        why = self._why or str(self.cause or "no log line is left of it")
        if self.message:
            return f"dead letter {self.message.message_id}: {why}"
        began = self._began if self.record and self.record.state == records.WORKING else ""
        is_recorded = self.record is not None and self.record.state == records.DEAD
        if not self.buries:
            at = "by now" if self.called and self.record and not is_recorded else f"at {_told(self._last_at)}"
            return f"dropped {at}, as the task may: {began or why}"
        if self.called and not is_recorded:
            gone = "it is not there: " if self.looked else "a dead letter, unless "
            return f"{began or why}: Lambda has given it up by now: {gone}somebody redrove or dropped it"
        if not is_recorded:
            return f"{began or why}: its attempts are used up, and SQS moves it to the dead-letter queue"
        letter = f"dead letter {self.letter}" if self.letter else "a dead letter"
        since = f"since {_told(self._last_at)}"
        if self.looked:
            return f"{letter} {since}: {why}; it is not in the dead-letter queue: somebody redrove or dropped it"
        return f"{letter} {since}, unless somebody redrove or dropped it: {why}"

    def _said_open(self) -> str:
        if self.state == WORKING and self.record:
            until = f", until {_told(self.record.lease_until)} at most" if self.record.lease_until else ""
            return f"attempt {self.attempt}{self._of} is at work since {_told(self._last_at)}{until}"
        if self.record and self.record.state == records.WORKING:
            return f"{self._began}, and it comes back"
        last = self.attempts[-1].attempt if self.attempts else self.attempt
        return f"attempt {last}{self._of} failed, and it comes back: {self._why}"

    @property
    def _began(self) -> str:
        why = f" ({self._why})" if self._why else ""
        return f"attempt {self.attempt}{self._of} began at {_told(self._last_at)} and never ended: it crashed or timed out{why}"

    @property
    def _of(self) -> str:
        return f" of {self.of}" if self.of else ""

    @property
    def _why(self) -> str:
        if self.record and self.record.error_type:
            return f"{self.record.error_type}: {self.record.error}"
        last = self.attempts[-1] if self.attempts else None
        return f"{last.error_type}: {last.error}" if last and last.error_type else ""

    @property
    def _last_at(self) -> datetime | None:
        if self.record and self.record.at:
            return self.record.at
        return self.attempts[-1].at if self.attempts else None

    def _said_without_a_trace(self) -> str:
        looked = " and no dead letter" if self.looked or not self.dead else ""
        queued = f"; {counted(self.waiting, 'event')} in its queue, which nobody can look into" if self.waiting else ""
        unjudged = f"; its filter looks at {', '.join(self.keys)}, not known of this event" if self.keys else ""
        return f"not seen: no record, no log line{looked} of it{queued}{unjudged}"


def _told(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else "a time that is not recorded"
