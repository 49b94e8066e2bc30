"""`fanout cost --rate` on the screen and as JSON: what ends first, and how long a burst waits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from rich.text import Text

from fanout.catalog.markdown import span
from fanout.cli.output import console, table
from fanout.costs.assumptions import Assumptions
from fanout.costs.backlog import Backlog, Capacity, after_burst
from fanout.costs.quotas import Demand, capacity, demands, first_delay
from fanout.costs.subscribers import tasks
from fanout.template.template import Template
from fanout.words import printable

MOST_ROWS = 12


@dataclass(frozen=True)
class Load:
    """Of one stack."""

    rate: float
    burst: float
    demands: list[Demand]
    backlogs: dict[str, tuple[Capacity, Backlog]]
    assumed: Assumptions

    @classmethod
    def of(cls, template: Template, rate: float, burst: float, assumed: Assumptions) -> Self:
        backlogs = {}
        for task in tasks(template):
            room = capacity(task, assumed)
            waits = after_burst(burst, rate=rate, capacity=room, failing=assumed.failing, delay=first_delay(task))
            backlogs[task.name] = room, waits
        return cls(rate, burst, demands(template, assumed), backlogs, assumed)

    @property
    def ended(self) -> bool:
        return any(each.needs(self.rate) > each.quota.most for each in self.demands)

    def as_dict(self) -> dict[str, Any]:
        return {
            "rate": self.rate,
            "burst": self.burst,
            "quotas": [
                {
                    "task": each.owner or None,
                    "quota": each.quota.name,
                    "needs": each.needs(self.rate),
                    "most": each.quota.most,
                    "unit": each.quota.unit,
                    "ends_at": each.ends_at,
                    "removes": each.quota.removes,
                    "source": each.quota.source,
                    "unverified": each.quota.weak or None,
                }
                for each in self.demands
            ],
            "tasks": {
                name: {"events_a_second": room.events, "drained": waits.drained, "oldest": waits.oldest}
                for name, (room, waits) in self.backlogs.items()
            },
        }


def say(loads: Mapping[str, Load], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({name: each.as_dict() for name, each in loads.items()}, indent=2))
        return
    for name, each in loads.items():
        console.print(Text(f"{printable(name)} at {each.rate:,g} events a second", style="bold"))
        console.print(_quotas(each))
        if each.backlogs:
            console.print(Text(f"after {each.burst:,g} events at once, beside these", style="bold"))
            console.print(_backlogs(each))
        console.print()
    found = next(iter(loads.values()))
    console.print(
        Text(
            f"assumed: {found.assumed.task_seconds:g} s an event, {found.assumed.failing:.0%} tried again (--assume);"
            " every event reaches every task; quotas as AWS gives them by default, * unverified: see --json",
            style="dim",
        )
    )


def _quotas(load: Load) -> Any:
    shown = table("", "quota", "needs", "of", "ends at", "what removes it", right=("needs", "of", "ends at"))
    for each in load.demands[:MOST_ROWS]:
        style = "red" if each.needs(load.rate) > each.quota.most else "yellow" if each.is_near(load.rate) else ""
        shown.add_row(
            printable(each.owner) or "the stack",
            each.quota.name + ("*" if each.quota.weak else ""),
            _number(each.needs(load.rate)),
            f"{each.quota.most:,.0f} {each.quota.unit}",
            f"{_number(each.ends_at)}/s",
            each.quota.removes,
            style=style,
        )
    return shown


def _backlogs(load: Load) -> Any:
    shown = table("", "does", "drained in", "the oldest waits", right=("does", "drained in", "the oldest waits"))
    for name, (room, waits) in load.backlogs.items():
        drained = waits.drained
        shown.add_row(
            printable(name),
            f"{_number(room.events)}/s",
            "never" if drained is None else span(drained),
            "ever longer" if drained is None else span(waits.oldest),
            style="red" if drained is None else "",
        )
    return shown


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
