"""Follows log lines as they are written: the outcomes of subscribers, or every line of theirs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from fanout.ops.aws import logs
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.line import Line, Raw, outcome
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.causes import Cause
from fanout.ops.interrupt import Stop

EVERYTHING = ""
"""The pattern of every line."""
_OVERLAP = timedelta(seconds=60)
"""A line may become readable later than a younger one."""


def follow_outcomes(
    subscribers: Sequence[DeployedSubscriber],
    since: datetime,
    every: float,
    stop: Stop,
    *,
    once: bool,
    unread: Callable[[str], None],
) -> Iterator[tuple[DeployedSubscriber, Line]]:
    """One for each outcome of a message."""
    for subscriber, raw in follow(subscribers, logs.OUTCOMES, since, every, stop, once=once, unread=unread):
        line = outcome(raw)
        if line is not None:
            yield subscriber, line


def follow(
    subscribers: Sequence[DeployedSubscriber],
    pattern: str,
    since: datetime,
    every: float,
    stop: Stop,
    *,
    once: bool,
    unread: Callable[[str], None],
) -> Iterator[tuple[DeployedSubscriber, Raw]]:
    """In the order of their times within one look. What was seen is forgotten once it is too old to come again.

    The next look begins with what the log itself had last, as clocks differ. `unread` is told what a look did not come to:
    the next one goes on there, unless there is none.
    """
    subscribers = _with_log(subscribers, unread)
    seen: dict[str, dict[str, datetime]] = {each.id: {} for each in subscribers}
    start = {each.id: since for each in subscribers}
    while subscribers and not stop:
        readings = [logs.Reading(each.aws, each.log_group, pattern, start[each.id]) for each in subscribers]
        before = [seen[each.id] for each in subscribers]
        news = in_lanes(lambda look: _new(*look), zip(readings, before, strict=True))
        found: list[tuple[DeployedSubscriber, Raw]] = []
        for each, reading, new in zip(subscribers, readings, news, strict=True):
            found += [(each, raw) for raw in new]
            if once and not reading.completeness:
                unread("; ".join(reading.completeness.unseen))
            start[each.id] = max(since, reading.read_until - (_OVERLAP if reading.completeness else timedelta(0)))
        yield from sorted(found, key=lambda pair: pair[1].timestamp)
        if once:
            return
        for subscriber, known in seen.items():
            for id_ in [id_ for id_, at in known.items() if at < start[subscriber] - _OVERLAP]:
                del known[id_]
        stop.sleep(every)


def _with_log(subscribers: Sequence[DeployedSubscriber], unread: Callable[[str], None]) -> list[DeployedSubscriber]:
    for each in subscribers:
        if not each.log_group:
            unread(f"{each.task}: {logs.ELSEWHERE.unseen[0]}")
    return [each for each in subscribers if each.log_group]


def _new(reading: Iterable[Raw], seen: dict[str, datetime]) -> list[Raw]:
    found = []
    for raw in reading:
        if raw.id not in seen:
            seen[raw.id] = raw.at
            found.append(raw)
    return found


def is_wanted(line: Line, cause: str | None) -> bool:
    return cause is None or (
        line.error_type is not None and Cause.from_error(line.error_type, line.error).matches(cause)
    )
