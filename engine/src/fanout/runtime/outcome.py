"""What became of one message: the only thing that is said about it, once, in one log line."""

import re
from logging import ERROR, INFO, WARNING
from typing import Any, Literal, NamedTuple

from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.event import Event, Heartbeat
from fanout.runtime.log import describe, say, traceback_of
from fanout.runtime.probe import Probe

Record = dict[str, Any]
Kind = Literal["done", "duplicate", "heartbeat", "dead", "failed"]
_OF_ENGINE = (Heartbeat, Probe)
_LEVELS = {"failed": WARNING, "dead": ERROR}
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header"""


class OutOfTime(TransientError):
    """The function's time was nearly over: the message was given back so that its neighbours keep their attempts."""

    def __init__(self) -> None:
        super().__init__("not finished when the function's time was nearly over")


class NotBegun(OutOfTime):
    """Its attempt never began: that says nothing of what the task depends on."""

    def __init__(self, why: str = "the function's time was nearly over") -> None:
        super(OutOfTime, self).__init__(f"not begun: {why}")


class NotTried(TransientError):
    """An earlier event of the same group failed, and order is kept: this one waits for it."""

    def __init__(self) -> None:
        super().__init__("waits for an earlier event of its group")


class Outcome(NamedTuple):
    """`done`; `duplicate`: completed before, nothing was done; `heartbeat`: acknowledged, and nothing was to be done;
    `dead`: in the dead-letter queue; `failed`: comes back.

    `event` is None when the body was no event; `error` is None unless the kind is `dead` or `failed`.
    """

    kind: Kind
    record: Record
    event: Event | Heartbeat | None
    error: BaseException | None
    duration_ms: float

    @property
    def message_id(self) -> str:
        return str(self.record["messageId"])

    @property
    def receipt_handle(self) -> str:
        return str(self.record["receiptHandle"])

    @property
    def attempt(self) -> int:
        """How often the message was received, this time included."""
        return int(self.record["attributes"]["ApproximateReceiveCount"])

    @property
    def failed(self) -> bool:
        """Whether SQS must keep the message."""
        return self.kind == "failed"

    @property
    def of_engine(self) -> bool:
        """A heartbeat or a probe: it says nothing about the task, nor about what the task depends on."""
        return isinstance(self.event, _OF_ENGINE)

    def cause(self) -> dict[str, Any]:
        """Why, in words that hold no personal data: for the log and for the dead letter."""
        if self.error is None:
            return {}
        return {**describe(self.error), "permanent": issubclass(type(self.error), PermanentError)}

    def log(self, request_id: str) -> None:
        """One line: INFO for what is done, WARNING for what comes back, ERROR for a dead letter."""
        fields: dict[str, Any] = {
            "outcome": self.kind,
            "message_id": self.message_id,
            "attempt": self.attempt,
            "duration_ms": round(self.duration_ms, 1),
            "function_request_id": request_id,
        }
        if self.error is not None:
            fields |= self.cause() | traceback_of(self.error)
        if self.event is not None:
            fields["event_id"] = self.event.id
        if isinstance(self.event, Event):
            fields |= self.event.ids() | _trace(self.event)
        say(_LEVELS.get(self.kind, INFO), self.kind, fields)


def _trace(event: Event) -> dict[str, str]:
    """The publisher's trace context, so that one trace id finds publisher and tasks; a malformed one is ignored."""
    traceparent = event.raw.get("traceparent")
    if not isinstance(traceparent, str) or not _TRACEPARENT.fullmatch(traceparent):
        return {}
    return {"traceparent": traceparent, "trace_id": traceparent.split("-")[1]}
