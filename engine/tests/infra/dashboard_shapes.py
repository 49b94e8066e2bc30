"""The recorded series behind each line of the dashboard: `python -m local shapes` wrote them, on the embedded AWS.

A point is a few seconds there and a period of the dashboard here. What an hour holds is reckoned from the minute around a
point. One series is not recorded, as the embedded AWS does not poll as Lambda does: empty receives are those of five
pollers, as costs/polling.py has them.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from fanout.costs.assumptions import Assumptions
from fanout.costs.polling import Polled
from tests.infra.alarm_evaluator import Values, evaluated

RECORDED = Path(__file__).parent / "recorded_shapes.json"
POLLED = Polled(batch_size=10, window=0, bound=5)
AROUND = 6
"""Points on each side, of which an hour is reckoned."""
HOURLY = {"sent": "NumberOfMessagesSent", "calls": "Invocations", "ms": "Duration Sum", "size": "IncomingBytes"}


@cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORDED.read_text())
    return found


def series(line: list[Any]) -> Values:
    """Of one line of a widget: [namespace, metric, dimension, value, ..., options], or [{expression, ...}]."""
    name, options = str(line[1]), line[-1]
    source = recorded()["tasks"].get(task_of(line)) or recorded()["topic"]
    count = len(recorded()["topic"]["NumberOfMessagesPublished"])
    found: Values | None = source.get(f"{name} {options.get('stat')}") or source.get(name)
    return found or [None] * count


def formula(expression: str, task: str) -> Values:
    """Metric math over an hour's sums at each point."""
    source = recorded()["tasks"][task]
    known = {id_: _hourly(source[name]) for id_, name in HOURLY.items()}
    empty = POLLED.idle_receives(Assumptions()) / 720
    known["empty"] = [max(0.0, empty - (calls or 0)) for calls in known["calls"]]
    return evaluated(expression, known, 3600)


def task_of(lines: object) -> str:
    """Logical ids and dimensions both say it: NotifyPartnerQueue..., notify_partner."""
    text = json.dumps(lines).lower().replace("_", "")
    return next((task for task in recorded()["tasks"] if task.replace("_", "") in text), "")


def _hourly(points: Values) -> Values:
    found: Values = []
    for at in range(len(points)):
        near = points[max(0, at - AROUND) : at + AROUND + 1]
        seconds = len(near) * recorded()["seconds_per_point"]
        found.append(sum(each or 0 for each in near) * 3600 / seconds)
    return found
