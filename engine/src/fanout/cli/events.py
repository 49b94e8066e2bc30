"""`fanout send`, `where` and `tail`: the signatures, and what is told."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fanout.cli.options import DryRun, Json, SomeTask, Target, Yes, aws_command, confirm, connect, journal_of

if TYPE_CHECKING:
    from fanout.ops.aws.discovery import Stack
    from fanout.publisher import Event

INTERRUPTED = 130


@aws_command
def where(
    target: Target,
    id_: Annotated[str, typer.Argument(metavar="ID", help="An event's id or its reference, or a message's id.")],
    since: Annotated[str, typer.Option(help="How far back: 12h, 2d.")] = "14d",
    as_json: Json = False,
) -> int:
    """Say what became of one event at every subscriber. Exit status 1: it is not done everywhere."""
    from fanout.cli.output import console, say_json
    from fanout.cli.views.where import render
    from fanout.ops.dead_letters.selection import age
    from fanout.ops.timeline import timeline

    found = timeline.for_stack(connect(target), id_, since=datetime.now(UTC) - age(since))
    if as_json:
        say_json([each.as_dict() for each in found])
    else:
        console.print(render(found))
    return int(any(each.state != timeline.DONE for each in found))


@aws_command
def send(
    target: Target,
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="JSON, JSON Lines; - is standard input.")
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="A made-up event.")] = False,
    count: Annotated[int, typer.Option(help="So many copies, each with an event id of its own.")] = 1,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until every subscriber is done with it, or it is dead.")
    ] = False,
    patience: Annotated[float, typer.Option(help="Seconds to wait at most.", min=1)] = 120.0,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Publish events that keep the contract, as any publisher does. Exit status 1: not all were done, in time."""
    from fanout.cli.output import console, errors, say_json
    from fanout.ops.send import event as sending_events

    events = sending_events.events(source, example=example, count=count)
    if dry_run:
        console.print(f"{len(events)} events keep the contract; nothing was published")
        return 0
    found = connect(target)
    confirm(f"publish {len(events)} events to {found.name}?", yes=yes)
    journal_of(found, "send").write_all({"step": "publishing", "event_id": each.id} for each in events)
    sending_events.publish(found, events)
    if not as_json:
        named = events[0].id if len(events) == 1 else f"{events[0].id} and {len(events) - 1} more"
        console.print(f"published {named}", markup=False)
    if wait:
        return _follow(found, events, patience, as_json)
    if as_json:
        say_json({"published": [each.id for each in events]})
    else:
        errors.print(f"follow it: fanout where {events[0].id}", style="dim")
    return 0


def _follow(stack: "Stack", events: "list[Event]", patience: float, as_json: bool) -> int:
    from fanout.cli.output import console, say_json
    from fanout.ops.interrupt import stoppable
    from fanout.ops.send import event as sending_events

    told: list[str] = []
    with stoppable() as stop:
        for progress in sending_events.follow(stack, events, patience, stop):
            lines = [
                ", ".join(f"{count} {state}" for state, count in each.as_dict().items() if count and state != "task")
                for each in progress
            ]
            if not as_json and lines != told:
                parts = (f"{each.subscriber.task}: {line}" for each, line in zip(progress, lines, strict=True))
                console.print("   ".join(parts), markup=False)
            told = lines
    if as_json:
        say_json({"published": [each.id for each in events], "tasks": [each.as_dict() for each in progress]})
    if stop:
        return INTERRUPTED
    return int(any(each.count("done") != len(events) for each in progress))


@aws_command
def tail(
    target: Target,
    task: SomeTask = None,
    cause: Annotated[str | None, typer.Option(help="Only what failed so: an id, an error type, or a piece.")] = None,
    since: Annotated[str, typer.Option(help="Begin so far back: 90s, 10min.")] = "1min",
    once: Annotated[bool, typer.Option("--once", help="Stop at what is there now.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.5)] = 2.0,
    as_json: Json = False,
) -> int:
    """Show outcomes as they are logged, one a line, until Ctrl-C."""
    from fanout.cli.output import console, say_json_line
    from fanout.ops.dead_letters.selection import age
    from fanout.ops.interrupt import stoppable
    from fanout.ops.timeline import tail as tailing

    start = datetime.now(UTC) - age(since)
    subscribers = connect(target).chosen(task)
    with stoppable() as stop:
        for subscriber, line in tailing.follow(subscribers, start, every, stop, once=once):
            if not tailing.wanted(line, cause):
                continue
            if as_json:
                say_json_line({"task": subscriber.task, **line.as_dict()})
            else:
                console.print(tailing.render(subscriber.task, line), soft_wrap=True)
    return INTERRUPTED if stop else 0
