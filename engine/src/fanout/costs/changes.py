"""What a deployment would change in the bill: per environment and per subscriber, idle and at one volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fanout.costs.bill import STACK, Bill
from fanout.costs.model import monthly
from fanout.costs.prices import REGION, SEEN
from fanout.template.template import Template
from fanout.words import markdown_cell

EVENTS = 100_000
"""A month; the volume at which changes are told."""
WORTH_TELLING = 0.005
"""Dollars: less is shown as 0.00."""
IN_ALL = "in all"


@dataclass(frozen=True)
class CostChange:
    """`idle` and `busy` are (before, after) in dollars a month; busy is idle and EVENTS events together."""

    stack: str
    owner: str
    idle: tuple[float, float]
    busy: tuple[float, float]

    @property
    def matters(self) -> bool:
        return any(abs(after - before) >= WORTH_TELLING for before, after in (self.idle, self.busy))


def cost_changes(before: Mapping[str, Template], after: Mapping[str, Template]) -> list[CostChange]:
    """Of each stack whose cost changes: the whole first, then those of its owners that change."""
    found: list[CostChange] = []
    for stack in dict.fromkeys((*before, *after)):
        was, is_now = before.get(stack), after.get(stack)
        if was and is_now and was.body == is_now.body:
            continue
        old, new = _bill(was), _bill(is_now)
        owners = dict.fromkeys((*old.subscribers, *new.subscribers, STACK))
        changes = [_change(stack, IN_ALL, None, old, new)]
        changes += [_change(stack, owner or "the stack", owner, old, new) for owner in owners]
        found += [each for each in changes if each.matters]
        for each in (was, is_now):
            if each is not None:
                each.make_room()
    return found


def in_one_line(changes: Sequence[CostChange]) -> str:
    """Empty when nothing changes by a cent."""
    whole = [each for each in changes if each.owner == IN_ALL]
    told = [f"{each.stack} {_signed(each.idle)} idle, {_signed(each.busy)} with {EVENTS:,} events" for each in whole]
    return f"dollars a month: {'; '.join(told)}" if told else ""


def cost_markdown(changes: Sequence[CostChange]) -> str:
    """A section of a pull request's comment; empty when nothing changes by a cent."""
    if not changes:
        return ""
    lines = [
        "",
        "### What it would cost",
        "",
        f"Dollars a month by list prices of {REGION}, seen {SEEN}: idle, and with {EVENTS:,} events. `fanout cost` says why.",
        "",
        "| stack | subscriber | idle | | with events | |",
        "|---|---|---|---|---|---|",
    ]
    for each in changes:
        where = (f"**{each.stack}**", each.owner) if each.owner == IN_ALL else ("", each.owner)
        cells = (*where, _arrow(each.idle), _signed(each.idle), _arrow(each.busy), _signed(each.busy))
        lines.append("| " + " | ".join(map(markdown_cell, cells)) + " |")
    return "\n".join(lines)


def _bill(template: Template | None) -> Bill:
    return monthly(template or {}, events_per_month=EVENTS)


def _change(stack: str, shown: str, owner: str | None, old: Bill, new: Bill) -> CostChange:
    idle = old.dollars("idle", owner), new.dollars("idle", owner)
    traffic = old.dollars("traffic", owner), new.dollars("traffic", owner)
    return CostChange(stack, shown, idle, (idle[0] + traffic[0], idle[1] + traffic[1]))


def _arrow(dollars: tuple[float, float]) -> str:
    return f"{dollars[0]:,.2f} → {dollars[1]:,.2f}"


def _signed(dollars: tuple[float, float]) -> str:
    change = dollars[1] - dollars[0]
    return f"{change:+,.2f}" if abs(change) >= WORTH_TELLING else "±0.00"
