"""`python -m local up | down | status | demo | drill`: what the Makefile calls."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.exceptions import TyperException

from fanout.local.app import told_with_its_line
from fanout.local.console import console, errors
from fanout.local.demo.demo import demo as run_demo
from fanout.local.drill import drill as run_drill
from fanout.local.errors import LocalError
from fanout.local.interrupts import stop_on_all
from fanout.local.run import Run
from fanout.local.status import report, show
from fanout.ops.aws.errors import OpsError
from fanout.project import find_root

MAIN, DEMO, DRILL = ".local", ".local/demo", ".local/drill"
INTERRUPTED = 130

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
State = Annotated[Path | None, typer.Option(help="Folder of this run's processes, logs and addresses.")]


@app.command()
def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="For the embedded AWS; else 4566, or any.")] = None,
    state: State = None,
) -> None:
    """Start the embedded AWS, deploy the stack of settings "local", write .local/env. Again: deploy what changed."""
    run = Run(_folder(state, MAIN))
    with run.state.lock(waiting=lambda: console.print("another `make up` or `make down` is at work here: waiting")):
        topic_arn = run.up(port).stack.topic_arn
    console.print(f"\ntopic  {topic_arn}\nuse it [bold]set -a; . {run.state.environment}; set +a[/]", soft_wrap=True)


@app.command()
def down(state: State = None) -> None:
    """Stop everything that `up` started. What was in the embedded AWS is gone."""
    run = Run(_folder(state, MAIN))
    with run.state.lock(waiting=lambda: console.print("another `make up` is at work here: waiting")):
        was_running = run.down()
    console.print("stopped" if _end_abandoned_demo() or was_running else "nothing ran")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False, state: State = None) -> None:
    """Say what runs, and how many messages wait where."""
    told = report(Run(_folder(state, MAIN)))
    if as_json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        show(told)


@app.command()
def demo(state: State = None) -> None:
    """From nothing to proof in half a minute; everything is stopped afterwards."""
    if not run_demo(_folder(state, DEMO)):
        raise typer.Exit(1)


@app.command()
def drill(
    task: Annotated[str | None, typer.Argument(help="To break; else BREAK of demo.py, or the first.")] = None,
    state: State = None,
) -> None:
    """The night shift, rehearsed: fifty events die, and one CLI heals all of them; everything is stopped afterwards."""
    if not run_drill(_folder(state, DRILL), task):
        raise typer.Exit(1)


def _folder(state: Path | None, usual: str) -> Path:
    return state or find_root() / usual


def _end_abandoned_demo() -> bool:
    """Of a demo that was killed outright; one that is at work holds its lock and is left alone."""
    abandoned = Run(_folder(None, DEMO))
    if not abandoned.is_running():
        return False
    with suppress(LocalError), abandoned.state.lock(waiting=lambda: None, patience=0):
        return abandoned.down()
    return False


def main() -> int:
    return run_app(app, "python -m fanout.local")


def run_app(commands: typer.Typer, name: str) -> int:
    """Runs one of `commands`; the exit status. What a person can mend is one line, and Ctrl-C another."""
    stop_on_all()
    try:
        code = commands(standalone_mode=False) or 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except TyperException as error:
        errors.print(f"error: {error.format_message().rstrip('.')}; see {name} --help", markup=False)
        return error.exit_code
    except (LocalError, OpsError, BotoCoreError, ClientError, OSError) as error:
        errors.print(f"error: {' '.join(str(error).split())}", markup=False)
        return 1
    except Exception as error:
        if not (line := told_with_its_line(error)):
            raise
        errors.print(f"error: {' '.join(line.split())}", markup=False)
        return 1
    if code == INTERRUPTED:  # which is also what Typer makes of Ctrl-C
        errors.print("interrupted: everything that this command started was stopped")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
