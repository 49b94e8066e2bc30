"""What alarms watch and whom they tell."""

from __future__ import annotations

from typing import Any

from fanout.template.template import Resource, Template
from fanout.template.types import ALARM, QUEUE
from fanout.template.values import UNKNOWN, External, Value, as_list

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"


def metrics_of(alarm: Resource) -> list[tuple[Value, Value, dict[str, Value]]]:
    """(namespace, metric, dimensions by name) of each metric an alarm looks at, also inside metric math."""
    found = [alarm.properties] if alarm.get("MetricName") is not None else []
    for query in as_list(alarm.get("Metrics")):
        stat = query.get("MetricStat") if isinstance(query, dict) else None
        metric = stat.get("Metric") if isinstance(stat, dict) else None
        if isinstance(metric, dict):
            found.append(metric)
    return [(each.get("Namespace"), each.get("MetricName"), _dimensions(each)) for each in found]


def alarms_on(template: Template, queue: Resource) -> list[tuple[Resource, Value]]:
    """(alarm, metric) of everything that watches a queue."""
    return template.remember(_alarms_by_queue).get(queue, [])


def _alarms_by_queue(template: Template) -> dict[Any, list[tuple[Resource, Value]]]:
    found: dict[Any, list[tuple[Resource, Value]]] = {}
    for one in (template, *template.siblings):
        for alarm, metric, watched in one.remember(_watched):
            if isinstance(watched, Resource):
                found.setdefault(watched, []).append((alarm, metric))
    return found


def watches_unseen_queues(template: Template) -> bool:
    """Whether some alarm watches a queue that cannot be told apart: it may be any."""
    every = [each for one in (template, *template.siblings) for each in one.remember(_watched)]
    searching = any(_searches(alarm) for alarm in template.everywhere(ALARM))
    return searching or any(watched is UNKNOWN or isinstance(watched, External) for _, _, watched in every)


def actions_of(alarm: Resource) -> list[Value]:
    """What an alarm does when it rings: resources where they can be seen."""
    return [alarm.template.target(each) for each in as_list(alarm.get("AlarmActions"))]


def _watched(template: Template) -> list[tuple[Resource, Value, Value]]:
    found: list[tuple[Resource, Value, Value]] = []
    for alarm in template.of(ALARM):
        for namespace, metric, dimensions in metrics_of(alarm):
            if namespace == "AWS/SQS" and "QueueName" in dimensions:
                found.append((alarm, metric, _queue(template, dimensions["QueueName"])))
    return found


def _queue(template: Template, name: Value) -> Value:
    """A name leads to a queue of the template, or of one that it was checked with."""
    target = template.target(name)
    if isinstance(target, str):
        named = (each for each in template.everywhere(QUEUE) if each.get("QueueName") == target)
        return next(named, target)
    return target


def _dimensions(metric: dict[str, Any]) -> dict[str, Value]:
    each = [one for one in as_list(metric.get("Dimensions")) if isinstance(one, dict)]
    return {str(one.get("Name")): one.get("Value") for one in each}


def _searches(alarm: Resource) -> bool:
    return any(_is_search(query) for query in as_list(alarm.get("Metrics")))


def _is_search(query: Value) -> bool:
    expression = query.get("Expression") if isinstance(query, dict) else UNKNOWN
    return expression is UNKNOWN or (
        isinstance(expression, str) and expression.upper().startswith(("SEARCH", "SELECT"))
    )
