"""CloudWatch's alarms in memory, with the defaults of its documentation.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any


class CloudWatch:
    def __init__(self) -> None:
        self.metric: list[dict[str, Any]] = []
        self.composite: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_alarms"
        return SimpleNamespace(paginate=self._pages)

    def get_metric_data(self, **_: Any) -> dict[str, Any]:
        return {"MetricDataResults": [{"Values": []}]}

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
