"""How much of what was asked was seen: an absence is only proven by a look that saw all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completeness:
    """`unseen` says, in words for a person, each thing that was not looked at, and why; empty: all was seen."""

    unseen: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.unseen

    def __add__(self, other: "Completeness") -> "Completeness":
        return Completeness((*self.unseen, *(each for each in other.unseen if each not in self.unseen)))


COMPLETE = Completeness()
