"""What costs/ says of each subscriber, at the volumes that the pages show."""

from __future__ import annotations

from fanout.catalog import markdown
from fanout.costs.bill import Bill
from fanout.costs.model import monthly
from fanout.costs.prices import REGION, SEEN
from fanout.template.template import Template

VOLUMES = (0, 100_000, 10_000_000)
"""Events a month: nobody submits, an organisation, a platform."""


class Spending:
    """The bills of one template."""

    def __init__(self, template: Template, names: list[str]) -> None:
        """`names` of its subscribers."""
        self._names = names
        alone = Template(template.body)
        self._bills = [monthly(alone, events_per_month=volume) for volume in VOLUMES]

    def section(self, name: str) -> str:
        """Empty for a subscriber that the bills do not know: nothing in the stack reads its queue."""
        if name not in self._bills[0].subscribers:
            return ""
        rows = [(_volume(each), _dollars(_of(each, name)), _per_million(each, name)) for each in self._bills]
        return (
            "## Costs\n\n"
            + markdown.table(("events a month", "dollars a month", "per million events, beyond idle"), rows)
            + f"\n{markdown.paragraph(_NOTE)}"
        )

    def table(self) -> str:
        """Every subscriber, and what belongs to none of them."""
        rows = [(name, *(_dollars(_of(each, name)) for each in self._bills)) for name in self._known()]
        shared = ("the rest of the stack", *(_dollars(_of(each, "")) for each in self._bills))
        total = ("in all", *(_dollars(each.total) for each in self._bills))
        columns = ("", *(f"{_volume(each)} events" for each in self._bills))
        return markdown.table(columns, [*rows, shared, total]) + f"\n{markdown.paragraph(_NOTE)}"

    def _known(self) -> list[str]:
        return [name for name in self._names if name in self._bills[0].subscribers]


_NOTE = (
    f"Dollars a month, by list prices of {REGION} as seen on {SEEN} (`costs/prices.py`), without free tiers. The first"
    " column is what it costs when nothing is published; `fanout cost` shows the lines behind it, for any volume."
)


def _of(bill: Bill, owner: str) -> float:
    return bill.dollars("idle", owner) + bill.dollars("traffic", owner)


def _volume(bill: Bill) -> str:
    return f"{bill.events_per_month:,}"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"


def _per_million(bill: Bill, name: str) -> str:
    if not bill.events_per_month:
        return ""
    return _dollars(bill.dollars("traffic", name) / bill.events_per_month * 1_000_000)
