"""`fanout cost` on the screen and as JSON: idle first, as it is paid for nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from fanout.batching import BATCHING
from fanout.cli.output import console, table
from fanout.costs.assumptions import Assumptions, described
from fanout.costs.bill import STACK, Bill
from fanout.costs.model import NOT_COUNTED, monthly
from fanout.costs.prices import PRICES, REGION, SEEN
from fanout.costs.rebatched import rebatched
from fanout.costs.switches import Switch
from fanout.words import printable

MOST_LINES = 8
"""Of one owner, in the detailed table."""


def print_bills(
    bills: Mapping[str, Sequence[Bill]],
    unseen: Sequence[str],
    switched: Mapping[str, Sequence[Switch]],
    *,
    detailed: bool,
) -> None:
    for name, some in bills.items():
        console.print(Text(f"{printable(name)}: dollars a month", style="bold"))
        console.print(_summary(some))
        if detailed:
            console.print()
            console.print(_lines(some[0]))
        if switched.get(name):
            console.print()
            console.print(_switches(switched[name]))
        for unknown in some[0].unpriced:
            console.print(Text(f"not priced: {printable(unknown)}", style="yellow"))
        console.print()
    for each in unseen:
        console.print(Text(f"not seen, and not priced: {printable(each)}", style="yellow"))
    _footnotes(next(iter(bills.values()))[0].assumptions)


def _summary(bills: Sequence[Bill]) -> Any:
    volumes = [f"+ {each.events_per_month:,} events" for each in bills]
    shown = table("", "idle", *volumes, right=("idle", *volumes))
    for owner in (*bills[0].subscribers, STACK):
        traffic = [_money(each.dollars("traffic", owner)) for each in bills]
        shown.add_row(printable(owner) or "the stack", _money(bills[0].dollars("idle", owner)), *traffic)
    shown.add_row("in all", _money(bills[0].idle), *[_money(each.traffic) for each in bills], style="bold")
    return shown


def _lines(bill: Bill) -> Any:
    """The dearest lines of each owner, and the rest as one."""
    shown = table("", "what", "part", "number", "$", right=("number", "$"))
    for owner in (*bill.subscribers, STACK):
        lines = sorted(bill.of(owner), key=lambda each: -each.dollars)
        for place, each in enumerate(lines[:MOST_LINES]):
            name = "" if place else printable(owner) or "the stack"
            shown.add_row(name, each.what, each.part, _number(each.quantity), _money(each.dollars))
        rest = sum(each.dollars for each in lines[MOST_LINES:])
        if rest:
            shown.add_row("", "everything else", "", "", _money(rest))
    return shown


def _switches(some: Sequence[Switch]) -> Any:
    shown = table("setting", "now", "instead", "$ a month", right=("$ a month",))
    for each in some:
        shown.add_row(each.setting, each.now, each.instead, f"{each.dollars:+,.2f}")
    return shown


def _switch(one: Switch) -> dict[str, Any]:
    return {**vars(one), "dollars": round(one.dollars, 4)}


def _footnotes(assumed: Assumptions) -> None:
    sure = [f"{each.name}={getattr(assumed, each.name):g}" for each in described() if not each.metadata["unverified"]]
    unsure = [f"{each.name}={getattr(assumed, each.name):g}" for each in described() if each.metadata["unverified"]]
    for line in (
        f"list prices of {REGION}, seen {SEEN}: costs/prices.py names the source of each",
        f"assumed (--assume NAME=NUMBER): {', '.join(sure)}",
        f"assumed and not verified: {', '.join(unsure)}",
        f"not counted: {'; '.join(NOT_COUNTED)}",
    ):
        console.print(Text(line, style="dim"), soft_wrap=not console.is_terminal)


def print_json(
    bills: Mapping[str, Sequence[Bill]], unseen: Sequence[str], switched: Mapping[str, Sequence[Switch]]
) -> None:
    """{stacks: {name: [a bill for each volume]}, switches: {name: [one for each setting]}, prices: {...}, assumptions: {...},
    unseen: [...]}; no switches where three volumes are asked for."""
    first = next(iter(bills.values()))[0]
    print(
        json.dumps(
            {
                "stacks": {name: [each.as_dict() for each in some] for name, some in bills.items()},
                "switches": {name: [_switch(each) for each in some] for name, some in switched.items()},
                "prices": {"region": REGION, "seen": SEEN, "list": [vars(each) for each in PRICES.values()]},
                "assumptions": {
                    each.name: {"value": getattr(first.assumptions, each.name), **each.metadata} for each in described()
                },
                "not_counted": list(NOT_COUNTED),
                "unseen": list(unseen),
            },
            indent=2,
        )
    )


Compared = dict[str, dict[str, float]]
"""Dollars a month and subscriber, by choice and by rate."""


def compared(template: dict[str, Any], assumed: Assumptions, rates: Mapping[str, int]) -> Compared:
    """Queue, function, logs and traces of the average subscriber, without what its task itself does and its alarms."""
    choices: dict[str, dict[str, Any]] = {word: rebatched(template, *BATCHING[word]) for word in BATCHING}
    choices["cost, no maximum concurrency"] = rebatched(template, *BATCHING["cost"], bounded=False)
    return {
        choice: {rate: _delivery(changed, events, assumed) for rate, events in rates.items()}
        for choice, changed in choices.items()
    }


def _delivery(template: dict[str, Any], events: int, assumed: Assumptions) -> float:
    bill = monthly(template, events_per_month=events, assumptions=assumed)
    return bill.delivery / max(1, len(bill.subscribers))


def print_compared(tables: Mapping[str, Compared], rates: Mapping[str, int], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"events_per_month": dict(rates), "stacks": tables}, indent=2))
        return
    for name, choices in tables.items():
        console.print(
            Text(f"{printable(name)}: dollars a month and subscriber: queue, function, logs, traces", style="bold")
        )
        shown = table("batching", *rates, right=tuple(rates))
        for choice, dollars in choices.items():
            shown.add_row(choice, *[_money(dollars[rate]) for rate in rates])
        console.print(shown)
        console.print()


def _number(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:.3g}"


def _money(dollars: float) -> str:
    return f"{dollars:,.2f}"
