"""Alarms as a table: what each means, when it rings, and where its runbook is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from fanout.catalog import markdown
from fanout.costs.subscribers import task_of
from fanout.template.alarms import metrics_of
from fanout.template.scaling import only_scales
from fanout.template.template import Resource, Template
from fanout.template.types import ALARM
from fanout.template.values import as_list, as_number, shown

_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}
_SECONDS = {"ApproximateAgeOfOldestMessage": 1.0, "Duration": 0.001}
"""Metrics that are times, and what one of their units is in seconds."""


@dataclass(frozen=True)
class Told:
    """What an alarm's description says, as alarms/runbook.py writes it; parts may be empty."""

    means: str
    runbook: str
    owner: str


class Watched(Protocol):
    """A subscriber, with a queue or called by its topic."""

    @property
    def name(self) -> str: ...
    @property
    def queue(self) -> Resource | None: ...
    @property
    def dead_letter_queue(self) -> Resource | None: ...
    @property
    def function(self) -> Resource | None: ...


def of_subscriber(template: Template, each: Watched) -> list[Resource]:
    """The alarms that look at one of its queues or at its function, or carry its tag."""
    own = [part for part in (each.queue, each.dead_letter_queue, each.function) if part is not None]
    return [
        alarm
        for alarm in template.of(ALARM)
        if not only_scales(alarm)
        and (
            task_of(alarm) == each.name
            or any(template.resource(value) in own for _, _, named in metrics_of(alarm) for value in named.values())
        )
    ]


def told(alarm: Resource) -> Told:
    text = shown(alarm.get("AlarmDescription") or "")
    first = text.partition("\n")[0]
    runbook, owner = (re.search(rf"^{word}: (.+)$", text, re.MULTILINE) for word in ("Runbook", "Owner"))
    return Told(re.sub(r"^[\w-]+: ", "", first), runbook.group(1) if runbook else "", owner.group(1) if owner else "")


def table(alarms: list[Resource], *, root: str) -> str:
    """`root` leads from the page to the repository."""
    if not alarms:
        return "None."
    rows = [(_link(each, root), told(each).means, _rings(each)) for each in alarms]
    return markdown.table(("alarm, with its runbook", "means", "rings when"), rows)


def owner(alarms: list[Resource]) -> str:
    found = sorted({told(each).owner for each in alarms} - {""})
    return ", ".join(found) or "not named"


def _link(alarm: Resource, root: str) -> str:
    runbook = told(alarm).runbook
    name = runbook.rpartition("#")[2] or alarm.path.split("/")[-1]
    if not runbook:
        return f"`{name}`"
    return f"[{name}]({runbook if '://' in runbook else root + runbook})"


def _rings(alarm: Resource) -> str:
    sign = _SIGNS.get(shown(alarm.get("ComparisonOperator")), shown(alarm.get("ComparisonOperator")))
    return f"{_measured(alarm)} {sign} {_threshold(alarm)}{_long(alarm)}"


def _measured(alarm: Resource) -> str:
    name = alarm.get("MetricName")
    if name is not None:
        statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic") or ""
        return f"{shown(statistic).lower()} of `{shown(name)}`"
    queries = [each for each in as_list(alarm.get("Metrics")) if isinstance(each, dict)]
    returned = next((each for each in queries if each.get("ReturnData") is not False), {})
    label, expression = returned.get("Label"), returned.get("Expression")
    return shown(label) if label else f"`{shown(expression)}`" if expression else "a metric"


def _threshold(alarm: Resource) -> str:
    number = alarm.number("Threshold")
    if number is None:
        return "a threshold that only the deployment knows"
    unit = next(
        (_SECONDS[name] for _, name, _ in metrics_of(alarm) if isinstance(name, str) and name in _SECONDS), None
    )
    return markdown.span(number * unit) if unit and alarm.get("MetricName") else f"{number:g}"


def _long(alarm: Resource) -> str:
    """In how many of the last periods, and how long one is."""
    periods = alarm.number("EvaluationPeriods", default=1) or 1
    needed = alarm.number("DatapointsToAlarm", default=periods) or periods
    seconds = next((each for each in _periods(alarm) if each), None)
    length = f" of {markdown.span(seconds)}" if seconds else ""
    if periods == 1:
        return f" in a period{length}" if length else ""
    return f" in {periods:g} periods{length}" if needed == periods else f" in {needed:g} of {periods:g} periods{length}"


def _periods(alarm: Resource) -> list[float | None]:
    queries = [each for each in as_list(alarm.get("Metrics")) if isinstance(each, dict)]
    stats = [each["MetricStat"] for each in queries if isinstance(each.get("MetricStat"), dict)]
    return [alarm.number("Period"), *(as_number(each.get("Period")) for each in stats)]
