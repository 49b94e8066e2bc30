"""What became of one event at each subscriber: logs and dead letters, joined.

A task's own queue is not looked into: SQS has no peek, and receiving from it would use up one of the event's attempts.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import OpsError
from fanout.ops.aws import logs, starts
from fanout.ops.aws.discovery import DeployedSubscriber, Stack
from fanout.ops.aws.logs import Line
from fanout.ops.aws.subscription import KnownEvent, Subscription, read_subscriptions
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.causes import Cause, Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.words import counted

DONE, DEAD, RETRYING, NOT_FOUND, UNKNOWN = "done", "dead", "retrying", "not found", "unknown"
FILTERED_OUT, OTHER_TOPIC = "filtered out", "other topic"
WINDOW = timedelta(days=14)


@dataclass(frozen=True)
class EventState:
    """`attempts` are all there were, oldest first, redriven ones too; `of` is how many a message has."""

    task: str
    state: str
    attempts: tuple[Line, ...] = ()
    of: int = 0
    message: DeadLetterMessage | None = None
    waiting: int = 0
    problem: str | None = None
    cause: Cause | None = None
    """Of a dead letter at which no attempt is in the log."""
    keys: tuple[str, ...] = ()
    """Of its filter: those that kept the event back, or, when it was not found, those that cannot be judged."""

    @property
    def is_well(self) -> bool:
        """Nothing is left to be done for the event here."""
        return self.state in (DONE, FILTERED_OUT, OTHER_TOPIC)

    @property
    def is_over(self) -> bool:
        return self.is_well or self.state == DEAD

    def as_dict(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "state": self.state,
            "attempts": [each.as_dict() for each in self.attempts],
            "attempts_of_a_message": self.of,
            "dead_letter": self.message.message_id if self.message else None,
            "dead_since": self.attempts[-1].at if self.state == DEAD and self.attempts else None,
            "waiting_in_queue": self.waiting,
            "problem": self.problem,
            "filtered_out_by": list(self.keys) if self.state == FILTERED_OUT else [],
        }

    def said(self) -> str:
        """In one sentence."""
        last = self.attempts[-1] if self.attempts else None
        why = f"{last.error_type}: {last.error}" if last and last.error_type else ""
        if self.problem:
            return self.problem
        if self.state == DONE and last:
            again = f", {len(self.attempts)} attempts" if len(self.attempts) > 1 else ""
            return f"done at {last.at.isoformat(timespec='seconds')}{again}"
        if self.state == DEAD:
            where = f"dead letter {self.message.message_id}" if self.message else "on its way to the dead-letter queue"
            return f"{where}: {why or self.cause or 'no log line is left of it'}"
        if self.state == RETRYING and last:
            return f"attempt {last.attempt} of {self.of} failed, and it comes back: {why}"
        return self._said_without_a_trace()

    def _said_without_a_trace(self) -> str:
        if self.state == FILTERED_OUT:
            return f"filtered out: {', '.join(self.keys)}"
        if self.state == OTHER_TOPIC:
            return "its topic is another one than the event's"
        queued = f"; {counted(self.waiting, 'event')} in its queue, which nobody can look into" if self.waiting else ""
        unjudged = f"; its filter looks at {', '.join(self.keys)}, not known of this event" if self.keys else ""
        return f"not seen: no log line and no dead letter in the window{queued}{unjudged}"


def for_stack(stack: Stack, id_: str, *, since: datetime | None = None) -> list[EventState]:
    """One for each subscriber."""
    start = since or datetime.now(UTC) - WINDOW
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda each: for_subscriber(each, id_, start), stack.subscribers))
    return judge_unseen(list(zip(stack.subscribers, states, strict=True)))


def judge_unseen(found: Sequence[tuple[DeployedSubscriber, EventState]]) -> list[EventState]:
    """Says of each subscriber without a trace whether its filter kept the event back, or its topic is another one.

    What is known of the event comes from the others: from a dead letter all of it, from a log line its ids.
    """
    if all(state.state != NOT_FOUND for _, state in found):
        return [state for _, state in found]
    subscriptions = [_subscriptions(subscriber) for subscriber, _ in found]
    event = _known_event([state for _, state in found])
    seen = {
        each.topic_arn
        for (_, state), some in zip(found, subscriptions, strict=True)
        if state.attempts or state.message
        for each in some
    }
    return [
        _judge(state, some, event, seen) if state.state == NOT_FOUND else state
        for (_, state), some in zip(found, subscriptions, strict=True)
    ]


def _judge(state: EventState, subscriptions: Sequence[Subscription], event: KnownEvent, seen: set[str]) -> EventState:
    """`seen`: the topics of those that saw the event; empty when nobody did."""
    possible = [each for each in subscriptions if not seen or each.topic_arn in seen]
    if subscriptions and not possible:
        return replace(state, state=OTHER_TOPIC)
    if possible and all(each.lets_through(event) is False for each in possible):
        keys = sorted({key for each in possible for key in each.refusing_keys(event)})
        return replace(state, state=FILTERED_OUT, keys=tuple(keys))
    unjudged = {key for each in possible if each.lets_through(event) is None for key in each.keys}
    return replace(state, keys=tuple(sorted(unjudged)))


def _known_event(states: Sequence[EventState]) -> KnownEvent:
    for each in states:
        if each.message:
            return KnownEvent.from_message(each.message)
    lines = [line for each in states for line in each.attempts if any(value for _, value in line.ids.named)]
    return KnownEvent.from_line(lines[0]) if lines else KnownEvent({}, partial=True)


def _subscriptions(subscriber: DeployedSubscriber) -> list[Subscription]:
    """None where SNS may not be asked, as for a topic of another account: then nothing is concluded from them."""
    try:
        return read_subscriptions(subscriber)
    except (ClientError, BotoCoreError):
        return []


def for_subscriber(subscriber: DeployedSubscriber, id_: str, since: datetime) -> EventState:
    try:
        return _read(subscriber, id_, since)
    except (OpsError, ClientError, BotoCoreError) as error:
        return EventState(subscriber.task, UNKNOWN, problem=one_line(error))


def _read(subscriber: DeployedSubscriber, id_: str, since: datetime) -> EventState:
    lines = logs.about(subscriber.aws, subscriber.log_group, id_, since)
    message = None
    if browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url).all:
        message = showing.first(subscriber, id_)
    if message is None and lines and lines[-1].is_success:
        return EventState(subscriber.task, DONE, tuple(lines), subscriber.attempts)
    messages = {each.message_id for each in lines} | ({message.died_as} if message else set())
    if messages:
        first = min([each.at for each in lines] + ([message.sent_at] if message else [])) - timedelta(minutes=1)
        until = datetime.now(UTC) if lines else first + timedelta(days=1)
        crashed = logs.crashes(subscriber.aws, subscriber.log_group, messages, first, until)
        lines = sorted([*lines, *(each for found in crashed.values() for each in found)], key=lambda line: line.at)
    cause = None if lines or not message else Explainer(subscriber.aws, subscriber).explain([message])[0]
    depth = browse.read_depth(subscriber.aws, subscriber.queue_url)
    return EventState(
        subscriber.task,
        _state(subscriber, lines, message),
        tuple(lines),
        subscriber.attempts,
        message,
        depth.all,
        _start_problem(subscriber, since) if depth.all and not lines and not message else None,
        cause,
    )


def _start_problem(subscriber: DeployedSubscriber, since: datetime) -> str | None:
    """Why what waits in its queue may not have been seen."""
    failures = starts.start_failures(subscriber.aws, subscriber.log_group, since)
    return f"not seen, and its function does not start: {failures[-1][1]}: {failures[-1][2]}" if failures else None


def _state(subscriber: DeployedSubscriber, lines: list[Line], message: DeadLetterMessage | None) -> str:
    if message is not None:
        return DEAD
    if not lines:
        return NOT_FOUND
    last = lines[-1]
    used_up = bool(subscriber.attempts) and last.attempt >= subscriber.attempts
    return DEAD if last.kind == "dead" or used_up else RETRYING
