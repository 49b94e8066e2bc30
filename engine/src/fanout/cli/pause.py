"""`fanout pause`: lets a subscriber's events wait."""

from fanout.cli.aws_command import Target, aws_command, confirm, connect, require_reason
from fanout.cli.options import DryRun, Json, Reason, Task, Yes
from fanout.cli.output import say
from fanout.ops.aws.subscriber import FUNCTION
from fanout.ops.dead_letters import browse
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.ops.pause import switch
from fanout.words import counted


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
    why = require_reason(reason)
    stack = connect(target)
    subscriber = stack.subscriber(task)
    subscriber.require_queue("pause")
    if dry_run:
        depth = browse.read_depth(stack.aws, subscriber.queue_url)
        what = "switch off the mapping of" if subscriber.kind == FUNCTION else "tag the queue of"
        line = f"would {what} {subscriber.task}; {counted(depth.all, 'event is', 'events are')} in its queue now"
        say(line, as_json, task=subscriber.task, would="pause", waiting=depth.all)
        return
    confirm(f"pause {subscriber.task} in {stack.name}?", yes=yes)
    with stoppable() as stop:
        noted = switch.pause(subscriber, why, stack.aws.caller, Journal.open(stack, "pause"), stop)
    line = f"{subscriber.task} is paused: {noted.reason}. fanout resume {subscriber.task} when it is over"
    say(line, as_json, task=subscriber.task, state="paused", **noted.as_dict())
