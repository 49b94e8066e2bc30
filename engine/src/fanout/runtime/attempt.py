"""One attempt at one message, from its body to its outcome. Nothing is raised: whatever happens is an outcome."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from fanout import names
from fanout.runtime import dead_letters, idempotency
from fanout.runtime.decision import Decision
from fanout.runtime.errors import ContractViolation, PermanentError, TransientError
from fanout.runtime.event import Event, Heartbeat, parse
from fanout.runtime.log import describe
from fanout.runtime.outcome import Kind, Outcome, Record
from fanout.runtime.probe import Probe

Task = Callable[[Any], None]
Classes = tuple[type[Event], ...]
Ending = tuple[Kind, BaseException | None]


class NotDeadLettered(TransientError):
    """The dead-letter queue did not take the message: it comes back like any failure, and nothing is lost."""


class Attempt(NamedTuple):
    """`task`, which takes events of `classes`, on one message. `deadline` is on time.monotonic's clock; `request_id` is the invocation's."""

    task: Task
    classes: Classes
    request_id: str
    deadline: float

    def at(self, record: Record, decided: Decision[Ending] | None = None, until: float | None = None) -> Outcome:
        """Once `decided` is over, what is returned is nobody's. None: it is waited for however long it takes.

        Its claim lasts `until`, and not to the deadline, where it is given up before that.
        """
        decided = decided or Decision()
        began = time.perf_counter()
        event: Event | Heartbeat | None = None
        error: BaseException | None = None
        kind: Kind = "failed"
        try:
            event = parse(record["body"], *self.classes, Probe, restored=_restored)
            if isinstance(event, Heartbeat):  # it has come as far as the task, and that is all it is for
                kind = "heartbeat"
            else:
                kind, error = self._worked_on(event, record, decided, until or self.deadline)
        except PermanentError as raised:
            kind, error, _ = self._dead_lettered(record, raised, decided)
        except BaseException as raised:
            error = raised
        if event is None:
            event = event_in(record, self.classes)
        return Outcome(kind, record, event, error, (time.perf_counter() - began) * 1000)

    def _worked_on(self, event: Event, record: Record, decided: Decision[Ending], until: float) -> Ending:
        """Runs the task, and records how that ended; what is raised here is raised before the task runs, or too late.

        How it ended is settled before it is recorded: from then on a slow record costs nobody an attempt.
        """
        claim = idempotency.Claim(event, record, self.request_id)
        if not claim.take(until - time.monotonic()):
            return "duplicate", None
        decided.claim = claim
        decided.check()
        try:
            if isinstance(event, Probe):
                event.happen(int(record["attributes"]["ApproximateReceiveCount"]))
            else:
                self.task(event)
        except PermanentError as raised:
            kind, error, dead_letter = self._dead_lettered(record, raised, decided)
            claim.dead(error, dead_letter) if kind == "dead" else claim.failed(error)
            return kind, error
        except BaseException as raised:
            decided.settle(("failed", raised))
            claim.failed(raised)
            return "failed", raised
        decided.settle(("done", None))
        claim.done()
        return "done", None

    def _dead_lettered(
        self, record: Record, error: PermanentError, decided: Decision[Ending]
    ) -> tuple[Kind, BaseException, str]:
        """Dead only once the dead-letter queue has the message, under the id returned; SQS deletes it from its queue after.

        Who may not act on the message any more raises AttemptOver, and sends none.
        """
        decided.check()
        told = describe(error)
        decided.settle(("failed", NotDeadLettered(f"{told['error']}; the dead-letter queue has not answered in time")))
        cause = {
            "task": os.environ[names.TASK],
            **told,
            "attempt": int(record["attributes"]["ApproximateReceiveCount"]),
            "message_id": record["messageId"],
            "function_request_id": self.request_id,
        }
        try:
            dead_letter = dead_letters.send(record, cause)
            decided.settle(("dead", error))
            return "dead", error, dead_letter
        except Exception as refused:
            why = describe(refused)["error"]
            return "failed", NotDeadLettered(f"{told['error']}; the dead-letter queue did not take it: {why}"), ""


def _restored(event: dict[str, Any]) -> dict[str, Any]:
    """Of a topic without attachments the module is not in the zip."""
    try:
        from fanout.runtime.claim_check import restored
    except ImportError:
        why = f"event.{names.CLAIM_CHECK} names what this task cannot read: say attachments= of its topic"
        raise ContractViolation(why) from None
    return restored(event)


def event_in(record: Record, classes: Classes) -> Event | Heartbeat | None:
    """The event of a message that is not worked on, so that its log line can name it; with a claim check by its ids alone.

    Raises nothing, whatever an upcast does.
    """
    with suppress(BaseException):
        return parse(record["body"], *classes, Probe)
    with suppress(BaseException):
        from fanout.runtime.claim_check import by_ids

        return by_ids(record["body"], classes)
    return None
