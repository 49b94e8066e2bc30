"""The on-call commands that look at the whole stack. `add` puts them, and those of dead letters, into the CLI."""

import time
from typing import Annotated

import typer

from fanout.cli.dead import dead
from fanout.cli.doctor import doctor
from fanout.cli.events import send, tail, where
from fanout.cli.options import Json, Target, aws_command, connect
from fanout.cli.pause import drain, pause, resume


def add(app: typer.Typer) -> None:
    """In the order in which they are needed: look, understand, heal, and see that it is well."""
    for command in (status, where, tail, send, pause, resume, drain, doctor):
        app.command()(command)
    app.add_typer(dead)


@aws_command
def status(
    target: Target,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again every few seconds, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks of --watch.", min=1)] = 5.0,
    as_json: Json = False,
) -> int:
    """Say how every subscriber is: waiting, in flight, dead, paused, and why. Exit status 1: a person is needed."""
    from fanout.cli.output import console, say_json
    from fanout.cli.views.status import render
    from fanout.ops import status as of

    found = connect(target)
    while True:
        report = of.report(found)
        if as_json:
            say_json(report.as_dict())
        else:
            if watch and console.is_terminal:
                console.clear()
            console.print(render(report))
        if not watch:
            return int(report.needs_a_person)
        time.sleep(every)
