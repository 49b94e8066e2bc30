"""What runs of `fanout verify` leave behind: dead letters that are probes, by this run or one that was killed."""

from datetime import timedelta
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.drop import delete
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.wrapped import moment_of
from fanout.ops.verify import probes
from fanout.ops.verify.probes import is_probe
from fanout.words import counted

LONGEST_RUN: Final = timedelta(minutes=30)
"""A probe of another time is of no run that goes on."""


def clean(stack: Stack, own: str | None = None) -> tuple[int, list[str]]:
    """How many probes were deleted from the dead-letter queues, and for each that could not be cleaned one line why.

    Those whose ids begin with `own`, and what is left of runs that were killed: a colleague's run needs its own. Probes in a task's own
    queue end there by themselves.
    """
    found = in_lanes(lambda each: _of(each, own), stack.with_letters(None))
    return sum(count for count, _ in found), [line for _, lines in found for line in lines]


def _of(subscriber: DeployedSubscriber, own: str | None) -> tuple[int, list[str]]:
    def is_ours(message: DeadLetterMessage) -> bool:
        return is_probe(message) and (_is_over(message) or (own is not None and is_probe(message, own)))

    try:
        with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=browse.MOST) as browsing:
            mine = [each for page in browsing.pages() for each in page if is_ours(each)]
            gone = delete(subscriber, mine, browsing)
    except (ClientError, BotoCoreError) as error:
        return 0, [f"{subscriber.task}: {one_line(error)}"]
    left = len(mine) - len(gone)
    problems = [f"{subscriber.task}: not looked at: {each}" for each in browsing.completeness.unseen]
    return len(gone), ([f"{subscriber.task}: {counted(left, 'probe')} could not be deleted"] if left else []) + problems


def _is_over(probe: DeadLetterMessage) -> bool:
    """Whether it is of no run that goes on, by the time that its event has: a queue's own begins anew where a letter is moved."""
    at = moment_of((probe.event or {}).get("time"))
    return at is None or abs(probes.now() - at) > LONGEST_RUN
