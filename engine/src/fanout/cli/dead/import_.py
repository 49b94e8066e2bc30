"""`fanout dead import`: the events of a file back to their tasks."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect, require_reason
from fanout.cli.options import DryRun, Json, Yes
from fanout.cli.output import say
from fanout.ops.dead_letters.importing import COMMAND, ImportFile, import_messages
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.words import counted


@aws_command
def import_(
    target: Target,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of fanout dead export or drop.")],
    elsewhere: Annotated[
        bool, typer.Option("--from-elsewhere", help="Although it is of another account, region, stack or queue.")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, with --from-elsewhere.")] = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Send each event of a file to the queue of the task it names. Again: only what was not sent before.

    Exit status 1: its last line is cut, and the others were sent; or it stopped in the middle.
    """
    why = require_reason(reason) if elsewhere else None
    stack = connect(target)
    read = ImportFile(file, stack, elsewhere)
    journal = None if dry_run else Journal.open(stack, COMMAND, file=file.name, from_elsewhere=elsewhere, reason=why)
    tasks = Counter(subscriber.task for subscriber, _ in read.lines())  # every line is checked first
    said = ", ".join(f"{count} to {task}" for task, count in tasks.items()) or "nothing"
    cut = f"; its last line, {read.cut}, is cut and left out" if read.cut else ""
    if journal is None:
        say(f"would send {said}{cut}; nothing was changed", as_json, would_send=dict(tasks), cut_line=read.cut)
        return int(bool(read.cut))
    confirm(f"send {said} of {stack.label}{cut}?", yes=yes)
    with stoppable() as stop:
        done = import_messages(read, journal, stop)
    twice = (
        f", {counted(done.perhaps_twice, 'event')} perhaps twice (an earlier import was killed)"
        if done.perhaps_twice
        else ""
    )
    left_out = f", {done.erased} left out: the data of their reference was erased" if done.erased else ""
    facts = {
        "sent": done.sent,
        "sent_before": done.before,
        "perhaps_twice": done.perhaps_twice,
        "cut_line": read.cut,
        "erased": done.erased,
        "stopped": done.stopped,
    }
    stopped = f"; stopped: {done.stopped}: run it again to go on" if done.stopped else ""
    say(f"{done.sent} sent, {done.before} were sent before{twice}{left_out}{cut}{stopped}", as_json, **facts)
    return INTERRUPTED if stop else int(bool(read.cut or done.stopped))
