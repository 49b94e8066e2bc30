"""`fanout run`: one task on one event in this process, where a debugger stops."""

import json
import pdb
import traceback
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from fanout.cli.local_command import State, folder_of, local_command
from fanout.errors import Unusable, UserError
from fanout.local.app import examples, load
from fanout.local.console import console, errors
from fanout.local.handlers.call import call, consequence
from fanout.local.handlers.imports import Handler, with_rights_of_its_role
from fanout.local.run import Run


@local_command
def run(
    task: Annotated[str, typer.Argument(help="The task, as in its folder's name.")],
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="One event as JSON.")] = None,
    example: Annotated[
        str | None,
        typer.Option(
            "--example", metavar="NAME", help="An event of demo.py, or an example of contracts/ by its file's name."
        ),
    ] = None,
    post_mortem: Annotated[bool, typer.Option("--pdb", help="Open the debugger where it fails.")] = False,
    state: State = None,
) -> int:
    """Run one task on one event in this process, with its function's variables and rights: breakpoint() stops in it.

    Only on the embedded AWS; what the task does there is done. No retry, no dead-letter message, and an event that was
    done before is done again. Exit status 1: it failed.
    """
    body = _body(file, example)
    embedded = Run(folder_of(state))
    if not embedded.is_running():
        raise Unusable("the embedded AWS does not run: `fanout local up` first")
    handler = with_rights_of_its_role(embedded.stack(), task, embedded.connection)
    return _called(handler, body, post_mortem)


def _called(handler: Handler, body: str, post_mortem: bool) -> int:
    began = perf_counter()
    try:
        call(handler, body)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # a task that calls sys.exit has failed too
        frames = traceback.extract_tb(error.__traceback__)
        shown = [frame for frame in frames if "/fanout/cli/" not in frame.filename]
        said = traceback.format_list(shown) + traceback.format_exception_only(error)
        errors.print("".join(said).rstrip(), style="dim", markup=False)
        errors.print(f"[red]✗[/] {handler.task} failed: {consequence(error)}")
        if post_mortem:
            pdb.post_mortem(error.__traceback__)
        return 1
    console.print(f"[green]✓[/] {handler.task} is done [dim]({perf_counter() - began:.2f} s)[/]")
    return 0


def _body(file: Path | None, example: str | None) -> str:
    if file is not None and example is None:
        try:
            return file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise Unusable(f"{file} cannot be read: {why}") from None
    if file is not None or example is None:
        raise Unusable("which event? give a file, or --example NAME")
    events = {**examples(), **load().events()}
    if example not in events:
        raise Unusable(f"no example {json.dumps(example)}: it is one of {', '.join(events)}")
    return events[example].body
