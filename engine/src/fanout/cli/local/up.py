"""`fanout local up`: the embedded AWS, with the app on it."""

from functools import partial
from typing import Annotated

import typer
from rich.markup import escape

from fanout.cli.local_command import State, agree, folder_of, left_running, local_command
from fanout.cli.options import Yes
from fanout.local.console import console
from fanout.local.deployed import remember_imported
from fanout.local.errors import LocalError
from fanout.local.handlers.imports import Failure, deployed_handlers, importing
from fanout.local.handlers.view import show_failures
from fanout.local.intake import intake_of
from fanout.local.run import Agree, Run
from fanout.ops.aws.stack import Stack


@local_command
def up(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="PORT", help="For the embedded AWS; else 4566, or any.")
    ] = None,
    yes: Yes = False,
    state: State = None,
) -> int:
    """Start the embedded AWS, deploy the settings entry `local`, write .local/env. Again: deploy what changed."""
    run = Run(folder_of(state))
    with left_running(run):
        return _up(run, port, yes)


def _up(run: Run, port: int | None, yes: bool) -> int:
    waiting = "another `make up` or `make down` is at work here: waiting"
    failures: list[Failure] = []
    with run.state.lock(waiting=lambda: console.print(waiting)):
        if stack := run.current(port):
            console.print(f"nothing changed since {stack.name} was deployed")
        else:
            stack, failures = _deployed(run, port, partial(agree, yes=yes))
        console_says = _console(run, stack)
    console.print(
        f"\ntopic  {stack.topic_arn}\nuse it [bold]set -a; . {run.state.environment}; set +a[/]", soft_wrap=True
    )
    console.print(console_says, soft_wrap=True)
    if intake := intake_of(run.connection):
        for name in intake.definitions:
            console.print(f"fill in {intake.url}/{name}", soft_wrap=True)
    show_failures(failures)
    return int(bool(failures))


def _deployed(run: Run, port: int | None, agreed: Agree) -> tuple[Stack, list[Failure]]:
    with importing() as importer:
        stack = run.up(port, agree=agreed).stack
        failures = importer.failures(deployed_handlers(stack, run.connection))
    if not failures:
        remember_imported(run.state)
    return stack, failures


def _console(run: Run, stack: Stack) -> str:
    """The line about it; it is no reason to go without the embedded AWS."""
    try:
        return f"open it [bold]{run.open_console(stack)}[/]"
    except LocalError as error:
        return f"[yellow]![/] no console: {escape(str(error))}"
