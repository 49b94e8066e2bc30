"""How often Lambda asks a queue, and how full its batches are: what decides an SQS bill.

Five pollers ask a mapping's queue all the time, as few as two when it is quiet; with MaximumConcurrency there is no such
saving: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

import math
from dataclasses import dataclass

from fanout.costs.assumptions import MONTH_SECONDS, Assumptions

MOST_PER_REQUEST = 10
"""Messages of one ReceiveMessage or DeleteMessageBatch, whatever the batch size."""


@dataclass(frozen=True)
class Polled:
    """A mapping: `window` in seconds, `bound` its MaximumConcurrency."""

    batch_size: float
    window: float
    bound: float | None

    def pollers(self, assumed: Assumptions) -> float:
        if self.bound is None:
            return assumed.unbounded_pollers
        return min(assumed.bounded_pollers, self.bound)

    def fill(self, attempts: float, assumed: Assumptions) -> float:
        """Messages of a batch. Each poller takes its share of what arrives until it asks again, and of the window."""
        share = attempts / MONTH_SECONDS / self.pollers(assumed)
        return min(self.batch_size, 1 + share * (self.window + assumed.round_seconds))

    def idle_receives(self, assumed: Assumptions) -> float:
        return self.pollers(assumed) * MONTH_SECONDS / assumed.poll_seconds

    def receives(self, attempts: float, assumed: Assumptions) -> float:
        """All of a month, empty or not.

        A poll ends with the first message or after `poll_seconds`. When messages come at random with `speed` to one poller,
        it lasts (1 - exp(-speed x poll_seconds)) / speed on average.
        """
        fill = min(self.fill(attempts, assumed), MOST_PER_REQUEST)
        alone = assumed.received_alone if self.window else 0
        answered = attempts * (alone + (1 - alone) / fill)
        speed = answered / MONTH_SECONDS / self.pollers(assumed)
        if speed == 0:
            return self.idle_receives(assumed)
        return answered / -math.expm1(-speed * assumed.poll_seconds)


@dataclass(frozen=True)
class PolledByWorkers(Polled):
    """One poller in each; `least` of them always run, and none polls while it does not."""

    least: float = 0

    def pollers(self, assumed: Assumptions) -> float:
        return max(1.0, self.least)

    def idle_receives(self, assumed: Assumptions) -> float:
        return self.least * MONTH_SECONDS / assumed.poll_seconds

    def receives(self, attempts: float, assumed: Assumptions) -> float:
        """Empty ones as long as one runs after an event."""
        answered = attempts / min(self.fill(attempts, assumed), MOST_PER_REQUEST)
        awake = 1.0 if self.least else share_with_any(attempts, MONTH_SECONDS / assumed.worker_seconds)
        return answered + max(self.least, awake) * MONTH_SECONDS / assumed.poll_seconds


def share_with_any(number: float, periods: float) -> float:
    """Of a month's `periods`, the share in which at least one of `number` events at random falls."""
    return 1 - math.exp(-number / periods)
