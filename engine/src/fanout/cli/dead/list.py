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
    """List dead-letter messages by cause. Looking hides a message for a second or two, and never longer than a minute."""
    summaries = collect(connect(target).chosen(task), limit=limit)
    if as_json:
        say_json([each.as_dict() for each in summaries])
    else:
        console.print(render(summaries))
    return int(any(each.problem for each in summaries))
