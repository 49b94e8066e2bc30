"""While a dependency is down, no message is taken: as in a function, but here the worker itself waits, and tries one.

What it is told and what counts is the same as in `fanout.runtime.circuit_breaker`, which has to switch a mapping for it.
"""

from collections.abc import Callable

from fanout.runtime.circuit_breaker import SAYS_NOTHING
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import Outcome
from fanout.worker.errors import Lost, Stopped

_SAYS_NOTHING = (*SAYS_NOTHING, Lost, Stopped)


class Circuit:
    """`limit` failures in a row open it for `cool_down` seconds; after those one message is tried, and decides. 0: never."""

    def __init__(self, limit: int, cool_down: float, monotonic: Callable[[], float]) -> None:
        self._limit, self._cool_down, self._monotonic = limit, cool_down, monotonic
        self._in_a_row = 0
        self._open_until: float | None = None

    def room(self, room: int, held: int) -> int:
        """How many messages may be received: of `room`, while `held` are held."""
        if self._open_until is None:
            return room
        if self._monotonic() < self._open_until:
            return 0
        return min(room, 1) if held == 0 else 0

    @property
    def opens_in(self) -> float | None:
        """Seconds until the trial; None unless it is open."""
        return None if self._open_until is None else max(0.0, self._open_until - self._monotonic())

    def heard(self, outcome: Outcome) -> None:
        if not self._limit or outcome.of_engine:
            return
        if outcome.kind == "done":
            self._in_a_row = 0
            if self._open_until is not None:
                self._open_until = None
                logger.warning("circuit closed", extra={"circuit": "closed"})
        elif outcome.failed and not isinstance(outcome.error, _SAYS_NOTHING):
            self._in_a_row += 1
            on_trial = self._open_until is not None and self._monotonic() >= self._open_until
            if on_trial or (self._open_until is None and self._in_a_row >= self._limit):
                self._open_until = self._monotonic() + self._cool_down
                logger.error("circuit opened", extra={"circuit": "open", "failures": self._in_a_row})
