"""`fanout dead show`: one dead-letter message, and every attempt that was made at it."""

from typing import Annotated

import typer

from fanout.cli.aws_command import Target, aws_command, connect, require_reason
from fanout.cli.options import EventId, InTask, Json
from fanout.cli.output import console, say_json
from fanout.cli.views.dead_show import render
from fanout.ops.dead_letters.show import search
from fanout.ops.journal import Journal


@aws_command
def show(
    target: Target,
    id_: EventId,
    reveal: Annotated[bool, typer.Option("--reveal", help="With answers; needs --reason, and is journalled.")] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the answers must be seen.")] = "",
    task: InTask = None,
    as_json: Json = False,
) -> int:
    """Show one dead-letter message: its event without answers, its attributes, its attempts with their causes.

    Exit status 1: not all of the log was read, and it says from when on.
    """
    why = require_reason(reason) if reveal else ""
    stack = connect(target)
    journal = Journal.open(stack, "dead show", reason=why) if reveal else None
    found = search(stack, id_, task)
    if journal:
        found.write_revealed(journal, why)
    if as_json:
        say_json(found.as_dict(reveal=reveal))
    else:
        console.print(render(found, reveal=reveal))
    return int(not found.completeness)
