"""How long to wait before AWS is asked again."""

from collections.abc import Callable

LONGEST = 60.0
"""Seconds."""


class Backoff:
    """Twice as long with each failure, and never two workers at the same moment: between half of it and all.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0

    def failed(self) -> float:
        """Seconds to wait now."""
        whole = min(LONGEST, 2.0 ** min(self._failures, 10))
        self._failures += 1
        return whole * (0.5 + self._chance() / 2)

    def fine(self) -> None:
        self._failures = 0
