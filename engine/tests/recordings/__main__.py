"""`python -m tests.recordings`: records what the dashboard's picture is drawn from."""

from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.local_command import local_command
from fanout.cli.main import main
from tests.places import APP, ENGINE
from tests.recordings.shapes import record

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command()
@local_command
def shapes(
    file: Annotated[Path, typer.Option(help="Where to write.")] = ENGINE / "tests" / "infra" / "recorded_shapes.json",
    state: Annotated[Path, typer.Option(help="Folder of this run.")] = APP / ".local" / "shapes",
) -> None:
    """Record what a broken and healed webhook looks like in metrics, for the dashboard's picture; three minutes."""
    record(state, file)


if __name__ == "__main__":
    main(typer.main.get_command(app), "python -m tests.recordings")
