"""`fanout send`: publishes events, and follows them to their end."""

from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect
from fanout.cli.options import DryRun, Json, OfTopic, Yes
from fanout.cli.output import console, errors, say_json
from fanout.ops.aws.stack import Stack
from fanout.ops.interrupt import stoppable
from fanout.ops.send.event import follow, publish_written, read_events, require_outcomes
from fanout.publisher import Event
from fanout.publisher.event import MAX_BYTES
from fanout.words import counted


@aws_command
def send(
    target: Target,
    source: Annotated[
        str | None, typer.Argument(metavar="FILE|-", help="JSON, JSON Lines; - is standard input.")
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="A made-up event.")] = False,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Of the made-up event, where contracts/ has several.")
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", help="So many copies, each with an event id of its own.")] = 1,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until every subscriber is done with it, or it is dead.")
    ] = False,
    patience: Annotated[float, typer.Option(metavar="SECONDS", help="Wait so long at most.", min=1)] = 120.0,
    topic: OfTopic = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Publish events that keep the contract, as any publisher does. Exit status 1: not all were done, in time."""
    events = read_events(source, example=example, count=count, type_=type_)
    if dry_run and as_json:
        say_json({"published": [], "would_publish": [each.id for each in events]})
        return 0
    if dry_run:
        what = "event keeps" if len(events) == 1 else "events keep"
        console.print(f"{len(events)} {what} the contract; nothing was published")
        if large := sum(each.size > MAX_BYTES for each in events):
            console.print(f"{large} over {MAX_BYTES} bytes: only a topic that was made with max_bytes takes that")
        return 0
    stack = connect(target).of_topic(topic)
    require_outcomes(stack, wait)
    name = stack.topic_arn.rpartition(":")[2]
    confirm(f"publish {counted(len(events), 'event')} to {name} of {stack.name}?", yes=yes)
    try:
        publish_written(stack, events)
    except KeyboardInterrupt as stopped:
        errors.print(f"stopped: {getattr(stopped, 'result', None) or 'nothing was published'}")
        raise
    if not as_json:
        named = events[0].id if len(events) == 1 else f"{events[0].id} and {len(events) - 1} more"
        console.print(f"published {named}")
    if wait:
        return _follow(stack, events, patience, as_json)
    if as_json:
        say_json({"published": [each.id for each in events]})
    else:
        errors.print(f"follow it: fanout where {events[0].id}", style="dim")
    return 0


def _follow(stack: Stack, events: list[Event], patience: float, as_json: bool) -> int:
    told: list[str] = []
    with stoppable() as stop:
        for progress in follow(stack, events, patience, stop):
            lines = [
                ", ".join(f"{count} {state}" for state, count in each.as_dict().items() if count and state != "task")
                + (f" (not read: {each.unread})" if each.unread else "")
                for each in progress
            ]
            if not as_json and lines != told:
                parts = (f"{each.subscriber.task}: {line}" for each, line in zip(progress, lines, strict=True))
                console.print("   ".join(parts))
            told = lines
    if as_json:
        tasks = [{**each.as_dict(), "unread": each.unread or None} for each in progress]
        say_json({"published": [each.id for each in events], "tasks": tasks})
    if stop:
        return INTERRUPTED
    return int(not all(each.is_well for each in progress))
