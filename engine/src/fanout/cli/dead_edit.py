"""`fanout dead edit`, `export`, `import` and `drop`: the signatures, the questions, and what is told."""

from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.dead_redrive import All, Causes, Ids, OlderThan
from fanout.cli.options import (
    DryRun,
    Json,
    Reason,
    Target,
    Task,
    Yes,
    aws_command,
    confirm,
    connect,
    journal_of,
    require_reason,
)

INTERRUPTED = 130


@aws_command
def edit(
    target: Target,
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="The message's or the event's id, or the event's reference.")
    ],
    reason: Reason,
    patch: Annotated[
        str | None, typer.Option(help="RFC 6902, as JSON or a file; else $EDITOR opens the event.")
    ] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the values that change, which may be answers.")
    ] = False,
    task: Annotated[str | None, typer.Option("--task", help="Look into this task's dead-letter queue only.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Mend one event, check it against the contract and the task's filter, and send it to that task's queue."""
    from fanout.cli.output import console, errors, say
    from fanout.ops.dead_letters import edit as editing
    from fanout.ops.dead_letters import show as showing
    from fanout.ops.journal import about

    why = require_reason(reason)
    at = connect(target)
    found = showing.search(at, id_, task)
    journal = journal_of(at, "dead edit")
    if patch is None or reveal:
        journal.write("revealed", **about(found.message, task=found.subscriber.task, reason=why))
    event = editing.patched(found.message, patch) if patch is not None else editing.edited(found.message)
    change = editing.checked(found.subscriber, found.message, event)
    facts = {"task": found.subscriber.task, "event_id": change.event.id}
    for line in change.lines(reveal=reveal):
        (errors if as_json else console).print(line, markup=False, soft_wrap=True)
    if dry_run:
        say("the event keeps the contract; nothing was changed", as_json, **facts, sent_as=None)
        return
    confirm(f"send the event {change.event.id} so to {found.subscriber.task}?", yes=yes)
    sent = editing.send_edited(at, found.subscriber, change, journal, why)
    say(f"sent as {sent}; follow it: fanout where {change.event.id}", as_json, **facts, sent_as=sent)


@aws_command
def export(
    target: Target,
    task: Task,
    reason: Reason,
    to: Annotated[Path | None, typer.Option("--to", help="A new file; else one beside the journal.")] = None,
    as_json: Json = False,
) -> int:
    """Copy a task's dead letters, with answers, into a file that only you can read. They stay where they are."""
    from fanout.cli.output import say
    from fanout.ops.dead_letters import browse
    from fanout.ops.dead_letters import export as exporting

    why = require_reason(reason)
    found = connect(target)
    subscriber = found.subscriber(task)
    journal = journal_of(found, "dead export")
    path = to or exporting.default_path(subscriber.task, "exported", journal.run)
    journal.write("revealed", task=subscriber.task, file=str(path), reason=why)
    url = subscriber.dead_letter_queue_url
    with exporting.new_file(path) as file, browse.browse(found.aws, url, limit=browse.MOST) as browsing:
        for page in browsing.pages():
            exporting.append(file, subscriber, page)
    journal.write("exported", task=subscriber.task, file=str(path), count=browsing.seen, complete=browsing.complete)
    more = "" if browsing.complete else "; there are more than one look can hold"
    line = f"{browsing.seen} dead letters of {subscriber.task} are in {path}{more}"
    say(line, as_json, task=subscriber.task, file=str(path), count=browsing.seen, complete=browsing.complete)
    return int(not browsing.complete)


@aws_command
def import_(
    target: Target,
    file: Annotated[Path, typer.Argument(help="Of fanout dead export or drop.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send each event of a file to the queue of the task it names. Again: only what was not sent before."""
    from collections import Counter

    from fanout.cli.output import say
    from fanout.ops.dead_letters import export as exporting

    found = connect(target)
    counted = Counter(
        subscriber.task for subscriber, _ in exporting.read_outgoing(file, found)
    )  # every line is checked first
    said = ", ".join(f"{count} to {task}" for task, count in counted.items()) or "nothing"
    if dry_run:
        say(f"would send {said}; nothing was changed", as_json, would_send=dict(counted))
        return
    confirm(f"send {said}?", yes=yes)
    done, before = exporting.import_messages(file, found, journal_of(found, "dead import"))
    say(f"{done} sent, {before} were sent before", as_json, sent=done, sent_before=before)


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
    from fanout.cli.dead_redrive import preview
    from fanout.cli.output import say
    from fanout.ops.dead_letters import drop as dropping
    from fanout.ops.dead_letters.selection import Selection
    from fanout.ops.interrupt import stoppable

    why = require_reason(reason)
    selection = Selection.from_options(cause or [], id_ or [], older_than, everything=everything)
    found = connect(target)
    subscriber = found.subscriber(task)
    if dry_run:
        return preview(subscriber, selection, as_json, doing="be dropped")
    confirm(f"delete dead letters of {subscriber.task} for good?", yes=yes)
    with stoppable() as stop:
        count, path, complete = dropping.drop(subscriber, selection, journal_of(found, "dead drop"), why, stop)
    where = f"; they are in {path}" if count else ""
    more = "" if complete else "; there may be more: run it again"
    line = f"{count} dead letters of {subscriber.task} dropped{where}{more}"
    say(line, as_json, task=subscriber.task, dropped=count, file=str(path) if count else None, complete=complete)
    return INTERRUPTED if stop else int(not complete)
