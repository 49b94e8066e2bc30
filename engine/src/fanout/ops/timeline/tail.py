"""Follows log lines as they are written: the outcomes of subscribers, or every line of theirs."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from fanout.ops.aws import logs
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.aws.logs import Line, Raw
from fanout.ops.dead_letters.causes import Cause
from fanout.ops.interrupt import Stop

EVERYTHING = ""
"""The pattern of every line."""
_OVERLAP = timedelta(seconds=60)
"""A line may become readable later than a younger one."""


def follow_outcomes(
    subscribers: Sequence[DeployedSubscriber], since: datetime, every: float, stop: Stop, *, once: bool
) -> Iterator[tuple[DeployedSubscriber, Line]]:
    """One for each outcome of a message."""
    for subscriber, raw in follow(subscribers, logs.OUTCOMES, since, every, stop, once=once):
        line = logs.outcome(raw)
        if line is not None:
            yield subscriber, line


def follow(
    subscribers: Sequence[DeployedSubscriber], pattern: str, since: datetime, every: float, stop: Stop, *, once: bool
) -> Iterator[tuple[DeployedSubscriber, Raw]]:
    """In the order of their times within one look. What was seen is forgotten once it is too old to come again."""
    seen: dict[str, dict[str, datetime]] = {each.task: {} for each in subscribers}
    start = since
    while not stop:
        found: list[tuple[DeployedSubscriber, Raw]] = []
        for each in subscribers:
            found += [(each, raw) for raw in _new(each, pattern, start, seen[each.task])]
        yield from sorted(found, key=lambda pair: pair[1].timestamp)
        if once:
            return
        start = max(since, datetime.now(UTC) - _OVERLAP)
        for known in seen.values():
            for id_ in [id_ for id_, at in known.items() if at < start - _OVERLAP]:
                del known[id_]
        stop.sleep(every)


def _new(subscriber: DeployedSubscriber, pattern: str, since: datetime, seen: dict[str, datetime]) -> Iterator[Raw]:
    for raw in logs.read(subscriber.aws, subscriber.log_group, pattern, since):
        if raw.id not in seen:
            seen[raw.id] = raw.at
            yield raw


def is_wanted(line: Line, cause: str | None) -> bool:
    return cause is None or (
        line.error_type is not None and Cause.from_error(line.error_type, line.error).matches(cause)
    )
