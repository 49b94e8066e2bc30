"""`fanout dead drop`: dead letters deleted for good, each into a file first."""

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect, require_reason
from fanout.cli.dead.preview import print_preview
from fanout.cli.options import All, Causes, DryRun, Ids, Json, OlderThan, Reason, Task, Yes
from fanout.cli.output import say
from fanout.ops.dead_letters import drop as dropping
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.words import counted


@aws_command
def drop(
    target: Target,
    task: Task,
    reason: Reason,
    cause: Causes = None,
    id_: Ids = None,
    older_than: OlderThan = None,
    everything: All = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Delete dead letters for good; each is in a file first, which fanout dead import brings back."""
    why = require_reason(reason)
    selection = Selection.from_options(cause or [], id_ or [], older_than, everything=everything)
    stack = connect(target)
    subscriber = stack.subscriber(task)
    if dry_run:
        return print_preview(subscriber, selection, as_json, doing="be dropped")
    confirm(f"delete dead letters of {subscriber.task} for good?", yes=yes)
    with stoppable() as stop:
        count, path, complete = dropping.drop(subscriber, selection, Journal.open(stack, "dead drop"), why, stop)
    where = f"; they are in {path}" if count else ""
    more = "" if complete else "; there may be more: run it again"
    line = f"{counted(count, 'dead letter')} of {subscriber.task} dropped{where}{more}"
    say(line, as_json, task=subscriber.task, dropped=count, file=str(path) if count else None, complete=complete)
    return INTERRUPTED if stop else int(not complete)
