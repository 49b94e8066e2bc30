"""`fanout local imports`: whether each task's handler can be imported as Lambda would."""

from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.local_command import State, folder_of, local_command
from fanout.local.console import console
from fanout.local.deploy import ENTRY
from fanout.local.handlers.imports import deployed_handlers, importing, synthesized_handlers
from fanout.local.handlers.view import show_failures
from fanout.local.run import Run
from fanout.project import stack_name
from fanout.words import counted


@local_command
def imports(
    assembly: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Take the variables from its templates; else from what is deployed here."),
    ] = None,
    state: State = None,
) -> int:
    """Import each task's handler in a process of its own, with its function's variables; 1 when one fails."""
    with importing() as importer:
        if assembly is not None:
            handlers = synthesized_handlers(assembly / f"{stack_name(ENTRY)}.template.json")
        else:
            run = Run(folder_of(state))
            handlers = deployed_handlers(run.stack(), run.connection)
        failures = importer.failures(handlers)
    show_failures(failures)
    if not failures:
        console.print(f"{counted(len(handlers), 'handler')} can be imported")
    return int(bool(failures))
