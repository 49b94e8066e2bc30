"""What is asked of one subscriber, and what is concluded from it and from what is told of all."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fanout.ops.aws import logs, service, starts
from fanout.ops.aws.mappings import is_on, mapping_of
from fanout.ops.aws.subscriber import DELIVERY, DIRECT, FUNCTION, WORKER, DeployedSubscriber
from fanout.ops.aws.subscription import subscription_state
from fanout.ops.dead_letters import browse
from fanout.ops.pause import reason, switch
from fanout.ops.status.health import ELSEWHERE, Health
from fanout.ops.status.told import RECENT, Told
from fanout.words import counted

Read = Callable[[DeployedSubscriber, Health], None]
Conclude = Callable[[DeployedSubscriber, "Seen", Health], None]
START_SECONDS = 2.0
"""In which a function on an embedded AWS has started and logged what it received."""
OLD_SECONDS = 900
"""Older than this, and a queue needs a person: nothing of ours waits so long between two attempts by default."""
_MOST_PAGES = 20
"""Of the log, which is about 20 MB."""


@dataclass(frozen=True)
class Seen:
    """What is known of a subscriber when conclusions begin: from what is told of all, and by its own queues."""

    told: Told
    health: Health

    @property
    def is_empty(self) -> bool:
        """Nothing waits, is under way or is dead, of which its problems would tell; False where that is not known."""
        counts = (self.health.waiting, self.health.in_flight, self.health.delayed)
        return all(each == 0 for each in counts) and not self.health.problems

    @property
    def has_events(self) -> bool:
        return bool(self.health.waiting or self.health.in_flight or self.health.delayed)


def _queue(subscriber: DeployedSubscriber, found: Health) -> None:
    depth = browse.read_depth(subscriber.aws, subscriber.queue_url)
    found.waiting, found.in_flight, found.delayed = depth.visible, depth.in_flight, depth.delayed


def _dead(subscriber: DeployedSubscriber, found: Health) -> None:
    if not subscriber.buries:
        return
    depth = browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url)
    found.dead, found.dead_hidden = depth.all, depth.in_flight
    if depth.all:
        found.problems.append(f"{counted(depth.all, 'dead letter')}: fanout dead list {subscriber.task}")


def _backfill(subscriber: DeployedSubscriber, found: Health) -> None:
    found.backfill = subscriber.open_backfill


def _subscribed(subscriber: DeployedSubscriber, found: Health) -> None:
    found.mapping, problem = subscription_state(subscriber)
    if problem:
        found.problems.append(problem)


def _worker(subscriber: DeployedSubscriber, found: Health) -> None:
    found.pause = reason.read(subscriber)
    found.mapping = ELSEWHERE
    if found.pause:
        found.problems.append(
            f"paused: {found.pause.reason} ({found.pause.by}): fanout resume {subscriber.task} when it is over"
        )
    if subscriber.service_arn:
        now = service.read(subscriber.aws, subscriber.service_arn)
        found.mapping = now.state
        if now.failure:
            found.problems.append(f"{now.failure}: fanout logs {subscriber.task}, and the events of its service in ECS")


def _mapping(subscriber: DeployedSubscriber, seen: Seen, found: Health) -> None:
    mapping = mapping_of(subscriber, seen.told.mappings)
    found.mapping = str(mapping.get("State", "unknown"))
    found.concurrency = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
    running = is_on(found.mapping)
    tags = seen.told.tags.get(mapping.get("EventSourceMappingArn", ""))
    if tags is None or not running or reason.TAG in tags:  # what is said rests on its tags of now
        tags = subscriber.tags(mapping)
    found.pause = reason.pause_in(tags)
    if found.pause and running:
        found.problems.append(
            f"drift: paused by {found.pause.by}, but its mapping is {found.mapping.lower()} (a deployment, or a hand):"
            f" fanout pause {subscriber.task}, or fanout resume {subscriber.task}"
        )
    elif found.pause:
        found.problems.append(
            f"paused: {found.pause.reason} ({found.pause.by}): fanout resume {subscriber.task} when it is over"
        )
    elif not running and (since := switch.circuit_in(tags)):
        found.mapping = "circuit open"
        told = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
        found.problems.append(
            f"its circuit breaker opened at {told}: what it depends on is down; it tries again by itself"
        )
    elif not running:
        found.problems.append(
            f"its mapping is {found.mapping.lower()}, and not by fanout pause: fanout resume {subscriber.task}"
        )


def _outcomes(subscriber: DeployedSubscriber, seen: Seen, found: Health) -> None:
    """By metrics where nothing waits and nothing failed; else by the log, which is not late and has the error's text."""
    told = seen.told
    if not subscriber.tells_outcomes:
        return
    last_success = told.last_success(subscriber)
    whose = subscriber.task not in told.shared or last_success is None
    if seen.is_empty and told.is_well(subscriber) and whose:
        found.last_success = last_success
        return
    _log(subscriber, found)
    if seen.has_events and not (found.last_success or found.last_error):
        _start(subscriber, seen.health.in_flight or 0, found)


def _log(subscriber: DeployedSubscriber, found: Health) -> None:
    if not subscriber.log_group:  # its team has it, and nothing is to be done about that here
        return
    since = datetime.now(UTC) - RECENT
    reading = logs.Reading(subscriber.aws, subscriber.log_group, logs.OUTCOMES, since, pages=_MOST_PAGES)
    for line in reading.outcomes():
        if line.is_probe:
            continue
        if line.is_success and not line.is_heartbeat:
            found.last_success = max(found.last_success or line.at, line.at)
        elif line.error_type and (found.last_error is None or line.at >= found.last_error.at):
            found.last_error = line
    if not reading.completeness:
        found.unseen += reading.completeness.unseen


def _start(subscriber: DeployedSubscriber, in_flight: int, found: Health) -> None:
    """A function that cannot start leaves no outcome: only its start is in the log, or, on an embedded AWS, nothing."""
    since = datetime.now(UTC) - RECENT
    failures, completeness = starts.start_failures(subscriber.aws, subscriber.log_group, since)
    found.unseen += completeness.unseen
    if failures:
        _, type_, text = failures[-1]
        found.problems.append(f"its function does not start: {type_}: {text}: fanout logs {subscriber.task}")
    elif in_flight and not subscriber.aws.is_aws:
        time.sleep(START_SECONDS)  # for one that starts at this moment
        if starts.has_attempts(subscriber.aws, subscriber.log_group, since) is False:
            found.problems.append(
                f"{counted(in_flight, 'event')} in flight, and its function was handed none: it does not start;"
                " the embedded AWS says why in .local/emulator.log"
            )


def _age(subscriber: DeployedSubscriber, seen: Seen, found: Health) -> None:
    found.oldest_seconds = seen.told.oldest_seconds(subscriber)
    if found.oldest_seconds and found.oldest_seconds > OLD_SECONDS and (seen.health.waiting or seen.health.delayed):
        found.problems.append(f"its oldest message waits for {found.oldest_seconds} s: fanout tail {subscriber.task}")


READS: dict[str, tuple[Read, ...]] = {
    FUNCTION: (_queue, _dead, _backfill),
    WORKER: (_queue, _dead, _backfill, _worker, _log),
    DIRECT: (_dead, _subscribed, _log),
    DELIVERY: (_dead, _subscribed),
}
"""None of them needs what another says."""
CONCLUSIONS: dict[str, tuple[Conclude, ...]] = {FUNCTION: (_mapping, _outcomes, _age), WORKER: (_age,)}
"""What follows from all of it, and what only that gives cause to ask. None of these needs what another says, either."""
