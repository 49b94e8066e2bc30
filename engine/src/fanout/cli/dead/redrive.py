"""`fanout dead redrive`: dead letters back to their own task's queue."""

from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect
from fanout.cli.dead.preview import print_preview
from fanout.cli.options import All, Causes, DryRun, Ids, Json, OlderThan, Task, Yes
from fanout.cli.output import console, errors, report_to, say_json
from fanout.errors import Unusable
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import stoppable
from fanout.ops.redrive import preview
from fanout.ops.redrive.frozen import Frozen, freeze, thawed
from fanout.ops.redrive.runner import Plan, Result
from fanout.ops.redrive.told import question, result_lines
from fanout.ops.redrive.written import carry_out, open_journal, write_frozen
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
    rate: Annotated[float, typer.Option(metavar="N", help="Messages a second.", min=0.1, max=10_000)] = 50.0,
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
    if canary and not dry_run and not subscriber.tells_outcomes:
        raise Unusable(
            f"what takes the messages of {subscriber.task} has no fanout.runtime, so nobody would see what becomes of a canary:"
            " give --no-canary, and --id for a first one"
        )
    if not dry_run:
        preview.refuse_if_unsafe(subscriber, force=force)
    journal = open_journal(
        stack, [subscriber.task], given, frozen=frozen_run, canary=canary, rate=rate, dry_run=dry_run
    )
    if frozen_run:
        frozen = thawed(subscriber, journal, frozen_run)
    else:
        frozen = freeze(subscriber, given, journal, visibility=visibility, waiting=errors.print)
    if dry_run:
        write_frozen(journal, subscriber, frozen)
        hint = f"exactly these, whatever dies meanwhile: fanout dead redrive {subscriber.task} --frozen {journal.run}"
        return print_preview(subscriber, frozen, as_json, doing="go back to the queue", hint=hint, run=journal.run)
    if not len(frozen):
        return _print_none(subscriber.task, frozen, frozen_run, as_json)
    confirm(question(stack, subscriber, frozen, rate), yes=yes)
    plan = Plan(given, canary, rate, patience, stop_after, visibility, force)
    with stoppable() as stop, report_to(errors if as_json else console) as report:
        result = carry_out(subscriber, journal, plan, frozen, report, stop, of=frozen_run)
    _print_result(result, as_json)
    return INTERRUPTED if stop else int(not result.is_well)


def _print_none(task: str, frozen: Frozen, run: str | None, as_json: bool) -> int:
    unseen = list(frozen.completeness.unseen)
    if as_json:
        say_json({"task": task, "sent": 0, "stopped": None, "complete": not unseen, "unseen": unseen})
    elif unseen:
        console.print(f"nothing was sent; not looked at: {'; '.join(unseen)}", style="red", soft_wrap=True)
    elif run is not None:
        console.print(f"nothing is left of what the dry run {run} of {task} saw: nothing to do")
    elif frozen.seen:
        console.print(f"{counted(frozen.seen, 'dead letter')} of {task} looked at, and none is chosen: nothing to do")
    else:
        console.print(f"{task} has no dead letters: nothing to do")
    return int(bool(unseen))


def _print_result(result: Result, as_json: bool) -> None:
    if as_json:
        unseen = list(result.completeness.unseen)
        facts = {"task": result.task, "stopped": result.stopped, "seconds": round(result.seconds, 1)}
        say_json({**facts, **result.counts, "complete": not unseen, "unseen": unseen})
        return
    first, *rest = result_lines(result)
    console.print(first)
    for each in rest:
        console.print(each, style="red", soft_wrap=True)
