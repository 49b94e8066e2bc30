"""Measured numbers of one variant, one a round."""

import math
from dataclasses import dataclass
from statistics import median

from benchmarks.harness.errors import BenchmarkError


@dataclass(frozen=True)
class Samples:
    """In the order of the rounds, so that two variants of one run can be compared round by round."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values or not all(math.isfinite(each) for each in self.values):
            raise BenchmarkError(f"measured nothing that can be compared: {self.values}")

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def lowest(self) -> float:
        return min(self.values)

    @property
    def highest(self) -> float:
        return max(self.values)

    def over(self, other: "Samples") -> "Samples":
        """Round by round, what this takes more than the other."""
        return Samples(tuple(mine - theirs for mine, theirs in zip(self.values, other.values, strict=True)))

    def ratio(self, other: "Samples") -> "Samples":
        """Round by round: what disturbed both of them falls out."""
        if 0 in other.values:
            raise BenchmarkError("a ratio to nothing says nothing: the other variant measured 0")
        return Samples(tuple(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True)))


def samples(measured: "Samples | float", rounds: int = 1) -> Samples:
    """A number that is known, not measured, is the same in every round."""
    return measured if isinstance(measured, Samples) else Samples((float(measured),) * rounds)
