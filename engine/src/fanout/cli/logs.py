"""`fanout logs`: every line of one task's log group."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, connect
from fanout.cli.options import Json, Task
from fanout.cli.output import console, errors, say_json_line
from fanout.cli.views.logs import render
from fanout.ops.dead_letters.selection import age
from fanout.ops.interrupt import stoppable
from fanout.ops.timeline.tail import EVERYTHING, follow


@aws_command
def logs(
    target: Target,
    task: Task,
    since: Annotated[str, typer.Option(metavar="AGE", help="Begin so far back: 90s, 10min, 2h.")] = "10min",
    forever: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Between two looks of --follow.", min=0.5)] = 2.0,
    as_json: Json = False,
) -> int:
    """Show every line that a task's function logs, its own prints too. What a task prints is shown as it is:

    the engine's lines hold no answers, a task's own lines hold what the task puts into them.
    """
    start = datetime.now(UTC) - age(since)
    subscriber = replace(connect(target).subscriber(task), has_runtime=True)  # whatever its log says, it is shown
    unseen: list[str] = []
    with stoppable() as stop:
        for _, raw in follow([subscriber], EVERYTHING, start, every, stop, once=not forever, unread=unseen.append):
            if as_json:
                value = raw.value if raw.value is not None else raw.text.rstrip("\n")
                say_json_line({"task": subscriber.task, "at": raw.at, "log_stream": raw.stream, "line": value})
            else:
                console.print(render(raw), soft_wrap=True)
    for each in unseen:
        errors.print(f"not read: {each}", style="red")
    return INTERRUPTED if stop else int(bool(unseen))
