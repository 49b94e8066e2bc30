"""From log lines and counts of queues to the series that CloudWatch would have: one value a point, None for no data."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Log = Sequence[tuple[float, str]]
"""(time in seconds, line)."""
Series = list[float | None]

LINE_OVERHEAD = 26
"""Bytes that CloudWatch Logs adds to a line: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
_REPORT = re.compile(r"^REPORT RequestId: \S+\s+Duration: ([\d.]+) ms")
_LEFT_OUT = 3
_FINAL = ("done", "duplicate", "dead")


@dataclass
class Seen:
    """`letters` of each task's dead-letter queue at the end of each point; `published` event ids with their times."""

    letters: dict[str, list[int]]
    published: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Points:
    began: float
    seconds: float
    count: int

    def of(self, moment: float) -> int:
        """What comes after the last point belongs to it."""
        return max(0, min(self.count - 1, int((moment - self.began) / self.seconds)))

    def totals(self, found: Iterator[tuple[float, float]]) -> Series:
        sums: Series = [None] * self.count
        for moment, value in found:
            at = self.of(moment)
            sums[at] = (sums[at] or 0) + value
        return sums


def counted(
    seen: Seen, logs: Mapping[str, Log], *, began: float, seconds: float, points: int
) -> tuple[dict[str, Series], dict[str, dict[str, Series]]]:
    """(the topic's series, each task's)."""
    grid = Points(began, seconds, points)
    published = grid.totals((moment, 1) for moment in seen.published.values())
    tasks = {task: _task(task, seen, logs[task], grid, published) for task in seen.letters}
    delivered: Series = [None if each is None else each * len(tasks) for each in published]
    topic = {"NumberOfMessagesPublished": published, "NumberOfNotificationsDelivered": delivered}
    return topic, tasks


def _task(task: str, seen: Seen, log: Log, grid: Points, published: Series) -> dict[str, Series]:
    letters = seen.letters[task]
    back = [max(0, before - after) for before, after in zip([0, *letters], letters, strict=False)]
    runs = list(_runs(log))
    lines = [(moment, json.loads(line)) for moment, line in log if line.startswith("{")]
    lasted: list[list[float]] = [[] for _ in range(grid.count)]
    for ended, milliseconds in runs:
        lasted[grid.of(ended)].append(milliseconds)
    return {
        "NumberOfMessagesSent": [(sent or 0) + again for sent, again in zip(published, back, strict=True)],
        "ApproximateNumberOfMessagesVisible": list(letters),
        "ApproximateAgeOfOldestMessage": _ages(seen, lines, grid),
        **{name: grid.totals(_emitted(lines, name)) for name in ("Done", "Failed", "Dead")},
        "Duration p50": [round(median(each)) if each else None for each in lasted],
        "Duration Maximum": [max(each, default=None) for each in lasted],
        "Duration Sum": [sum(each) if each else None for each in lasted],
        "Invocations": grid.totals((ended, 1) for ended, _ in runs),
        "ConcurrentExecutions": _concurrent(runs, grid),
        "IncomingBytes": grid.totals((moment, len(line) + LINE_OVERHEAD) for moment, line in log),
    }


def _runs(log: Log) -> Iterator[tuple[float, float]]:
    """(when it ended, milliseconds) of each invocation."""
    for moment, line in log:
        if found := _REPORT.match(line):
            yield moment, float(found[1])


def _emitted(lines: Sequence[tuple[float, dict[str, Any]]], name: str) -> Iterator[tuple[float, float]]:
    """Of the runtime's own metrics."""
    for _, line in lines:
        if "_aws" in line and name in line:
            yield line["_aws"]["Timestamp"] / 1000, line[name]


def _ages(seen: Seen, lines: Sequence[tuple[float, dict[str, Any]]], grid: Points) -> Series:
    """Of the oldest event that waits at the end of a point, in seconds.

    What was received three times is left out, as SQS leaves it out:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    over: dict[str, float] = {}
    for moment, line in lines:
        if line.get("outcome") in _FINAL or line.get("attempt", 0) >= _LEFT_OUT:
            over.setdefault(line.get("event_id", ""), moment)
    found: Series = []
    for point in range(grid.count):
        end = grid.began + (point + 1) * grid.seconds
        waiting = [at for event, at in seen.published.items() if at <= end < over.get(event, end + 1)]
        found.append(round(end - min(waiting), 1) if waiting else 0)
    return found


def _concurrent(runs: Sequence[tuple[float, float]], grid: Points) -> Series:
    """The most invocations at the same time, in each point."""
    found: Series = [None] * grid.count
    for ended, milliseconds in runs:
        began = ended - milliseconds / 1000
        same = sum(other - length / 1000 <= began < other for other, length in runs)
        at = grid.of(began)
        found[at] = max(found[at] or 0, same)
    return found
