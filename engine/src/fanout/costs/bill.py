"""Dollars a month, line by line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from fanout.costs.assumptions import Assumptions
from fanout.costs.prices import PRICES

Part = Literal["idle", "traffic"]
STACK = ""
"""The owner of what belongs to no subscriber, or to several."""


@dataclass(frozen=True)
class Line:
    """`quantity` units of one price. `owner` is a task, or STACK."""

    owner: str
    part: Part
    what: str
    quantity: float
    price: str

    @property
    def dollars(self) -> float:
        return self.quantity * PRICES[self.price].dollars

    def as_dict(self) -> dict[str, Any]:
        price = PRICES[self.price]
        return {
            "owner": self.owner or None,
            "part": self.part,
            "what": self.what,
            "quantity": round(self.quantity, 6),
            "unit": price.unit,
            "unit_dollars": price.dollars,
            "dollars": round(self.dollars, 6),
        }


@dataclass(frozen=True)
class Bill:
    """A month of one stack. Idle is what it costs when nothing is published."""

    events_per_month: int
    subscribers: tuple[str, ...]
    lines: tuple[Line, ...]
    assumptions: Assumptions
    unpriced: tuple[str, ...] = ()
    """Resource types that the model does not know: what they cost is missing."""

    @property
    def idle(self) -> float:
        return self.dollars("idle")

    @property
    def traffic(self) -> float:
        return self.dollars("traffic")

    @property
    def total(self) -> float:
        return self.idle + self.traffic

    def dollars(self, part: Part, owner: str | None = None) -> float:
        """Of one owner: a task, or STACK; by default of all."""
        return sum(each.dollars for each in self.lines if each.part == part and owner in (None, each.owner))

    @property
    def delivery(self) -> float:
        """What batching and polling decide: queues, functions, their logs and traces, idle and not."""
        return sum(each.dollars for each in self.lines if each.owner and each.price.startswith(_DELIVERY))

    def of(self, owner: str) -> list[Line]:
        return [each for each in self.lines if each.owner == owner]

    def as_dict(self) -> dict[str, Any]:
        owners = [*self.subscribers, STACK]
        return {
            "events_per_month": self.events_per_month,
            "idle": round(self.idle, 4),
            "traffic": round(self.traffic, 4),
            "total": round(self.total, 4),
            "subscribers": {
                owner: {part: round(self.dollars(part, owner), 4) for part in _PARTS} for owner in owners if owner
            },
            "stack": {part: round(self.dollars(part, STACK), 4) for part in _PARTS},
            "unpriced": list(self.unpriced),
            "lines": [each.as_dict() for each in self.lines],
        }


_PARTS: tuple[Part, Part] = ("idle", "traffic")
_DELIVERY = ("sqs-", "lambda-", "log-", "xray-")


def summed(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines of the same owner, part, name and price as one; without those of nothing."""
    found: dict[tuple[str, Part, str, str], float] = {}
    for each in lines:
        key = (each.owner, each.part, each.what, each.price)
        found[key] = found.get(key, 0) + each.quantity
    return tuple(
        Line(owner, part, what, number, price) for (owner, part, what, price), number in found.items() if number
    )
