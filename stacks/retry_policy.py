"""How often a task tries one event, and how long it waits in between."""

from dataclasses import dataclass
from datetime import timedelta

from stacks.errors import ConfigurationError

LEAST_ATTEMPTS = 3
MOST_ATTEMPTS = 1_000
LONGEST_DELAY = timedelta(hours=12)
"""SQS's longest visibility timeout: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """`attempts` tries in all; after failure k the event waits `first_delay * factor ** (k - 1)`, at most `longest_delay`.

    Attempts become the queue's maxReceiveCount; the delays are what the function sets as the visibility of the
    message that failed. A crash or a time-out of the function falls back to the queue's own visibility timeout.
    Fewer than three attempts are refused: one throttled call or one cold start would already cost the event.
    """

    attempts: int = 5
    first_delay: timedelta = timedelta(seconds=30)
    factor: float = 4.0
    longest_delay: timedelta = timedelta(hours=2)

    def delays(self) -> list[int]:
        """Seconds to wait after failure 1, 2, ... attempts - 1."""
        first, longest = self.first_delay.total_seconds(), self.longest_delay.total_seconds()
        return [round(min(first * self.factor**failure, longest)) for failure in range(self.attempts - 1)]

    def validate(self, owner: str) -> None:
        """Raises ConfigurationError, in one line that starts with `owner`, for a policy that AWS or sense refuses."""
        if not LEAST_ATTEMPTS <= self.attempts <= MOST_ATTEMPTS:
            raise ConfigurationError(
                f"{owner}: retry.attempts is {self.attempts}: expected {LEAST_ATTEMPTS} to {MOST_ATTEMPTS}"
            )
        if self.first_delay < timedelta(0) or self.longest_delay < self.first_delay:
            raise ConfigurationError(
                f"{owner}: retry.first_delay is {self.first_delay} and retry.longest_delay {self.longest_delay}:"
                " expected 0 <= first_delay <= longest_delay"
            )
        if self.longest_delay > LONGEST_DELAY:
            raise ConfigurationError(
                f"{owner}: retry.longest_delay is {self.longest_delay}: SQS hides a message for 12 hours at most"
            )
        if self.factor < 1:
            raise ConfigurationError(f"{owner}: retry.factor is {self.factor}: expected 1 or more")
