"""`fanout dead import`: the events of a file back to their tasks."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.aws_command import Target, aws_command, confirm, connect
from fanout.cli.options import DryRun, Json, Yes
from fanout.cli.output import say
from fanout.ops.dead_letters.export import import_messages, read_outgoing
from fanout.ops.journal import Journal


@aws_command
def import_(
    target: Target,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of fanout dead export or drop.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send each event of a file to the queue of the task it names. Again: only what was not sent before."""
    stack = connect(target)
    counted = Counter(subscriber.task for subscriber, _ in read_outgoing(file, stack))  # every line is checked first
    said = ", ".join(f"{count} to {task}" for task, count in counted.items()) or "nothing"
    if dry_run:
        say(f"would send {said}; nothing was changed", as_json, would_send=dict(counted))
        return
    confirm(f"send {said}?", yes=yes)
    done, before = import_messages(file, stack, Journal.open(stack, "dead import"))
    say(f"{done} sent, {before} were sent before", as_json, sent=done, sent_before=before)
