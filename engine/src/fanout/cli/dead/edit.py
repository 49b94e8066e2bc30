"""`fanout dead edit`: one event mended by a person, checked, and sent again."""

from typing import Annotated, Any

import typer

from fanout.cli.aws_command import Target, aws_command, confirm, connect, require_reason
from fanout.cli.options import DryRun, EventId, InTask, Json, Reason, Yes
from fanout.cli.output import console, errors, say
from fanout.ops.dead_letters import edit as editing
from fanout.ops.dead_letters.editor import open_editor, patch_event
from fanout.ops.dead_letters.show import search
from fanout.ops.journal import Journal


@aws_command
def edit(
    target: Target,
    id_: EventId,
    reason: Reason,
    patch: Annotated[
        str | None, typer.Option(metavar="PATCH", help="RFC 6902, as JSON or a file; else $EDITOR opens the event.")
    ] = None,
    new_id: Annotated[
        bool,
        typer.Option("--new-id", help="Give it a new id: its own breaks the contract, or is another event's as well."),
    ] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the values that change, which may be answers.")
    ] = False,
    task: InTask = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Mend one event, check it, and send it to its task's queue. Checked are the contract and the task's filter."""
    why = require_reason(reason)
    stack = connect(target)
    journal = Journal.open(stack, "dead edit", reason=why)
    found = search(stack, id_, task)
    found.subscriber.require_runtime("dead edit")
    by_hand = patch is None and not (new_id and found.message.event)
    if by_hand or reveal:
        found.write_revealed(journal, why)
    event = open_editor(found.message) if by_hand else patch_event(found.message, patch or "[]")
    if new_id:
        event = editing.with_new_id(found.message, event)
    change = editing.check_edit(found.subscriber, found.message, event)
    facts: dict[str, Any] = {"task": found.subscriber.task, "event_id": change.event.id}
    for line in change.lines(reveal=reveal):
        (errors if as_json else console).print(line, soft_wrap=True)
    if dry_run:
        say("the event keeps the contract; nothing was changed", as_json, **facts, sent_as=None)
        return
    perhaps = editing.perhaps_sent(found.subscriber, found.message, journal)
    before = ", although an earlier run, which had no answer, has perhaps sent it already" if perhaps else ""
    confirm(f"send the event {change.event.id} so to {found.subscriber.task} of {stack.label}{before}?", yes=yes)
    sent = editing.send_edited(stack, found.subscriber, change, journal, why)
    id_ = sent.id if sent.before else change.event.id
    facts |= {"sent_as": sent.id, "sent_before": sent.before, "letter_left": sent.left, "perhaps_twice": sent.perhaps}
    say(f"{sent}; follow it: fanout where {id_}", as_json, **facts)
