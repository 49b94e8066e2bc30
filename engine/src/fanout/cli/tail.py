"""`fanout tail`: outcomes as they are logged, one a line."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, connect
from fanout.cli.options import Json, SomeTask
from fanout.cli.output import console, errors, say_json_line
from fanout.cli.views.tail import render
from fanout.ops.dead_letters.selection import age
from fanout.ops.interrupt import stoppable
from fanout.ops.timeline.tail import follow_outcomes, is_wanted


@aws_command
def tail(
    target: Target,
    task: SomeTask = None,
    cause: Annotated[
        str | None, typer.Option(metavar="CAUSE", help="Only what failed so: an id, an error type, or a piece.")
    ] = None,
    since: Annotated[str, typer.Option(metavar="AGE", help="Begin so far back: 90s, 10min.")] = "1min",
    once: Annotated[bool, typer.Option("--once", help="Stop at what is there now.")] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Between two looks.", min=0.5)] = 2.0,
    as_json: Json = False,
) -> int:
    """Show outcomes as they are logged, one a line, until Ctrl-C."""
    start = datetime.now(UTC) - age(since)
    stack = connect(target)
    stack.require_subscribers()
    subscribers = stack.chosen(task)
    unseen: list[str] = []
    with stoppable() as stop:
        for subscriber, line in follow_outcomes(subscribers, start, every, stop, once=once, unread=unseen.append):
            if not is_wanted(line, cause):
                continue
            if as_json:
                say_json_line({"task": subscriber.task, **line.as_dict()})
            else:
                console.print(render(subscriber.task, line), soft_wrap=True)
    for each in unseen:
        errors.print(f"not read: {each}", style="red")
    return INTERRUPTED if stop else int(bool(unseen or (task is None and stack.unseen)))
