"""`fanout dead drop`: dead letters deleted for good, each into a file first."""

from shlex import quote

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect, require_reason
from fanout.cli.dead.preview import print_preview
from fanout.cli.options import All, Causes, DryRun, Ids, Json, OlderThan, Reason, Task, Yes
from fanout.cli.output import errors, say
from fanout.ops.dead_letters.drop import Drop
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.ops.redrive.frozen import freeze
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
    (subscriber,) = stack.with_letters(task)
    if dry_run:
        found = freeze(subscriber, selection, Journal.of(stack), waiting=errors.print)
        return print_preview(subscriber, found, as_json, doing="be dropped")
    journal = Journal.open(stack, "dead drop", task=subscriber.task, selection=selection.as_dict(), reason=why)
    confirm(f"delete dead letters of {subscriber.task} of {stack.label} for good?", yes=yes)
    with stoppable() as stop:
        dropped = Drop(stack, subscriber, selection, journal, why).run(stop)
    line = f"{counted(dropped.count, 'dead letter')} of {subscriber.task} dropped"
    line += f"; they are in {dropped.file}" if dropped.file else ""
    line += f"; {dropped.unsure} are in the file, too, and perhaps deleted" if dropped.unsure else ""
    line += f"; {dropped.left} are in the file and could not be deleted" if dropped.left else ""
    line += (
        f"; left: {counted(len(dropped.unread), 'dead letter')} whose cause cannot be read" if dropped.unread else ""
    )
    line += f"; stopped: {dropped.stopped}" if dropped.stopped else ""
    line += "".join(f"; not looked at: {each}" for each in dropped.completeness.unseen)
    say(
        line,
        as_json,
        task=subscriber.task,
        dropped=dropped.count,
        left=dropped.left,
        cannot_be_read=sorted(dropped.unread),
        perhaps_dropped=dropped.unsure,
        stopped=dropped.stopped,
        file=str(dropped.file) if dropped.file else None,
        complete=bool(dropped.completeness),
        unseen=list(dropped.completeness.unseen),
    )
    if dropped.file and subscriber.has_runtime and not as_json:
        of = stack.name if stack.is_deployed else stack.id
        errors.print(f"to bring them back: fanout dead import {quote(str(dropped.file))} --stack {of}", style="dim")
    return (
        INTERRUPTED
        if stop
        else int(bool(dropped.stopped or dropped.left or dropped.unread or not dropped.completeness))
    )
