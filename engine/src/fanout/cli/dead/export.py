"""`fanout dead export`: a task's dead letters into a file."""

from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, connect, require_reason
from fanout.cli.options import Json, Reason, Task
from fanout.cli.output import say
from fanout.ops.dead_letters import export as exporting
from fanout.ops.interrupt import stoppable
from fanout.words import counted


@aws_command
def export(
    target: Target,
    task: Task,
    reason: Reason,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="A new file; else one beside the journal.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Copy a task's dead letters, with answers, into a file that only you can read. They stay where they are.

    Up to 100,000 at once, hidden from others meanwhile. Exit status 1: not all were seen, and it says which.
    """
    why = require_reason(reason)
    stack = connect(target)
    (subscriber,) = stack.with_letters(task)
    journal, path = exporting.open_export(stack, subscriber, why, to)
    with stoppable() as stop:
        count, completeness = exporting.export_written(stack, subscriber, path, journal, stop)
    unseen = list(completeness.unseen)
    line = f"{counted(count, 'dead letter')} of {subscriber.task} copied to {path}"
    line += "".join(f"; not looked at: {each}" for each in unseen)
    line += ": fanout dead drop writes them all into a file" if unseen and subscriber.is_fifo else ""
    say(line, as_json, task=subscriber.task, file=str(path), count=count, complete=not unseen, unseen=unseen)
    return INTERRUPTED if stop else int(bool(unseen))
