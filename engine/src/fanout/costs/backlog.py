"""How long a queue takes after a burst, and how old its oldest event gets: seconds in, seconds out.

A fluid model in steps of a second. Lambda begins with five batches at once and adds up to 300 a minute
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html); the oldest events go first; a share of the attempts fails
and comes back after `delay`.
"""

from collections import deque
from dataclasses import dataclass

FIRST, MORE_EACH_SECOND = 5, 5.0
LONGEST = 4 * 86_400
"""Seconds that are looked at."""
DUST = 1e-6


@dataclass(frozen=True)
class Backlog:
    """`drained`: seconds until all that came is done and no more waits than comes; None: never, or after days. `oldest`: seconds
    that the event that waited longest had waited, of those seen."""

    drained: int | None
    oldest: int


@dataclass(frozen=True)
class Capacity:
    """`each`: events a second of one function or worker; `most` of them. `scales`: Lambda adds them, else all are there."""

    each: float
    most: float
    scales: bool = True

    @property
    def events(self) -> float:
        """A second, of all."""
        return self.each * self.most

    def at(self, second: int) -> float:
        there = min(self.most, FIRST + MORE_EACH_SECOND * second) if self.scales else self.most
        return there * self.each


def after_burst(burst: float, *, rate: float, capacity: Capacity, failing: float = 0, delay: int = 30) -> Backlog:
    """`burst` events at once, while `rate` come each second."""
    if rate * (1 + failing) >= capacity.events:
        return Backlog(None, LONGEST)
    line = _Line(burst, failing, delay)
    for second in range(LONGEST):
        line.work(second, rate, capacity.at(second))
        if line.left_of_the_burst < 0.5 and line.waiting <= rate + DUST:
            return Backlog(second + 1, line.oldest)
    return Backlog(None, line.oldest)


class _Line:
    """What waits, as (second in which it came, events), the oldest first; and what comes back, with its second before these."""

    def __init__(self, burst: float, failing: float, delay: int) -> None:
        self._failing, self._delay = failing, delay
        self._waiting: deque[tuple[int, float]] = deque([(0, burst)])
        self._returning: deque[tuple[int, int, float]] = deque()
        self.waiting = self.left_of_the_burst = burst
        self.oldest = 0

    def work(self, second: int, rate: float, room: float) -> None:
        while self._returning and self._returning[0][0] <= second:
            _, came, amount = self._returning.popleft()
            self._waiting.appendleft((came, amount))
            self.waiting += amount
        self._waiting.append((second, rate))
        self.waiting += rate
        self.left_of_the_burst += rate if second == 0 else 0
        while room > DUST and self._waiting:
            came, amount = self._waiting.popleft()
            taken = min(room, amount)
            room -= taken
            self._take(second, came, taken)
            if amount - taken > DUST:
                self._waiting.appendleft((came, amount - taken))

    def _take(self, second: int, came: int, taken: float) -> None:
        self.waiting -= taken
        failed = taken * self._failing if taken * self._failing > DUST else 0.0
        self.left_of_the_burst -= taken - failed if came == 0 else 0
        if taken >= 0.5 or came == 0:
            self.oldest = max(self.oldest, second + 1 - came)
        if failed:
            self._returning.append((second + self._delay, came, failed))
