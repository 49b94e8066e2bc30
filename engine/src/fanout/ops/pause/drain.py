"""Waiting until a queue is empty, by counts that are minutes behind."""

import time
from collections.abc import Callable

from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.interrupt import Stop

QUIET = 180.0
"""Seconds for which all three counts must be zero, as they are behind:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/confirm-queue-is-empty.html"""
_EVERY = 5.0


def drain(
    subscriber: DeployedSubscriber,
    seconds: float,
    stop: Stop,
    say: Callable[[str], None],
    *,
    quiet: float = QUIET,
    now: Callable[[], float] = time.monotonic,
) -> tuple[browse.QueueDepth, bool]:
    """Until the queue was empty for `quiet` seconds, or the time is over: what it has now, and whether it was so."""
    end, since, told = now() + seconds, None, ""
    while True:
        depth = browse.read_depth(subscriber.aws, subscriber.queue_url)
        at = now()
        since = None if depth.all else at if since is None else since
        is_quiet = since is not None and at - since >= quiet
        if is_quiet or at > end or stop:
            return depth, is_quiet
        line = f"{subscriber.task}: {depth.visible} waiting, {depth.in_flight} in flight, {depth.delayed} delayed"
        if since is not None:
            line = f"{subscriber.task}: empty by SQS's counts; they must stay so for {quiet:g} s"
        if line != told:
            say(line)
            told = line
        left = quiet - (at - since) if since is not None else _EVERY
        stop.sleep(max(0.05, min(_EVERY, left, 1.0 if depth.all else _EVERY)))
