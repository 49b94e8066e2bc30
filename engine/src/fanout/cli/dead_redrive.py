"""`fanout dead redrive`: the signature, the question, and what is told in the end."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanout.cli.options import DryRun, Json, Target, Task, Yes, aws_command, confirm, connect, journal_of

if TYPE_CHECKING:
    from fanout.ops.aws.discovery import DeployedSubscriber
    from fanout.ops.dead_letters.selection import Selection
    from fanout.ops.redrive.runner import Result

Causes = Annotated[list[str] | None, typer.Option("--cause", help="Id of fanout dead list, error type, or a piece.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="A message's or an event's id, or an event's reference.")]
OlderThan = Annotated[str | None, typer.Option("--older-than", help="Sent at least so long ago: 30min, 12h, 2d.")]
All = Annotated[bool, typer.Option("--all", help="Every message of the task.")]
INTERRUPTED = 130


@aws_command
def redrive(
    target: Target,
    task: Task,
    cause: Causes = None,
    id_: Ids = None,
    older_than: OlderThan = None,
    everything: All = False,
    canary: Annotated[bool, typer.Option(help="One first, and the rest only when it is done.")] = True,
    rate: Annotated[float, typer.Option(help="Messages a second.", min=0.1, max=1_000)] = 50.0,
    patience: Annotated[float, typer.Option(help="Seconds to wait for outcomes.", min=1)] = 120.0,
    stop_after: Annotated[int, typer.Option(help="So many that fail again stop the rest.", min=1)] = 5,
    visibility: Annotated[
        int, typer.Option("--lease", help="Seconds a message is hidden while it is worked on.", min=3, max=900)
    ] = 60,
    force: Annotated[bool, typer.Option("--force", help="Although it is paused, or still fails.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Send dead letters back to their own task's queue: one as a canary, then the rest. Run it again to go on."""
    from fanout.cli.output import console, errors, report_to
    from fanout.ops.dead_letters.selection import Selection
    from fanout.ops.interrupt import stoppable
    from fanout.ops.redrive import preview as redrive_before
    from fanout.ops.redrive.runner import Plan, RedriveRun

    selection = Selection.from_options(cause or [], id_ or [], older_than, everything=everything)
    found = connect(target)
    subscriber = found.subscriber(task)
    if dry_run:
        return preview(subscriber, selection, as_json, doing="go back to the queue")
    redrive_before.refuse_if_unsafe(subscriber, force=force)
    count = redrive_before.expected(subscriber, selection)
    if count == "no dead letters":
        return _tell_none(subscriber.task, as_json)
    confirm(f"send {count} of {subscriber.task} back to its queue, at {rate:g} a second?", yes=yes)
    journal = journal_of(found, "dead redrive")
    journal.write("begin", task=subscriber.task, selection=selection.as_dict(), canary=canary, rate=rate)
    plan = Plan(selection, canary, rate, patience, stop_after, visibility, force)
    with stoppable() as stop, report_to(errors if as_json else console) as say:
        result = RedriveRun(subscriber, journal, plan, say, stop).run()
    journal.write("end", task=subscriber.task, stopped=result.stopped, **result.told)
    _tell(result, as_json)
    return INTERRUPTED if stop else int(result.stopped is not None)


def preview(subscriber: "DeployedSubscriber", selection: "Selection", as_json: bool, *, doing: str) -> int:
    """What --dry-run tells."""
    from fanout.cli.output import console, say_json
    from fanout.ops.redrive import preview as redrive_before

    counted, seen, complete = redrive_before.preview(subscriber, selection, limit=1_000)
    if as_json:
        causes = [{"cause": each.id, "why": str(each), "count": number} for each, number in counted.items()]
        told = {"would_send": sum(counted.values()), "causes": causes, "looked_at": seen, "complete": complete}
        say_json({"task": subscriber.task, **told})
        return 0
    for each, number in counted.items():
        console.print(f"{number} that died of {each.id} {each}", markup=False)
    more = "" if complete else f" among the first {seen}; there are more"
    console.print(f"{sum(counted.values())} dead letters of {subscriber.task} would {doing}{more}; nothing was changed")
    return 0


def _tell_none(task: str, as_json: bool) -> int:
    from fanout.cli.output import console, say_json

    if as_json:
        say_json({"task": task, "sent": 0, "stopped": None})
    else:
        console.print(f"{task} has no dead letters: nothing to do")
    return 0


def _tell(result: "Result", as_json: bool) -> None:
    from fanout.cli.output import console, say_json

    told: dict[str, Any] = result.told
    if as_json:
        say_json({"task": result.task, "stopped": result.stopped, "seconds": round(result.seconds, 1), **told})
        return
    line = f"{told['sent']} sent back, {told['seen_done']} seen done, {told['failed_again']} failed again"
    for name, words in (
        ("no_outcome_yet", "without an outcome so far"),
        ("deleted_only", "sent by an earlier run, and deleted now"),
        ("perhaps_twice", "perhaps sent twice (an earlier run was killed): the task skips the second"),
        ("letters_left_behind", "sent, but their dead letters could not be deleted: the next redrive does"),
    ):
        line += f", {told[name]} {words}" if told[name] else ""
    console.print(f"{line}; in {result.seconds:.1f} s", markup=False)
    if result.stopped:
        console.print(f"stopped: {result.stopped}", style="red", markup=False)
