"""CloudWatch's rules, as small as our alarms need them: an alarm of a template, a recorded series, and when it rings.

A series has one datapoint a minute, None where AWS sent none. Periods are aligned to the series' start. As in
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html; what AWS leaves open (how many
datapoints it looks back at when some are missing) is not modelled.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Values = list[float | None]
Series = Sequence[float | None]
Recorded = dict[str, Series]
"""By metric name."""

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Maximum": max,
    "Minimum": min,
    "Sum": sum,
    "Average": lambda found: sum(found) / len(found),
    "SampleCount": len,
}
COMPARED: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right if right else None,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
}


def none(minutes: int) -> list[float | None]:
    """An idle queue, topic or function: AWS sends nothing."""
    return [None] * minutes


def at(value: float, minutes: int) -> list[float | None]:
    return [value] * minutes


def states(alarm: dict[str, Any], recorded: Recorded, *, start: datetime = MONDAY) -> list[str]:
    """OK or ALARM at the end of each period; `alarm` is the properties of an AWS::CloudWatch::Alarm."""
    compared, threshold = COMPARED[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    missing = {"notBreaching": False, "breaching": True}[alarm["TreatMissingData"]]
    periods = alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm", periods)
    found = []
    for window in _windows(alarm, recorded, start, periods):
        breaching = [missing if each is None else compared(each, threshold) for each in window]
        found.append("ALARM" if sum(breaching) >= needed else "OK")
    return found


def rings(alarm: dict[str, Any], recorded: Recorded, *, start: datetime = MONDAY) -> int:
    """How often somebody is told: each time OK becomes ALARM."""
    found = ["OK", *states(alarm, recorded, start=start)]
    return sum(before == "OK" and after == "ALARM" for before, after in zip(found, found[1:], strict=False))


def evaluated(expression: str, known: dict[str, Values], period: int) -> Values:
    """Metric math over the values of each period, by the ids in `expression`."""
    return _Math(known, {"returned": expression}, period, MONDAY).series("returned")


def _windows(alarm: dict[str, Any], recorded: Recorded, start: datetime, periods: int) -> Iterator[Values]:
    """What CloudWatch has before it at the end of each period: the last `periods` of them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
    """
    if "MetricName" in alarm:
        plain = _aggregated(recorded[alarm["MetricName"]], alarm["Period"], alarm["Statistic"])
        yield from (plain[max(0, end - periods) : end] for end in range(1, len(plain) + 1))
        return
    queries = {each["Id"]: each for each in alarm["Metrics"]}
    stats = {id_: each["MetricStat"] for id_, each in queries.items() if "MetricStat" in each}
    (period,) = {each["Period"] for each in stats.values()}
    known = {id_: _aggregated(recorded[_name(each)], period, each["Stat"]) for id_, each in stats.items()}
    math = _Math(known, {id_: each["Expression"] for id_, each in queries.items() if id_ not in stats}, period, start)
    (returned,) = [id_ for id_, each in queries.items() if each.get("ReturnData", True)]
    for end in range(1, math.length + 1):
        math.first = max(0, end - periods)
        yield [math.value(returned, place) for place in range(math.first, end)]


def _name(stat: dict[str, Any]) -> str:
    return str(stat["Metric"]["MetricName"])


def _aggregated(series: Series, period: int, statistic: str) -> Values:
    minutes = period // 60
    some = [[each for each in series[at : at + minutes] if each is not None] for at in range(0, len(series), minutes)]
    return [STATISTICS[statistic](each) if each else None for each in some]


@dataclass
class _Math:
    """Metric math, one period after the other: what has no value has no result, except where FILL or SUM say so.

    `first` is where the evaluated window begins: a running sum knows nothing of what was before.
    """

    known: dict[str, Values]
    expressions: dict[str, str]
    period: int
    start: datetime
    first: int = 0

    def __post_init__(self) -> None:
        self.length = len(next(iter(self.known.values())))
        self.trees = {
            id_: ast.parse(each.replace(" AND ", " and "), mode="eval").body for id_, each in self.expressions.items()
        }

    def series(self, id_: str) -> Values:
        return [self.value(id_, place) for place in range(self.length)]

    def value(self, id_: str, place: int) -> Any:
        return self.known[id_][place] if id_ in self.known else self._at(self.trees[id_], place)

    def _at(self, node: ast.AST, place: int) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self.value(node.id, place) if place >= 0 else None
        if isinstance(node, ast.Call):
            return self._called(node, place)
        if isinstance(node, ast.BoolOp):
            return all(self._at(each, place) for each in node.values)
        if isinstance(node, ast.Compare):
            return self._both(type(node.ops[0]), node.left, node.comparators[0], place)
        assert isinstance(node, ast.BinOp), ast.dump(node)
        return self._both(type(node.op), node.left, node.right, place)

    def _both(self, kind: type[ast.AST], left: ast.AST, right: ast.AST, place: int) -> Any:
        sides = self._at(left, place), self._at(right, place)
        return None if None in sides else OPERATORS[kind](*sides)

    def _called(self, node: ast.Call, place: int) -> Any:
        assert isinstance(node.func, ast.Name)
        function: Callable[..., Any] = getattr(self, f"_{node.func.id.lower()}")
        return function(place, *node.args)

    def _if(self, place: int, condition: ast.AST, then: ast.AST, otherwise: ast.AST) -> Any:
        met = self._at(condition, place)
        return None if met is None else self._at(then if met else otherwise, place)

    def _diff(self, place: int, of: ast.AST) -> Any:
        now, before = self._at(of, place), self._at(of, place - 1) if place else None
        return None if now is None or before is None else now - before

    def _fill(self, place: int, of: ast.AST, value: ast.AST) -> Any:
        found = self._at(of, place)
        return self._at(value, place) if found is None else found

    def _sum(self, place: int, of: ast.List) -> Any:
        found = [value for value in (self._at(each, place) for each in of.elts) if value is not None]
        return sum(found) if found else None

    def _running_sum(self, place: int, of: ast.AST) -> Any:
        if self._at(of, place) is None:
            return None
        return sum(self._at(of, each) or 0 for each in range(self.first, place + 1))

    def _period(self, place: int, of: ast.AST) -> int:
        return self.period

    def _time_series(self, place: int, value: ast.AST) -> Any:
        return self._at(value, place)

    def _hour(self, place: int, of: ast.AST) -> int:
        return self._when(place).hour

    def _day(self, place: int, of: ast.AST) -> int:
        return self._when(place).isoweekday()

    def _when(self, place: int) -> datetime:
        return self.start + timedelta(seconds=place * self.period)
