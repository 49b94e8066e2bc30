"""`fanout resume`: ends a pause."""

from fanout.cli.aws_command import Target, aws_command, confirm, connect
from fanout.cli.options import DryRun, Json, Task, Yes
from fanout.cli.output import say
from fanout.ops.aws.subscriber import FUNCTION
from fanout.ops.dead_letters import browse
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.ops.pause import reason, switch
from fanout.words import counted


@aws_command
def resume(
    target: Target,
    task: Task,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """End a pause: the events that wait are worked on."""
    stack = connect(target)
    subscriber = stack.subscriber(task)
    subscriber.require_queue("resume")
    depth = browse.read_depth(stack.aws, subscriber.queue_url)
    noted = reason.read(subscriber)
    why = f" (paused by {noted.by}: {noted.reason})" if noted else ""
    if dry_run:
        what = "switch on the mapping of" if subscriber.kind == FUNCTION else "take the tag off the queue of"
        line = f"would {what} {subscriber.task}{why}; {counted(depth.all, 'event waits', 'events wait')}"
        say(line, as_json, task=subscriber.task, would="resume", waiting=depth.all)
        return
    confirm(
        f"resume {subscriber.task} in {stack.name}{why}? {counted(depth.all, 'event waits', 'events wait')}", yes=yes
    )
    with stoppable() as stop:
        switch.resume(subscriber, Journal.open(stack, "resume"), stop)
    line = f"{subscriber.task} is at work again; {counted(depth.all, 'event')} waited"
    say(line, as_json, task=subscriber.task, state="enabled", waited=depth.all)
