"""`python -m tests.faults`: what `make -C engine faults` calls."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.local_command import local_command
from fanout.cli.main import main
from tests.faults.faults import faults as run_faults
from tests.faults.plan import ALL, MIXED
from tests.places import APP

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command()
@local_command
def faults(
    events: Annotated[int, typer.Option(min=1, help="At least two of each fault at each task are published.")] = 300,
    seed: Annotated[int | None, typer.Option(min=0, help="Of an earlier run; else any.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Without crashes and outages, which take minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    state: Annotated[Path, typer.Option(help="Folder of this run.")] = APP / ".local" / "faults",
) -> None:
    """Let everything go wrong that can, and count what became of every event; everything is stopped afterwards."""
    chosen = secrets.randbelow(2**32) if seed is None else seed
    if not run_faults(state, events=events, seed=chosen, faults=MIXED if short else ALL, as_json=as_json):
        raise typer.Exit(1)


if __name__ == "__main__":
    main(typer.main.get_command(app), "python -m tests.faults")
