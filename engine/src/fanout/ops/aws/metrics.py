"""Many metrics in one call, by minute."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fanout import names
from fanout.ops.aws.session import Aws

MINUTE: Final = 60.0
MOST: Final = 500
"""Of a request: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
Values = Sequence[tuple[datetime, float]]


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str
    stat: str
    dimensions: tuple[tuple[str, str], ...]


def of_task(name: str, stat: str, *, stack: str, task: str) -> Metric:
    """As fanout.runtime.metrics writes it, a minute late or two."""
    return Metric(names.NAMESPACE, name, stat, ((names.STACK_DIMENSION, stack), (names.TASK_DIMENSION, task)))


@dataclass
class KeptMetrics:
    """Of a program that looks again and again: what was told is asked for again when a minute is over, as there is no newer
    value before, and each thousand costs a cent: https://aws.amazon.com/cloudwatch/pricing/"""

    _told: dict[Metric, tuple[float, Values]] = field(default_factory=dict)

    def read(self, aws: Aws, wanted: Iterable[Metric], since: datetime, until: datetime) -> dict[Metric, Values]:
        """As `read_metrics`."""
        now, metrics = time.monotonic(), list(wanted)
        asked = [each for each in metrics if not self._is_new(each, now)]
        self._told |= {each: (now, values) for each, values in read_metrics(aws, asked, since, until).items()}
        return {each: self._told[each][1] for each in metrics if self._is_new(each, now)}

    def _is_new(self, metric: Metric, now: float) -> bool:
        return metric in self._told and now - self._told[metric][0] < MINUTE


def read_metrics(aws: Aws, wanted: Iterable[Metric], since: datetime, until: datetime) -> dict[Metric, Values]:
    """Those that CloudWatch told in full, which may be no value at all; any other is missing. Raises what AWS says."""
    asked, found = list(wanted), dict[Metric, Values]()
    for start in range(0, len(asked), MOST):
        found |= _read(aws, asked[start : start + MOST], since, until)
    return found


def _read(aws: Aws, asked: Sequence[Metric], since: datetime, until: datetime) -> dict[Metric, Values]:
    by_id = {f"m{number}": each for number, each in enumerate(asked)}
    request: dict[str, Any] = {
        "StartTime": since,
        "EndTime": until,
        "MetricDataQueries": [_query(id_, each) for id_, each in by_id.items()],
    }
    values: dict[str, list[tuple[datetime, float]]] = {}
    states: dict[str, str] = {}
    while True:
        page = aws.cloudwatch.get_metric_data(**request)
        for each in page["MetricDataResults"]:
            id_ = each.get("Id", "")
            states[id_] = each.get("StatusCode", "")
            values.setdefault(id_, []).extend(zip(each.get("Timestamps", []), each.get("Values", []), strict=False))
        if not page.get("NextToken"):
            return {by_id[id_]: found for id_, found in values.items() if id_ in by_id and states[id_] == "Complete"}
        request["NextToken"] = page["NextToken"]


def _query(id_: str, metric: Metric) -> dict[str, Any]:
    named = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    of = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": named}
    return {"Id": id_, "MetricStat": {"Metric": of, "Period": 60, "Stat": metric.stat}}
