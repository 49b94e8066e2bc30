"""Many metrics in one call, by minute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fanout.ops.aws.session import Aws

MOST: Final = 500
"""Of a request: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
Values = Sequence[tuple[datetime, float]]


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str
    stat: str
    dimensions: tuple[tuple[str, str], ...]


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
