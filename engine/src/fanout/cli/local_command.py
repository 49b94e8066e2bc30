"""What the commands of `fanout local` share: where a run keeps its files, and one line for whatever goes wrong."""

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from fanout.cli.aws_command import confirm
from fanout.errors import Unusable, UserError
from fanout.local.console import console, errors
from fanout.local.one_line import line_of
from fanout.local.run import STILL_UP, Run
from fanout.ops.interrupt import stop_on_all
from fanout.project import find_root

Result = TypeVar("Result")
INTERRUPTED = 130
MAIN, DEMO, DRILL = ".local", ".local/demo", ".local/drill"
"""Folders of the app's root."""

State = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of this run's processes, logs and addresses; else .local.")
]


def folder_of(state: Path | None, usual: str = MAIN) -> Path:
    return state or find_root() / usual


def agree(deletions: Sequence[str], *, yes: bool) -> None:
    """Asks before messages and data are deleted; raises Unusable, and nothing is changed, when that is not meant."""
    for line in deletions:
        console.print(f"[yellow]![/] this deployment {escape(line)}", soft_wrap=True)
    confirm("deploy all the same (with make: YES=1)", yes=yes)


@contextmanager
def left_running(run: Run) -> Iterator[None]:
    """Ctrl-C says so where the embedded AWS runs on."""
    try:
        yield
    except KeyboardInterrupt:
        if not run.is_running():
            raise
        raise KeyboardInterrupt(STILL_UP) from None


def local_command(command: Callable[..., Result]) -> Callable[..., Result]:
    """Every error that a person can mend becomes one line, and Ctrl-C another with exit status 130."""

    @functools.wraps(command)
    def run(*arguments: object, **named: object) -> Result:
        stop_on_all()
        try:
            return command(*arguments, **named)
        except KeyboardInterrupt as stopped:
            errors.print(f"interrupted: {str(stopped) or 'everything that this command started was stopped'}")
            sys.exit(INTERRUPTED)
        except UserError:
            raise
        except Exception as error:
            if line := line_of(error):
                raise Unusable(line) from None
            raise

    return run
