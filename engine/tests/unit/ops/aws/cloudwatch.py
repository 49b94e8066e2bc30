"""CloudWatch's alarms in memory, with the defaults of its documentation.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

PAGE = 600


class CloudWatch:
    def __init__(self) -> None:
        self.metric: list[dict[str, Any]] = []
        self.composite: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.data: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
        """By a metric's name and the value of its last dimension."""
        self.states: dict[str, str] = {}
        self.data_requests: list[list[dict[str, Any]]] = []

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_alarms"
        return SimpleNamespace(paginate=self._pages)

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        """Six hundred results a page, each in two halves, of which the first is PartialData; 500 queries at most:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
        queries = asked["MetricDataQueries"]
        assert len(queries) <= 500 and asked["StartTime"] < asked["EndTime"]
        self.data_requests.append(queries)
        results = [self._result(query, half) for query in queries for half in (0, 1)]
        begin = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(begin + PAGE)} if begin + PAGE < len(results) else {}
        return {"MetricDataResults": results[begin : begin + PAGE], **more}

    def _result(self, query: dict[str, Any], half: int) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        values = self.data.get((metric["MetricName"], metric["Dimensions"][-1]["Value"]), [])
        some = values[len(values) // 2 :] if half else values[: len(values) // 2]
        state = self.states.get(metric["MetricName"], "Complete") if half else "PartialData"
        found = {"Timestamps": [at for at, _ in some], "Values": [value for _, value in some]}
        return {"Id": query["Id"], "StatusCode": state, **found}

    def _pages(self, **asked: Any) -> Iterator[dict[str, Any]]:
        """Without AlarmTypes "only metric alarms are returned"; names and a prefix exclude each other; 100 names, 100 a page."""
        self.requests.append(asked)
        assert not ("AlarmNames" in asked and "AlarmNamePrefix" in asked) and len(asked.get("AlarmNames", [])) <= 100
        types = asked.get("AlarmTypes", ["MetricAlarm"])
        found = [
            (kind, each)
            for kind, some in (("MetricAlarm", self.metric), ("CompositeAlarm", self.composite))
            if kind in types
            for each in some
            if each["AlarmName"].startswith(asked.get("AlarmNamePrefix", ""))
            and each["AlarmName"] in asked.get("AlarmNames", [each["AlarmName"]])
            and each.get("StateValue", "OK") == asked.get("StateValue", each.get("StateValue", "OK"))
        ]
        for begin in range(0, max(1, len(found)), 100):
            page = found[begin : begin + 100]
            yield {f"{kind}s": [each for of, each in page if of == kind] for kind in ("MetricAlarm", "CompositeAlarm")}
