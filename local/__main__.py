"""`python -m local up | down | status | demo | drill | faults | shapes`: what the Makefile calls."""

import json
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.exceptions import TyperException

from local.console import console, errors
from local.demo import demo as run_demo
from local.drill import drill as run_drill
from local.errors import LocalError
from local.faults import faults as run_faults
from local.faults_plan import ALL, MIXED
from local.interrupts import stop_on_all
from local.run import Run
from local.shapes import record
from local.state import ROOT
from local.status import report, show

MAIN, DEMO, DRILL, FAULTS, SHAPES = ".local", ".local/demo", ".local/drill", ".local/faults", ".local/shapes"
INTERRUPTED = 130

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
State = Annotated[Path, typer.Option(help="Folder of this run's processes, logs and addresses.")]


@app.command()
def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="For the embedded AWS; else 4566, or any.")] = None,
    state: State = ROOT / MAIN,
) -> None:
    """Start the embedded AWS, deploy FormEvents-local, write .local/env. Again: deploy what changed."""
    run = Run(state)
    with run.state.lock(waiting=lambda: console.print("another `make up` or `make down` is at work here: waiting")):
        outputs = run.up(port)
    console.print(
        f"\ntopic  {outputs.topic_arn}\nuse it [bold]set -a; . {run.state.environment}; set +a[/]", soft_wrap=True
    )


@app.command()
def down(state: State = ROOT / MAIN) -> None:
    """Stop everything that `up` started. What was in the embedded AWS is gone."""
    run = Run(state)
    with run.state.lock(waiting=lambda: console.print("another `make up` is at work here: waiting")):
        was_running = run.down()
    console.print("stopped" if _end_abandoned_demo() or was_running else "nothing ran")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False, state: State = ROOT / MAIN
) -> None:
    """Say what runs, and how many messages wait where."""
    told = report(Run(state))
    if as_json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        show(told)


@app.command()
def demo(state: State = ROOT / DEMO) -> None:
    """From nothing to proof in half a minute; everything is stopped afterwards."""
    if not run_demo(state):
        raise typer.Exit(1)


@app.command()
def drill(state: State = ROOT / DRILL) -> None:
    """The night shift, rehearsed: fifty events die, and one CLI heals all of them; everything is stopped afterwards."""
    if not run_drill(state):
        raise typer.Exit(1)


@app.command()
def faults(
    events: Annotated[int, typer.Option(min=1, help="At least two of each fault at each task are published.")] = 300,
    seed: Annotated[int | None, typer.Option(min=0, help="Of an earlier run; else any.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Without crashes and outages, which take minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    state: State = ROOT / FAULTS,
) -> None:
    """Let everything go wrong that can, and count what became of every event; everything is stopped afterwards."""
    chosen = secrets.randbelow(2**32) if seed is None else seed
    if not run_faults(state, events=events, seed=chosen, faults=MIXED if short else ALL, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def shapes(
    file: Annotated[Path, typer.Option(help="Where to write.")] = ROOT / "tests" / "infra" / "recorded_shapes.json",
    state: State = ROOT / SHAPES,
) -> None:
    """Record what a broken and healed webhook looks like in metrics, for the dashboard's picture; three minutes."""
    record(state, file)


def _end_abandoned_demo() -> bool:
    """Of a demo that was killed outright; one that is at work holds its lock and is left alone."""
    abandoned = Run(ROOT / DEMO)
    if not abandoned.is_running():
        return False
    with suppress(LocalError), abandoned.state.lock(waiting=lambda: None, patience=0):
        return abandoned.down()
    return False


def main() -> int:
    stop_on_all()
    try:
        code = app(standalone_mode=False) or 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except TyperException as error:
        errors.print(f"error: {error.format_message().rstrip('.')}; see python -m local --help", markup=False)
        return error.exit_code
    except (LocalError, BotoCoreError, ClientError, OSError) as error:
        errors.print(f"error: {' '.join(str(error).split())}", markup=False)
        return 1
    if code == INTERRUPTED:  # which is also what Typer makes of Ctrl-C
        errors.print("interrupted: everything that this command started was stopped")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
