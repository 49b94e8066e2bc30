"""`fanout pause`, `resume` and `drain`: the signatures, the questions, and what is told."""

from typing import Annotated

import typer

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
def pause(
    target: Target,
    task: Task,
    reason: Reason,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let a subscriber's events wait in its queue, with all their attempts. Nothing of it is lost, up to the retention."""
    from fanout.cli.output import say
    from fanout.ops.dead_letters import browse
    from fanout.ops.interrupt import stoppable
    from fanout.ops.pause import switch

    why = require_reason(reason)
    found = connect(target)
    subscriber = found.subscriber(task)
    if dry_run:
        depth = browse.read_depth(found.aws, subscriber.queue_url)
        line = f"would switch off the mapping of {subscriber.task}; {depth.all} events are in its queue now"
        say(line, as_json, task=subscriber.task, would="pause", waiting=depth.all)
        return
    confirm(f"pause {subscriber.task} in {found.name}?", yes=yes)
    with stoppable() as stop:
        noted = switch.pause(subscriber, why, found.aws.caller, journal_of(found, "pause"), stop)
    line = f"{subscriber.task} is paused: {noted.reason}. fanout resume {subscriber.task} when it is over"
    say(line, as_json, task=subscriber.task, state="paused", **noted.as_dict())


@aws_command
def resume(
    target: Target,
    task: Task,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """End a pause: the events that wait are worked on."""
    from fanout.cli.output import say
    from fanout.ops.dead_letters import browse
    from fanout.ops.interrupt import stoppable
    from fanout.ops.pause import reason as pauses
    from fanout.ops.pause import switch

    found = connect(target)
    subscriber = found.subscriber(task)
    depth = browse.read_depth(found.aws, subscriber.queue_url)
    noted = pauses.read(subscriber)
    why = f" (paused by {noted.by}: {noted.reason})" if noted else ""
    if dry_run:
        line = f"would switch on the mapping of {subscriber.task}{why}; {depth.all} events wait"
        say(line, as_json, task=subscriber.task, would="resume", waiting=depth.all)
        return
    confirm(f"resume {subscriber.task} in {found.name}{why}? {depth.all} events wait", yes=yes)
    with stoppable() as stop:
        switch.resume(subscriber, journal_of(found, "resume"), stop)
    line = f"{subscriber.task} is at work again; {depth.all} events waited"
    say(line, as_json, task=subscriber.task, state="enabled", waited=depth.all)


@aws_command
def drain(
    target: Target,
    task: Task,
    deadline: Annotated[float, typer.Option(help="Seconds to wait for.", min=1)] = 600.0,
    as_json: Json = False,
) -> int:
    """Wait until a subscriber's queue is empty; changes nothing. Exit status 1: it was not, in time."""
    from fanout.cli.output import console, say
    from fanout.ops.interrupt import stoppable
    from fanout.ops.pause import switch

    def how_far(line: str) -> None:
        if not as_json:
            console.print(line, markup=False)

    subscriber = connect(target).subscriber(task)
    with stoppable() as stop:
        left = switch.drain(subscriber, deadline, stop, how_far)
    line = f"the queue of {subscriber.task} is empty"
    if left.all:
        line = f"{subscriber.task} is not empty after {deadline:g} s: {left.all} events are left"
    if as_json or not stop:
        say(line, as_json, task=subscriber.task, left=left.all)
    return INTERRUPTED if stop else int(left.all > 0)
