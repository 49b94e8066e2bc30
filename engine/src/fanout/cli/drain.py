"""`fanout drain`: waits until a subscriber's queue is empty."""

from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, connect
from fanout.cli.options import Json, Task
from fanout.cli.output import console, say
from fanout.ops.dead_letters import browse
from fanout.ops.interrupt import stoppable
from fanout.ops.pause import drain as draining
from fanout.ops.pause import switch
from fanout.words import counted


@aws_command
def drain(
    target: Target,
    task: Task,
    deadline: Annotated[float, typer.Option(metavar="SECONDS", help="Wait so long.", min=1)] = 900.0,
    quiet: Annotated[
        float, typer.Option("--quiet-for", metavar="SECONDS", help="Empty for so long; SQS's counts are behind.", min=0)
    ] = draining.QUIET,
    as_json: Json = False,
) -> int:
    """Wait until a subscriber's queue is empty; changes nothing. Exit status 1: it was not, or did not stay so."""

    def how_far(line: str) -> None:
        if not as_json:
            console.print(line)

    subscriber = connect(target).subscriber(task)
    subscriber.require_queue("drain")
    if line := switch.why_not_draining(subscriber):
        say(line, as_json, task=subscriber.task, left=browse.read_depth(subscriber.aws, subscriber.queue_url).all)
        return 1
    with stoppable() as stop:
        left, is_quiet = draining.drain(subscriber, deadline, stop, how_far, quiet=quiet)
    line = f"the queue of {subscriber.task} is empty, for {quiet:g} s"
    if not is_quiet and not left.all:
        line = f"the queue of {subscriber.task} is empty, but was not for {quiet:g} s within {deadline:g} s"
    elif left.all:
        line = (
            f"{subscriber.task} is not empty after {deadline:g} s: {counted(left.all, 'event is', 'events are')} left"
        )
    if as_json or not stop:
        say(line, as_json, task=subscriber.task, left=left.all, empty=is_quiet)
    return INTERRUPTED if stop else int(not is_quiet)
