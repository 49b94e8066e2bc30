"""ministack 1.5.33, corrected: a log line in CloudWatch's embedded metric format becomes metrics, as on AWS.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs  # type: ignore[import-untyped]

_append = cloudwatch_logs._append_log_events


def _and_measure(stream: dict[str, Any], events: Sequence[dict[str, Any]]) -> None:
    _append(stream, events)
    for event in events:
        for datum in metrics_of(str(event.get("message", ""))):
            cloudwatch._store_datum(*datum)


def metrics_of(line: str) -> Iterator[tuple[Any, ...]]:
    """Namespace, name, dimensions, seconds since 1970, unit, one value or several; nothing of a line that is not in the format."""
    if '"_aws"' not in line:
        return
    try:
        found = json.loads(line)
        about = found["_aws"]
        for directive in about["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                of = {name: str(found[name]) for name in names}
                for metric in directive["Metrics"]:
                    value = found[metric["Name"]]
                    one, several = (None, value) if isinstance(value, list) else (value, None)
                    at, unit = about["Timestamp"] / 1000, metric.get("Unit", "None")
                    yield directive["Namespace"], metric["Name"], of, at, unit, one, several, None, None
    except (ValueError, LookupError, TypeError):
        return


def correct() -> None:
    cloudwatch_logs._append_log_events = _and_measure
