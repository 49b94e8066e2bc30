"""Follows the outcomes of subscribers as they are logged."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from fanout.ops.aws import logs
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.aws.logs import Line
from fanout.ops.dead_letters.causes import Cause
from fanout.ops.interrupt import Stop

_OVERLAP = timedelta(seconds=60)
"""A line may become readable later than a younger one."""


def follow(
    subscribers: Sequence[DeployedSubscriber], since: datetime, every: float, stop: Stop, *, once: bool
) -> Iterator[tuple[DeployedSubscriber, Line]]:
    """In the order of their times within one look. What was seen is forgotten once it is too old to come again."""
    seen: dict[str, dict[str, datetime]] = {each.task: {} for each in subscribers}
    start = since
    while not stop:
        found: list[tuple[DeployedSubscriber, Line]] = []
        for each in subscribers:
            found += [(each, line) for line in _new(each, start, seen[each.task])]
        yield from sorted(found, key=lambda pair: pair[1].at)
        if once:
            return
        start = max(since, datetime.now(UTC) - _OVERLAP)
        for known in seen.values():
            for id_ in [id_ for id_, at in known.items() if at < start - _OVERLAP]:
                del known[id_]
        stop.sleep(every)


def _new(subscriber: DeployedSubscriber, since: datetime, seen: dict[str, datetime]) -> Iterator[Line]:
    for raw in logs.read(subscriber.aws, subscriber.log_group, logs.OUTCOMES, since):
        line = logs.outcome(raw)
        if line is not None and raw.id not in seen:
            seen[raw.id] = datetime.fromtimestamp(raw.timestamp / 1000, UTC)
            yield line


def is_wanted(line: Line, cause: str | None) -> bool:
    return cause is None or (
        line.error_type is not None and Cause.from_error(line.error_type, line.error).matches(cause)
    )
