"""`fanout cost`: dollars a month, from a synthesized template. Nobody is asked, and nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fanout.batching import BATCHING
from fanout.cli.options import stack_of_env
from fanout.cli.views import cost as view
from fanout.cli.views import load as load_view
from fanout.costs.assumptions import Assumptions
from fanout.costs.bill import Bill
from fanout.costs.model import monthly
from fanout.costs.switches import Switch, switches
from fanout.errors import Unusable
from fanout.template.coverage import unseen_in
from fanout.template.linking import link
from fanout.template.load import load
from fanout.template.template import Template

VOLUMES = (10_000, 100_000, 1_000_000)
"""Events a month, where none are given."""
MOST_A_SECOND, MOST_AT_ONCE = 1_000_000, 1_000_000_000
RATES = {"idle": 0, "1/s": 2_592_000, "10/s": 25_920_000, "100/s": 259_200_000}
"""Events a month at so many a second."""


def cost(
    env: Annotated[
        str | None, typer.Option("--env", "-e", metavar="ENV", help="dev, prod, ...: the stack <product>-ENV.")
    ] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", metavar="STACK", help="One stack by its name; else all.")
    ] = None,
    events_per_month: Annotated[
        int | None, typer.Option(metavar="N", help="Events published in a month; else three volumes.")
    ] = None,
    assembly: Annotated[Path, typer.Option(metavar="PATH", help="What `make synth` wrote, or one template.")] = Path(
        "cdk.out"
    ),
    assume: Annotated[
        list[str] | None, typer.Option(metavar="NAME=NUMBER", help="Instead of an assumption that is shown below.")
    ] = None,
    favours: Annotated[
        bool, typer.Option("--favours", help="Compare batching for latency with batching for cost.")
    ] = False,
    rate: Annotated[
        float | None,
        typer.Option(metavar="N", help="Not dollars but quotas: which end first at so many events a second."),
    ] = None,
    burst: Annotated[
        float, typer.Option(metavar="N", help="With --rate: how long so many at once, beside these, would wait.")
    ] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> int:
    """Say what each environment and each subscriber costs a month, idle first, then with traffic.

    List prices of us-east-1 without free tiers. Exit status 1: with --rate, a quota ends before; 2: unusable input.
    """
    assumed = assumptions(assume or [])
    _check(rate, burst)
    if events_per_month is not None and events_per_month < 0:
        raise Unusable(f"--events-per-month {events_per_month}: expected 0 or more")
    templates = chosen(assembly, stack_of_env(env) if env else stack)
    if rate is not None:
        loads = {each.name: load_view.Load.of(each, rate, burst, assumed) for each in templates}
        load_view.say(loads, as_json=as_json)
        return 1 if any(each.ended for each in loads.values()) else 0
    if favours:
        tables = {each.name: view.compared(each.body, assumed, RATES) for each in templates}
        view.print_compared(tables, RATES, as_json)
        return 0
    volumes = VOLUMES if events_per_month is None else (events_per_month,)
    bills = {each.name: bills_of(each, volumes, assumed) for each in templates}
    unseen = [str(each) for each in unseen_in(link(templates))]
    switched = {each.name: switches_of(each, events_per_month, assumed) for each in templates}
    if as_json:
        view.print_json(bills, unseen, switched)
    else:
        view.print_bills(bills, unseen, switched, detailed=events_per_month is not None)
    return 0


def _check(rate: float | None, burst: float) -> None:
    """Raises Unusable."""
    if rate is not None and not 0 < rate <= MOST_A_SECOND:
        raise Unusable(f"--rate {rate:g}: expected events a second, up to {MOST_A_SECOND:,}")
    if not 0 <= burst <= MOST_AT_ONCE:
        raise Unusable(f"--burst {burst:g}: expected a number of events, up to {MOST_AT_ONCE:,}")


def assumptions(given: list[str]) -> Assumptions:
    """Of NAME=NUMBER. Raises Unusable."""
    found = Assumptions()
    for each in given:
        name, _, value = each.partition("=")
        try:
            found = found.but(**{name: float(value)})
        except ValueError as error:
            said = str(error) if name in str(error) else "expected NAME=NUMBER, as in task_seconds=0.5"
            raise Unusable(f"--assume {each}: {said}") from None
    return found


def chosen(assembly: Path, name: str | None) -> list[Template]:
    """The stacks of an assembly, or the one of this name. Raises Unusable."""
    try:
        found = load(assembly)
    except Unusable as error:
        raise Unusable(
            f"{error}: run `make synth`, or give --assembly" if not assembly.exists() else str(error)
        ) from None
    if name is None:
        return found
    names = ", ".join(each.name for each in found)
    one = [each for each in found if each.name == name]
    if not one:
        raise Unusable(f"{assembly} has no stack {name}: expected one of {names}")
    return one


def bills_of(template: Template, volumes: Sequence[int], assumed: Assumptions) -> list[Bill]:
    """Of the stack alone, as long as it is linked to no other."""
    return [monthly(template, events_per_month=events, assumptions=assumed) for events in volumes]


def switches_of(template: Template, events: int | None, assumed: Assumptions) -> list[Switch]:
    """Of one volume; none where three are shown."""
    if events is None:
        return []
    return switches(template.body, events_per_month=events, batching=BATCHING, assumptions=assumed)
