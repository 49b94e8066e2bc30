"""What became of one message: the only thing that is said about it, once, in one log line."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.errors import PermanentError, TransientError
from shared.event import FormSubmitted
from shared.log import describe, logger

Record = dict[str, Any]


class OutOfTime(TransientError):
    """The function's time was nearly over: the message was given back so that its neighbours keep their attempts."""

    def __init__(self) -> None:
        super().__init__("not finished when the function's time was nearly over")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`event` is None when the body was no event; `error` is None when the task returned."""

    message_id: str
    receipt_handle: str
    attempt: int
    event: FormSubmitted | None
    error: BaseException | None
    duration_ms: float

    @property
    def done(self) -> bool:
        return self.error is None

    def log(self, request_id: str) -> None:
        """One line: INFO for done, WARNING for failed. Never an answer, whatever the task raised."""
        fields: dict[str, Any] = {
            "outcome": "done" if self.done else "failed",
            "message_id": self.message_id,
            "attempt": self.attempt,
            "duration_ms": round(self.duration_ms, 1),
            "function_request_id": request_id,
        }
        if self.event is not None:
            fields |= {
                "event_id": self.event.id,
                "form_id": self.event.form_id,
                "submission_id": self.event.submission_id,
            }
        if self.error is None:
            logger.info("done", extra=fields)
            return
        fields |= {"permanent": isinstance(self.error, PermanentError), **describe(self.error)}
        logger.warning("failed", extra=fields)


def attempt(task: Callable[[FormSubmitted], None], parse: Callable[[str], FormSubmitted], record: Record) -> Outcome:
    """Runs `task` on one record of an SQS batch. Whatever it raises becomes the outcome; nothing leaves."""
    began = time.perf_counter()
    event: FormSubmitted | None = None
    error: BaseException | None = None
    try:
        event = parse(record["body"])
        task(event)
    except BaseException as raised:
        error = raised
    return _outcome(record, event, error, (time.perf_counter() - began) * 1000)


def out_of_time(record: Record, duration_ms: float) -> Outcome:
    """The outcome of a record that has not finished before the deadline, or has not even begun."""
    return _outcome(record, None, OutOfTime(), duration_ms)


def _outcome(record: Record, event: FormSubmitted | None, error: BaseException | None, duration_ms: float) -> Outcome:
    return Outcome(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        attempt=int(record["attributes"]["ApproximateReceiveCount"]),
        event=event,
        error=error,
        duration_ms=duration_ms,
    )
