"""`fanout where`: what became of one event at every subscriber."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from fanout.cli.aws_command import Target, aws_command, connect
from fanout.cli.options import EventId, Json
from fanout.cli.output import console, say_json
from fanout.cli.views.where import render
from fanout.errors import Unusable
from fanout.ops.dead_letters.selection import age
from fanout.ops.timeline import timeline


@aws_command
def where(
    target: Target,
    id_: EventId,
    since: Annotated[str, typer.Option(metavar="AGE", help="How far back: 12h, 2d.")] = "14d",
    letters: Annotated[
        bool, typer.Option("--letters", help="Look into dead letters too: hides them from others for up to a minute.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Say what became of one event at every subscriber. Exit status 1: it is not done, nor filtered out, everywhere."""
    if not id_.strip():
        raise Unusable("which event? give its id, its reference, or a message's id")
    stack = connect(target)
    states = timeline.for_stack(stack, id_, since=datetime.now(UTC) - age(since), letters=letters)
    if as_json:
        say_json([each.as_dict() for each in states])
    else:
        console.print(render(states))
    return int(bool(stack.unseen) or not all(each.is_well for each in states))
