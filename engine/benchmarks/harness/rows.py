"""One line of the results: what was measured, against what, and whether it is what we promise."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.samples import Samples, samples

Against = Literal["peer", "floor"]


@dataclass(frozen=True)
class Goal:
    """A bound on the median, or on the median ratio to the peer or the floor."""

    bound: float
    of: Against | None
    least: bool

    def is_met(self, number: float) -> bool:
        return number >= self.bound if self.least else number <= self.bound

    def __str__(self) -> str:
        said = f"at {'least' if self.least else 'most'} {self.bound:g}"
        return f"{said} x {self.of}" if self.of else said


def at_most(bound: float, *, of: Against | None = None) -> Goal:
    return Goal(bound, of, least=False)


def at_least(bound: float, *, of: Against | None = None) -> Goal:
    return Goal(bound, of, least=True)


@dataclass(frozen=True, kw_only=True)
class Row:
    """As it is in benchmarks/results.json. `value`, `min`, `max`, `floor` and `peer` have the same unit.

    `ratio` is to what the goal names, else to the peer. `met` is None where nothing is promised.
    """

    name: str
    value: float
    min: float
    max: float
    unit: str
    floor: float | None = None
    peer: float | None = None
    ratio: float | None = None
    goal: str | None = None
    met: bool | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def row(
    name: str,
    measured: Samples | float,
    *,
    unit: str,
    floor: Samples | float | None = None,
    peer: Samples | float | None = None,
    goal: Goal | None = None,
) -> Row:
    """`met` is decided here and nowhere else."""
    ours = samples(measured)
    others = {"floor": floor, "peer": peer}
    medians = {against: None if other is None else _rounded(samples(other).median) for against, other in others.items()}
    if goal and goal.of and others[goal.of] is None:
        raise BenchmarkError(f"{name}: its goal is {goal}, and no {goal.of} was measured")
    other = others[(goal and goal.of) or "peer"]
    ratio = None if other is None else ours.ratio(samples(other, rounds=len(ours.values))).median
    judged = ratio if goal and goal.of and ratio is not None else ours.median
    return Row(
        name=name,
        value=_rounded(ours.median),
        min=_rounded(ours.lowest),
        max=_rounded(ours.highest),
        unit=unit,
        floor=medians["floor"],
        peer=medians["peer"],
        ratio=None if ratio is None else _rounded(ratio),
        goal=str(goal) if goal else None,
        met=goal.is_met(judged) if goal else None,
    )


def _rounded(number: float) -> float:
    """Four digits are more than any of this can be repeated to."""
    return float(f"{number:.4g}")
