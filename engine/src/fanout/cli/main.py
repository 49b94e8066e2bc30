"""The `fanout` command: a table of contents. Each command is a function in a file of its name."""

from __future__ import annotations

import os
import sys
from functools import cache
from io import TextIOWrapper
from typing import Any

import typer

from fanout.cli.check import check
from fanout.cli.cost import cost
from fanout.cli.diff import diff
from fanout.cli.install import install
from fanout.cli.on_call import add as add_on_call
from fanout.errors import Unusable

app = typer.Typer(
    name="fanout",
    help="Events to many tasks on AWS: look before you deploy, and after.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(check)
app.command()(cost)
app.command()(diff)
app.command()(install)
add_on_call(app)


def main() -> None:
    """Runs a command. What a person can mend is one line on stderr and exit status 2; Ctrl-C is 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(_command()(standalone_mode=False) or 0)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads: do not fail while flushing
        sys.exit(1)
    except _MENDABLE as error:
        if _one_line(error):  # nothing when the help was printed
            print(f"error: {_one_line(error)}", file=sys.stderr)
        sys.exit(2)


@cache
def _command() -> Any:
    """Typer makes it of the functions' signatures, which takes longer than most of the commands do."""
    return typer.main.get_command(app)


def _usage_errors() -> tuple[type[Exception], ...]:
    """What Typer raises for a wrong command line; it has no public name for all of it."""
    return tuple(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")


_MENDABLE: tuple[type[Exception], ...] = (Unusable, *_usage_errors())


def _one_line(error: Exception) -> str:
    formatted = getattr(error, "format_message", None)
    return " ".join(str(formatted() if formatted else error).split())


if __name__ == "__main__":
    main()
