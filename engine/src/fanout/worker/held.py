"""A message in the hands of this worker, and how long it may act on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

from fanout.runtime.attempt import Ending
from fanout.runtime.decision import Decision
from fanout.runtime.idempotency import LEASE_MARGIN_SECONDS
from fanout.runtime.outcome import Outcome, Record
from fanout.runtime.retry import is_last

FENCE = 2 * LEASE_MARGIN_SECONDS
"""Seconds before a message may show again from which its attempt sends nothing. The claim of its event ends in the middle of
them: whoever gets the message next finds no claim, and no one who still acts on it, as far as clocks agree to 5 seconds."""


class Fenced(Decision[Ending]):
    """A decision that is over as well while the message may be somebody else's, as when this process was frozen.

    Only until the task ended: what is recorded after is refused by the record where the event is another attempt's.
    """

    def __init__(self, monotonic: Callable[[], float], until: float) -> None:
        super().__init__()
        self._monotonic = monotonic
        self.until = until

    @property
    def is_over(self) -> bool:
        return self._state == "over" or self._state == "open" and self._monotonic() > self.until


@dataclass(eq=False)
class Held:
    """Times are Machine.monotonic's. `hidden_until`: when SQS shows it again; `beat_at`: when that is looked after next."""

    record: Record
    lane: object
    received_at: float
    hidden_until: float
    beat_at: float
    decision: Fenced
    request_id: str = field(default_factory=lambda: str(uuid4()))
    began: float | None = None
    until: float = float("inf")
    """When its attempt is given up."""
    outcome: Outcome | None = None
    """By its thread, once it has ended."""
    thread_ended: bool = False
    asked: bool = False
    """A request that keeps it hidden, or its claim, is under way."""

    @property
    def id(self) -> str:
        return str(self.record["messageId"])

    @property
    def handle(self) -> str:
        return str(self.record["receiptHandle"])

    @property
    def attempt(self) -> int:
        return int(self.record["attributes"]["ApproximateReceiveCount"])

    @property
    def is_last(self) -> bool:
        """Whether SQS moves it to the dead letters when it is received once more."""
        return is_last(self.attempt)

    @property
    def fence(self) -> float:
        return self.hidden_until - FENCE
