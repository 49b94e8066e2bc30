"""`python -m tests.recordings`: records what the dashboard's picture is drawn from."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from fanout.local.__main__ import run_app
from tests.places import APP, ENGINE
from tests.recordings.shapes import record

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def shapes(
    file: Annotated[Path, typer.Option(help="Where to write.")] = ENGINE / "tests" / "infra" / "recorded_shapes.json",
    state: Annotated[Path, typer.Option(help="Folder of this run.")] = APP / ".local" / "shapes",
) -> None:
    """Record what a broken and healed webhook looks like in metrics, for the dashboard's picture; three minutes."""
    record(state, file)


if __name__ == "__main__":
    sys.exit(run_app(app, "python -m tests.recordings"))
