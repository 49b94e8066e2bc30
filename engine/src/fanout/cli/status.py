"""`fanout status`: how every subscriber of a stack is now."""

import time
from typing import Annotated

import typer

from fanout.cli.aws_command import Target, aws_command, place
from fanout.cli.options import Json
from fanout.cli.output import console, say_json
from fanout.cli.views.status import render
from fanout.ops.aws.metrics import KeptMetrics
from fanout.ops.status.report import first_look, report


@aws_command
def status(
    target: Target,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again every few seconds, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Between two looks of --watch.", min=1)] = 5.0,
    as_json: Json = False,
) -> int:
    """Say how every subscriber is: waiting, in flight, dead, paused, and why. Exit status 1: a person is needed."""
    kept = KeptMetrics()
    stack, now = first_look(*place(target), kept)
    while True:
        if as_json:
            say_json(now.as_dict())
        else:
            if watch and console.is_terminal:
                console.clear()
            console.print(render(now))
        if not watch:
            return int(now.needs_a_person)
        time.sleep(every)
        now = report(stack, kept)
