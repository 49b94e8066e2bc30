"""A metric as data, as an alarm and a graph say it to CloudWatch. Of the CDK's own objects each would be a question: ADR 0029."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Token
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fanout import names
from fanout.constructs.cdk_cache import fact, stack_of

MINUTE, FIVE_MINUTES, HOUR = 60, 300, 3600
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`period` in seconds. `place` is `account` and `region` where they are not the stack's."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int = FIVE_MINUTES
    place: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Expression:
    """Metric math over metrics of the same period, by their ids in it. `label` is what an alarm says of it."""

    expression: str
    label: str = ""
    metrics: Mapping[str, "Metric | Expression"] = field(default_factory=dict)
    period: int = FIVE_MINUTES


AnyMetric = Metric | Expression


def of_queue(queue: sqs.Queue, name: str, statistic: str, period: int = FIVE_MINUTES) -> Metric:
    return _of("AWS/SQS", name, {"QueueName": fact(queue, "queue_name")}, statistic, period)


def of_function(function: lambda_.Function, name: str, statistic: str, period: int = FIVE_MINUTES) -> Metric:
    return _of("AWS/Lambda", name, {"FunctionName": fact(function, "function_name")}, statistic, period)


def of_topic(scope: Construct, topic: sns.ITopic, name: str, statistic: str, period: int = FIVE_MINUTES) -> Metric:
    """As `scope` sees a topic that may be another stack's."""
    return Metric(
        namespace="AWS/SNS",
        name=name,
        dimensions={"TopicName": fact(topic, "topic_name")},
        statistic=statistic,
        period=period,
        place=_place(scope, topic),
    )


def of_task(stack: str, task: str, name: str, statistic: str, period: int = FIVE_MINUTES) -> Metric:
    """What the task itself emits, for example Done."""
    return _of(names.NAMESPACE, name, {names.STACK_DIMENSION: stack, names.TASK_DIMENSION: task}, statistic, period)


def of_log_lines(metric: AnyMetric) -> bool:
    """Whether it is, or is made of, what a task emits: CloudWatch has that of a log group alone."""
    each_of = [metric, *(each for _, each in _used(metric))]
    return any(isinstance(each, Metric) and each.namespace == names.NAMESPACE for each in each_of)


def of_log(group: logs.LogGroup | None, period: int) -> Metric:
    """Bytes."""
    name = fact(group, "log_group_name") if group else ""
    return _of("AWS/Logs", "IncomingBytes", {"LogGroupName": name}, "Sum", period)


def _of(namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, period: int) -> Metric:
    return Metric(namespace=namespace, name=name, dimensions=dimensions, statistic=statistic, period=period)


def _place(scope: Construct, topic: sns.ITopic) -> dict[str, str]:
    theirs, ours = fact(topic, "stack"), stack_of(scope)
    if theirs is ours:
        return {}
    known = {name: fact(theirs, name) for name in ("account", "region")}
    return {name: of for name, of in known.items() if not Token.is_unresolved(of) and of != fact(ours, name)}


def watched(metric: AnyMetric) -> dict[str, Any]:
    """The arguments of a CfnAlarm."""
    if isinstance(metric, Metric) and "account" not in metric.place:
        return {"period": metric.period, "statistic": metric.statistic, **_named(metric, "metric_name")}
    first = "m1" if isinstance(metric, Metric) else "expr_1"
    return {"metrics": [_query(first, metric, top=True), *(_query(*each) for each in _used(metric))]}


def drawn(metric: AnyMetric, label: str, colour: str) -> list[list[Any]]:
    """The lines of a graph: one that is seen, and what it is made of."""
    if isinstance(metric, Expression):
        seen = {"label": label, "color": colour, "expression": metric.expression, **_period(metric)}
        return [[seen], *(_line(each, {"id": id_, "visible": False}) for id_, each in _used(metric))]
    return [_line(metric, {"color": colour, "label": label})]


def _used(metric: AnyMetric) -> Iterator[tuple[str, AnyMetric]]:
    for id_, each in metric.metrics.items() if isinstance(metric, Expression) else ():
        yield id_, each
        yield from _used(each)


def _named(metric: Metric, key: str) -> dict[str, Any]:
    dimensions = [{"name": name, "value": value} for name, value in sorted(metric.dimensions.items())]
    return {"namespace": metric.namespace, key: metric.name, "dimensions": dimensions}


def _query(id_: str, metric: AnyMetric, *, top: bool = False) -> dict[str, Any]:
    if isinstance(metric, Metric):
        account = {"accountId": metric.place["account"]} if "account" in metric.place else {}
        asked = {"metric": _named(metric, "metricName"), "period": metric.period, "stat": metric.statistic}
        return {"id": id_, "metricStat": asked, "returnData": top, **account}
    about = {"label": metric.label} if metric.label else {}
    period = {} if metric.metrics else {"period": metric.period}
    return {"id": id_, "expression": metric.expression, "returnData": top, **about, **period}


def _line(metric: AnyMetric, options: Mapping[str, Any]) -> list[Any]:
    """A line says what differs from the graph's own place, period and statistic."""
    if isinstance(metric, Expression):
        return [{**options, "expression": metric.expression, **_period(metric)}]
    places = {"account": "accountId", "region": "region"}
    told = {**options, **{places[each]: value for each, value in metric.place.items()}, **_period(metric)}
    if metric.statistic != "Average":
        told["stat"] = metric.statistic
    dimensions = [each for pair in sorted(metric.dimensions.items()) for each in pair]
    return [metric.namespace, metric.name, *dimensions, told]


def _period(metric: AnyMetric) -> dict[str, int]:
    return {} if metric.period == FIVE_MINUTES else {"period": metric.period}
