"""A dashboard's widgets as data, and its body: one question to the CDK, where each widget and each line would be one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aws_cdk import Aws

from fanout.constructs.metric import AnyMetric, drawn

HEIGHT = 4
WIDE = 5
"""From here on there is room for a legend."""
GREEN, RED, ORANGE, BLUE, GREY, PURPLE = "#2ca02c", "#d62728", "#ff7f0e", "#1f77b4", "#7f7f7f", "#9467bd"
REGION = Aws.REGION


class Widget(NamedTuple):
    kind: str
    width: int
    properties: Mapping[str, Any]


class Line(NamedTuple):
    metric: AnyMetric
    label: str
    colour: str


class Limit(NamedTuple):
    value: float
    label: str
    colour: str


def text(markdown: str, *, width: int) -> Widget:
    return Widget("text", width, {"markdown": markdown})


def ringing(title: str, arns: Sequence[str], *, width: int) -> Widget:
    """Those of the alarms that ring."""
    shown = {"title": title, "alarms": arns, "states": ["ALARM"], "sortBy": "stateUpdatedTimestamp"}
    return Widget("alarm", width, shown)


def number(title: str, line: Line, *, width: int) -> Widget:
    """The last value, over a small graph."""
    shown = {"view": "singleValue", "title": title, "region": REGION, "sparkline": True, "metrics": drawn(*line)}
    return Widget("metric", width, shown)


def graph(title: str, width: int, lines: Sequence[Line], limit: Limit | None = None) -> Widget:
    shown = {
        "view": "timeSeries",
        "title": title,
        "region": REGION,
        "metrics": [part for each in lines for part in drawn(*each)],
        **({"annotations": {"horizontal": [_annotation(limit)]}} if limit else {}),
        "yAxis": {"left": {"min": 0, "showUnits": False}},
        "legend": {"position": "right" if width >= WIDE else "hidden"},
    }
    return Widget("metric", width, shown)


def body(rows: Iterable[Sequence[Widget]]) -> str:
    """One row under the other, each from the left; of the last three hours."""
    return json.dumps(
        {"start": "-PT3H", "widgets": [each for y, row in enumerate(rows) for each in _placed(row, HEIGHT * y)]},
        separators=(",", ":"),
        ensure_ascii=False,
    )


def _placed(row: Sequence[Widget], y: int) -> Iterable[dict[str, Any]]:
    x = 0
    for kind, width, properties in row:
        yield {"type": kind, "width": width, "height": HEIGHT, "x": x, "y": y, "properties": properties}
        x += width


def _annotation(limit: Limit) -> dict[str, Any]:
    return {"value": limit.value, "color": limit.colour, "label": limit.label, "yAxis": "left"}
