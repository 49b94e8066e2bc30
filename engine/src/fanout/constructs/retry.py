"""How often a task tries one event, and how long it waits in between. Declared once, obeyed by queue and function."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf

from fanout.constructs.errors import ConfigurationError
from fanout.constructs.kinds import check_fields

LEAST_ATTEMPTS = 3
MOST_ATTEMPTS = 1_000
"""SQS's own limit: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"""
LONGEST_HIDDEN = 43_200
"""Seconds for which SQS hides a message, counted from when it was received and not from when it is asked to:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""
MARGIN = 60
"""Seconds between the receive and the invocation, beside the batching window."""


@dataclass(frozen=True, kw_only=True)
class Exponential:
    """`first`, then `factor` times as long after each failure, up to `longest`."""

    first: timedelta = timedelta(seconds=30)
    factor: float = 4.0
    longest: timedelta = timedelta(hours=2)

    def delays(self, count: int) -> list[timedelta]:
        longest, delay, delays = self.longest, self.first, []
        for _ in range(count):
            delays.append(min(delay, longest))
            delay = longest if delay > longest / self.factor else min(delay * self.factor, longest)
        return delays


@dataclass(frozen=True, kw_only=True)
class Retry:
    """`attempts` tries in all, with the delays of `backoff` in between: a list of attempts - 1, or Exponential.

    Attempts become the queue's maxReceiveCount; a delay is what the function sets as the visibility of the one message
    that failed, up to `jitter` (a fraction) shorter or longer, so that what failed together does not come back
    together. A crash or a time-out of the function falls back to the queue's own visibility timeout.
    Fewer than three attempts are refused: one throttled call or one cold start would already cost the event.
    """

    attempts: int = 5
    backoff: Exponential | Sequence[timedelta] = field(default_factory=Exponential)
    jitter: float = 0.2

    def delays(self) -> list[int]:
        """Whole seconds to wait after failure 1, 2, ... attempts - 1, before jitter."""
        backoff = self.backoff
        delays = backoff.delays(self.attempts - 1) if isinstance(backoff, Exponential) else backoff
        return [round(delay.total_seconds()) for delay in delays]

    def longest_schedule(self) -> int:
        """Seconds of all delays together, with the most jitter."""
        return round(sum(self.delays()) * (1 + self.jitter))

    def validate(self, owner: str, *, timeout: int = 0, window: int = 0) -> None:
        """Raises ConfigurationError, in one line that starts with `owner`, for a policy that AWS or sense refuses.

        `timeout` of the function and batching `window`, in seconds, may be over when it asks SQS to hide a message.
        """
        check_fields(owner, self, of=Retry, within="retry.")
        self._validate_backoff(owner)
        _expect(owner, "attempts", LEAST_ATTEMPTS <= self.attempts <= MOST_ATTEMPTS, self.attempts, "3 to 1000")
        _expect(owner, "jitter", 0 <= self.jitter < 1, self.jitter, "a fraction from 0 to less than 1")
        delays = self.delays()
        _expect(
            owner,
            "backoff",
            len(delays) == self.attempts - 1,
            f"{len(delays)} delays",
            f"{self.attempts - 1}, one between each two of {self.attempts} attempts",
        )
        longest, bound = max(delays) * (1 + self.jitter), LONGEST_HIDDEN - timeout - window - MARGIN
        _expect(
            owner,
            "backoff",
            min(delays) >= 0 and longest <= bound,
            f"{min(delays)} to {longest:.0f} seconds with jitter",
            f"0 to {bound}: SQS hides a message for {LONGEST_HIDDEN} seconds from its receive,"
            " less the function's timeout, its window, and a minute",
        )

    def _validate_backoff(self, owner: str) -> None:
        if not isinstance(self.backoff, Exponential):
            return
        check_fields(owner, self.backoff, of=Exponential, within="retry.backoff.")
        first, factor, longest = self.backoff.first, self.backoff.factor, self.backoff.longest
        _expect(owner, "backoff.factor", 1 <= factor < inf, factor, "1 or more")
        _expect(owner, "backoff.first", timedelta(0) <= first <= longest, first, f"0 to backoff.longest, {longest}")


def _expect(owner: str, name: str, holds: bool, value: object, expected: str) -> None:
    if not holds:
        raise ConfigurationError(f"{owner}: retry.{name} is {value}: expected {expected}")
