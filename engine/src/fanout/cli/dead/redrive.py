"""`fanout dead redrive`: dead letters back to their own task's queue."""

from typing import Annotated, Any

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect
from fanout.cli.dead.preview import print_preview
from fanout.cli.options import All, Causes, DryRun, Ids, Json, OlderThan, Task, Yes
from fanout.cli.output import console, errors, report_to, say_json
from fanout.errors import Unusable
from fanout.ops.aws.discovery import DeployedSubscriber, Stack
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.ops.redrive import preview
from fanout.ops.redrive.frozen import Frozen, freeze, thawed
from fanout.ops.redrive.runner import Plan, RedriveRun, Result
from fanout.words import counted


@aws_command
def redrive(
    target: Target,
    task: Task,
    cause: Causes = None,
    id_: Ids = None,
    older_than: OlderThan = None,
    everything: All = False,
    frozen_run: Annotated[
        str | None, typer.Option("--frozen", metavar="RUN", help="Exactly what the dry run of this number saw.")
    ] = None,
    canary: Annotated[
        bool, typer.Option(help="One first, then 5, 20, 100, 500: each batch when the one before is done.")
    ] = True,
    rate: Annotated[float, typer.Option(metavar="N", help="Messages a second.", min=0.1, max=1_000)] = 50.0,
    patience: Annotated[float, typer.Option(metavar="SECONDS", help="Wait so long for outcomes.", min=1)] = 120.0,
    stop_after: Annotated[int, typer.Option(metavar="N", help="So many that fail again stop the rest.", min=1)] = 5,
    visibility: Annotated[
        int,
        typer.Option(
            "--lease", metavar="SECONDS", help="A message is hidden so long while it is worked on.", min=3, max=900
        ),
    ] = 60,
    force: Annotated[bool, typer.Option("--force", help="Although it is paused, or still fails.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Send dead letters back to their own task's queue: one as a canary, then ever more. Run it again to go on.

    Only those that its first look sees, or the dry run that --frozen names; what dies later stays. Exit status 1: something
    has failed again, has no outcome, or was not seen.
    """
    if frozen_run and (cause or id_ or older_than or everything):
        raise Unusable("--frozen names the dead letters already: leave out --all, --cause, --id and --older-than")
    given = Selection.from_options(cause or [], id_ or [], older_than, everything=everything or frozen_run is not None)
    stack = connect(target)
    (subscriber,) = stack.with_letters(task)
    subscriber.target  # noqa: B018 - a delivery has none, which is said before anything is looked at
    if not dry_run:
        preview.refuse_if_unsafe(subscriber, force=force)
    facts = {"selection": given.as_dict(), "frozen": frozen_run, "canary": canary, "rate": rate, "dry_run": dry_run}
    journal = Journal.open(stack, "dead redrive", task=subscriber.task, **facts)
    if frozen_run:
        frozen = thawed(subscriber, journal, frozen_run)
    else:
        frozen = freeze(subscriber, given, journal, visibility=visibility, waiting=errors.print)
    if dry_run:
        journal.write("frozen", queue=subscriber.dead_letter_queue_name, letters=list(frozen.ids))
        hint = f"exactly these, whatever dies meanwhile: fanout dead redrive {subscriber.task} --frozen {journal.run}"
        return print_preview(subscriber, frozen, as_json, doing="go back to the queue", hint=hint, run=journal.run)
    if not len(frozen):
        return _print_none(subscriber.task, frozen, as_json)
    confirm(_question(stack, subscriber, frozen, rate), yes=yes)
    plan = Plan(given, canary, rate, patience, stop_after, visibility, force)
    with stoppable() as stop, report_to(errors if as_json else console) as report:
        result = RedriveRun(subscriber, journal, plan, frozen, report, stop).run()
    unseen = list(result.completeness.unseen)
    journal.write("end", task=subscriber.task, stopped=result.stopped, unseen=unseen, **result.counts)
    _print_result(result, as_json)
    return INTERRUPTED if stop else int(not result.is_well)


def _question(stack: Stack, subscriber: DeployedSubscriber, frozen: Frozen, rate: float) -> str:
    again = f", {frozen.redriven} of them redriven before," if frozen.redriven else ""
    least = "at least " if frozen.until else ""
    many = f"{least}{counted(len(frozen), 'dead letter')} of {subscriber.task}{again}"
    return f"send {many} of {stack.label} back to its queue, at {rate:g} a second?"


def _print_none(task: str, frozen: Frozen, as_json: bool) -> int:
    unseen = list(frozen.completeness.unseen)
    if as_json:
        say_json({"task": task, "sent": 0, "stopped": None, "complete": not unseen, "unseen": unseen})
    elif unseen:
        console.print(f"nothing was sent; not looked at: {'; '.join(unseen)}", style="red", soft_wrap=True)
    elif frozen.seen:
        console.print(f"{counted(frozen.seen, 'dead letter')} of {task} looked at, and none is chosen: nothing to do")
    else:
        console.print(f"{task} has no dead letters: nothing to do")
    return int(bool(unseen))


def _print_result(result: Result, as_json: bool) -> None:
    counts: dict[str, Any] = result.counts
    unseen = list(result.completeness.unseen)
    if as_json:
        facts = {"task": result.task, "stopped": result.stopped, "seconds": round(result.seconds, 1)}
        say_json({**facts, **counts, "complete": not unseen, "unseen": unseen})
        return
    line = f"{counts['sent']} sent back, {counts['seen_done']} seen done, {counts['failed_again']} failed again"
    for name, words in (
        ("no_outcome_yet", "without an outcome so far"),
        ("not_handled", "of the chosen not handled: untouched, or gone by another hand"),
        ("deleted_only", "sent by an earlier run, and deleted now"),
        ("perhaps_twice", "perhaps sent twice (an earlier run was killed): the task skips the second"),
        ("letters_left_behind", "sent, but their dead letters could not be deleted: the next redrive does"),
    ):
        line += f", {counts[name]} {words}" if counts[name] else ""
    console.print(f"{line}; in {result.seconds:.1f} s")
    if result.stopped:
        console.print(f"stopped: {result.stopped}", style="red")
    if unseen:
        console.print(f"not looked at: {'; '.join(unseen)}: run it again", style="red", soft_wrap=True)
