"""`fanout contract`: the Python package `events` with which tasks read events, made from the app's schemas."""

from pathlib import Path
from typing import Annotated

import typer

Contracts = Annotated[
    Path | None, typer.Option("--contracts", metavar="FOLDER", help="The schemas; else contracts/ of the app.")
]
Events = Annotated[
    Path | None, typer.Option("--events", metavar="FOLDER", help="The package; else lambdas/events/ of the app.")
]


def build(contracts: Contracts = None, events: Events = None) -> None:
    """Write the Python package with which tasks read events."""
    from fanout.contracts.contract import load
    from fanout.contracts.generate import write

    source, target = _places(contracts, events)
    write(load(source), target)


def check(contracts: Contracts = None, events: Events = None) -> int:
    """Say whether that package is what the schemas say: exit status 1 when it is not. Changes nothing."""
    from fanout.contracts.contract import load
    from fanout.contracts.generate import stale

    source, target = _places(contracts, events)
    found = stale(load(source), target)
    if found:
        names = ", ".join(str(each) for each in found)
        typer.echo(f"{names}: not what the schemas in {source} say: run `fanout contract build`", err=True)
    return 1 if found else 0


def _places(contracts: Path | None, events: Path | None) -> tuple[Path, Path]:
    from fanout.project import find_root

    root = find_root()
    return contracts or root / "contracts", events or root / "lambdas" / "events"
