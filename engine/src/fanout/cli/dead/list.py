"""`fanout dead list`: dead-letter messages by cause."""

from typing import Annotated

import typer

from fanout.cli.aws_command import Target, aws_command, connect
from fanout.cli.options import Json, SomeTask
from fanout.cli.output import console, say_json
from fanout.cli.views.dead_list import render
from fanout.ops.dead_letters.summary import collect


@aws_command
def list_(
    target: Target,
    task: SomeTask = None,
    limit: Annotated[
        int, typer.Option(metavar="N", help="Look at so many messages of a queue at most.", min=1, max=10_000)
    ] = 1_000,
    as_json: Json = False,
) -> int:
    """List dead-letter messages by cause, the newest first. Looking hides a message for a second or two, a minute at most.

    Exit status 1: a queue could not be read, or not all of it was seen.
    """
    stack = connect(target)
    summaries = collect(stack, task, limit=limit)
    if as_json:
        say_json([each.as_dict() for each in summaries])
    else:
        console.print(render(summaries))
    is_seen = all(each.completeness and not (each.problem or each.unread) for each in summaries)
    return int(not is_seen or (task is None and bool(stack.unseen)))
