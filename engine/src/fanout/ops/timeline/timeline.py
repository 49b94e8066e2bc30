"""What became of one event or submission at each subscriber: logs and dead letters, joined.

A task's own queue is not looked into: SQS has no peek, and receiving from it would use up one of the event's attempts.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.ops.aws import logs
from fanout.ops.aws.discovery import Stack, Subscriber
from fanout.ops.aws.errors import OpsError, plainly
from fanout.ops.aws.logs import Line
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import show as dead_show
from fanout.ops.dead_letters.message import Letter

DONE, DEAD, RETRYING, NOT_FOUND, UNKNOWN = "done", "dead", "retrying", "not found", "unknown"
WINDOW = timedelta(days=14)


@dataclass(frozen=True)
class Fate:
    """`attempts` are all there were, oldest first, redriven ones too; `of` is how many a message has."""

    task: str
    state: str
    attempts: tuple[Line, ...] = ()
    of: int = 0
    letter: Letter | None = None
    waiting: int = 0
    problem: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state in (DONE, DEAD)

    def as_dict(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "state": self.state,
            "attempts": [each.as_dict() for each in self.attempts],
            "attempts_of_a_message": self.of,
            "dead_letter": self.letter.message_id if self.letter else None,
            "dead_since": self.attempts[-1].at if self.state == DEAD and self.attempts else None,
            "waiting_in_queue": self.waiting,
            "problem": self.problem,
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
            where = f"dead letter {self.letter.message_id}" if self.letter else "on its way to the dead-letter queue"
            return f"{where}: {why or 'SNS could not deliver it, or no log line is left of it'}"
        if self.state == RETRYING and last:
            return f"attempt {last.attempt} of {self.of} failed, and it comes back: {why}"
        queued = f"; {self.waiting} events are in its queue, which nobody can look into" if self.waiting else ""
        return f"no log line and no dead letter in the window{queued}"


def of(stack: Stack, id_: str, *, since: datetime | None = None) -> list[Fate]:
    """One for each subscriber."""
    start = since or datetime.now(UTC) - WINDOW
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda each: at(each, id_, start), stack.subscribers))


def at(subscriber: Subscriber, id_: str, since: datetime) -> Fate:
    try:
        return _at(subscriber, id_, since)
    except (OpsError, ClientError, BotoCoreError) as error:
        return Fate(subscriber.task, UNKNOWN, problem=plainly(error))


def _at(subscriber: Subscriber, id_: str, since: datetime) -> Fate:
    lines = logs.about(subscriber.aws, subscriber.log_group, id_, since)
    letter = None
    if browse.counts(subscriber.aws, subscriber.dead_letter_queue_url).all:
        letter = dead_show.first(subscriber, id_)
    if letter is None and lines and lines[-1].is_success:
        return Fate(subscriber.task, DONE, tuple(lines), subscriber.attempts)
    messages = {each.message_id for each in lines} | ({letter.died_as} if letter else set())
    if messages:
        first = min([each.at for each in lines] + ([letter.sent_at] if letter else [])) - timedelta(minutes=1)
        until = datetime.now(UTC) if lines else first + timedelta(days=1)
        crashed = logs.crashes(subscriber.aws, subscriber.log_group, messages, first, until)
        lines = sorted([*lines, *(each for found in crashed.values() for each in found)], key=lambda line: line.at)
    counts = browse.counts(subscriber.aws, subscriber.queue_url)
    return Fate(
        subscriber.task, _state(subscriber, lines, letter), tuple(lines), subscriber.attempts, letter, counts.all
    )


def _state(subscriber: Subscriber, lines: list[Line], letter: Letter | None) -> str:
    if letter is not None:
        return DEAD
    if not lines:
        return NOT_FOUND
    last = lines[-1]
    used_up = bool(subscriber.attempts) and last.attempt >= subscriber.attempts
    return DEAD if last.kind == "dead" or used_up else RETRYING
