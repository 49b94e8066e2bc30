"""`fanout dead redrive`: dead letters back to their own task's queue."""

from typing import Annotated, Any

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect
from fanout.cli.dead.preview import print_preview
from fanout.cli.options import All, Causes, DryRun, Ids, Json, OlderThan, Task, Yes
from fanout.cli.output import console, errors, report_to, say_json
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.ops.redrive import preview
from fanout.ops.redrive.runner import Plan, RedriveRun, Result


@aws_command
def redrive(
    target: Target,
    task: Task,
    cause: Causes = None,
    id_: Ids = None,
    older_than: OlderThan = None,
    everything: All = False,
    canary: Annotated[bool, typer.Option(help="One first, and the rest only when it is done.")] = True,
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
    """Send dead letters back to their own task's queue: one as a canary, then the rest. Run it again to go on."""
    selection = Selection.from_options(cause or [], id_ or [], older_than, everything=everything)
    stack = connect(target)
    subscriber = stack.subscriber(task)
    if dry_run:
        return print_preview(subscriber, selection, as_json, doing="go back to the queue")
    preview.refuse_if_unsafe(subscriber, force=force)
    count = preview.expected(subscriber, selection)
    if count is None:
        return _print_none(subscriber.task, as_json)
    confirm(f"send {count} of {subscriber.task} back to its queue, at {rate:g} a second?", yes=yes)
    journal = Journal.open(stack, "dead redrive")
    journal.write("begin", task=subscriber.task, selection=selection.as_dict(), canary=canary, rate=rate)
    plan = Plan(selection, canary, rate, patience, stop_after, visibility, force)
    with stoppable() as stop, report_to(errors if as_json else console) as report:
        result = RedriveRun(subscriber, journal, plan, report, stop).run()
    journal.write("end", task=subscriber.task, stopped=result.stopped, **result.counts)
    _print_result(result, as_json)
    return INTERRUPTED if stop else int(result.stopped is not None)


def _print_none(task: str, as_json: bool) -> int:
    if as_json:
        say_json({"task": task, "sent": 0, "stopped": None})
    else:
        console.print(f"{task} has no dead letters: nothing to do")
    return 0


def _print_result(result: Result, as_json: bool) -> None:
    counts: dict[str, Any] = result.counts
    if as_json:
        say_json({"task": result.task, "stopped": result.stopped, "seconds": round(result.seconds, 1), **counts})
        return
    line = f"{counts['sent']} sent back, {counts['seen_done']} seen done, {counts['failed_again']} failed again"
    for name, words in (
        ("no_outcome_yet", "without an outcome so far"),
        ("deleted_only", "sent by an earlier run, and deleted now"),
        ("perhaps_twice", "perhaps sent twice (an earlier run was killed): the task skips the second"),
        ("letters_left_behind", "sent, but their dead letters could not be deleted: the next redrive does"),
    ):
        line += f", {counts[name]} {words}" if counts[name] else ""
    console.print(f"{line}; in {result.seconds:.1f} s")
    if result.stopped:
        console.print(f"stopped: {result.stopped}", style="red")
