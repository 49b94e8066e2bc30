"""What became of a batch, in numbers: one line on stdout that CloudWatch turns into metrics. No call, nothing to fail.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
Each metric costs money in each hour it is sent in, so a count of nothing is not sent, and groups are told apart only up to
the number that settings allow. Nothing in a line is personal data.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fanout import names
from fanout.runtime.event import Event
from fanout.runtime.outcome import Outcome
from fanout.runtime.probe import Probe

OTHER = "other"
"""Every group beyond the allowed number, and what was no event."""
MILLISECONDS = (names.LATENCY, names.HEARTBEAT, names.PROBE)
MOST_VALUES = 100
"""Of one metric in one line."""

_json = json.JSONEncoder(separators=(",", ":")).encode
DETAILS = (names.ATTEMPTS, names.LATENCY)
"""What no alarm and no graph of ours asks for."""
_LEFT_OUT = DETAILS if os.environ.get(names.METRICS) == "essential" else ()
_MOST_GROUPS = int(os.environ.get(names.MEASURED_GROUPS, "0"))
_groups: set[str] = set()


def emit(outcomes: Sequence[Outcome], group_name: str) -> None:
    """Done, Duplicate, Dead, Failed (counts), Attempts, Latency (ms from the event's own time), by stack and task. The last
    two are metrics where settings measure all, else fields of the line, which Logs Insights reads.

    One line, or one for each group of the batch where settings measure groups, with the group by `group_name`, its
    property's; and one for heartbeats, which count as nothing else: Heartbeat, ms from when each was due. One for probes
    that are done: Probe, ms from when each was made, and Duplicate, as every event that was acknowledged and was no work.
    """
    now = time.time()
    of_engine = [each for each in outcomes if each.of_engine]
    of_task = [each for each in outcomes if not each.of_engine] if of_engine else outcomes
    for group, some in _by_group(of_task, group_name).items():
        for part in _parts(some):
            _write(_line(group, _values(part, now), now))
    for part in _parts([each for each in of_engine if each.kind == "heartbeat"]):
        _write(_line(None, {names.HEARTBEAT: _ms_since(part, now)}, now))
    for part in _parts(
        [each for each in of_engine if isinstance(each.event, Probe) and each.kind in ("done", "duplicate")]
    ):
        _write(_line(None, {names.PROBE: _ms_since(part, now), names.DUPLICATE: len(part)}, now))


def left_over(threads: int) -> None:
    """LeftOver: threads of earlier invocations that never ended."""
    _write(_line(None, {names.LEFT_OVER: threads}, time.time()))


def _parts(outcomes: Sequence[Outcome]) -> Iterator[Sequence[Outcome]]:
    return (outcomes[start : start + MOST_VALUES] for start in range(0, len(outcomes), MOST_VALUES))


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(_json(line) + "\n")


def _by_group(outcomes: Iterable[Outcome], name: str) -> dict[tuple[str, str] | None, list[Outcome]]:
    found: dict[tuple[str, str] | None, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(_group(outcome, name) if _MOST_GROUPS and name else None, []).append(outcome)
    return found


def _group(outcome: Outcome, name: str) -> tuple[str, str]:
    """Name and value of the group, for the first so many groups that this container meets."""
    event = outcome.event
    if not isinstance(event, Event) or not event.GROUP:
        return name, OTHER
    group = event.group
    if len(_groups) < _MOST_GROUPS:
        _groups.add(group)
    return event.GROUP, group if group in _groups else OTHER


def _values(outcomes: Sequence[Outcome], now: float) -> dict[str, Any]:
    kinds = [outcome.kind for outcome in outcomes]
    latencies = _ms_since([outcome for outcome in outcomes if outcome.kind == "done"], now)
    values: dict[str, Any] = {kind.title(): kinds.count(kind) for kind in dict.fromkeys(kinds)}
    values[names.ATTEMPTS] = [outcome.attempt for outcome in outcomes]
    if latencies:
        values[names.LATENCY] = latencies
    return values


def _ms_since(outcomes: Sequence[Outcome], now: float) -> list[int]:
    """From the time that each event names; not below 0, as clocks differ."""
    return [
        max(0, round((now - outcome.event.time.timestamp()) * 1000))
        for outcome in outcomes
        if outcome.event is not None
    ]


def _line(group: tuple[str, str] | None, values: dict[str, Any], now: float) -> dict[str, Any]:
    units = [
        {"Name": name, "Unit": "Milliseconds" if name in MILLISECONDS else "Count"}
        for name in values
        if name not in _LEFT_OUT
    ]
    dimensions = {
        names.STACK_DIMENSION: os.environ.get(names.STACK, "unknown"),
        names.TASK_DIMENSION: os.environ.get(names.TASK, "unknown"),
    }
    sets = [list(dimensions)]
    if group is not None:
        dimensions[group[0]] = group[1]
        sets.append(list(dimensions))
    directive = {"Namespace": names.NAMESPACE, "Dimensions": sets, "Metrics": units}
    return {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}, **dimensions, **values}
