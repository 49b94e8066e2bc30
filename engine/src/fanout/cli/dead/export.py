"""`fanout dead export`: a task's dead letters into a file."""

from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.aws_command import Target, aws_command, connect, require_reason
from fanout.cli.options import Json, Reason, Task
from fanout.cli.output import say
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import export as exporting
from fanout.ops.journal import Journal
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
    """Copy a task's dead letters, with answers, into a file that only you can read. They stay where they are."""
    why = require_reason(reason)
    stack = connect(target)
    subscriber = stack.subscriber(task)
    journal = Journal.open(stack, "dead export")
    path = to or exporting.default_path(subscriber.task, "exported", journal.run)
    journal.write("revealed", task=subscriber.task, file=str(path), reason=why)
    url = subscriber.dead_letter_queue_url
    with exporting.new_file(path) as file, browse.browse(stack.aws, url, limit=browse.MOST) as browsing:
        for page in browsing.pages():
            exporting.append(file, subscriber, page)
    journal.write("exported", task=subscriber.task, file=str(path), count=browsing.seen, complete=browsing.complete)
    more = "" if browsing.complete else "; there are more than one pass can hold"
    line = f"{counted(browsing.seen, 'dead letter')} of {subscriber.task} copied to {path}{more}"
    say(line, as_json, task=subscriber.task, file=str(path), count=browsing.seen, complete=browsing.complete)
    return int(not browsing.complete)
