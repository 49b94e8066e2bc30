"""What alarms watch and whom they tell."""

from __future__ import annotations

from typing import Any

from fanout.template.template import Linked, Resource, Template
from fanout.template.types import ALARM, QUEUE
from fanout.template.values import UNKNOWN, External, Value, as_list

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"


def metrics_of(alarm: Resource) -> list[tuple[Value, Value, dict[str, Value]]]:
    """(namespace, metric, dimensions by name) of each metric an alarm looks at, also inside metric math."""
    own = {key: alarm.get(key) for key in ("Namespace", "MetricName", "Dimensions")}
    found = [own] if own["MetricName"] is not None else []
    for query in as_list(alarm.get("Metrics")):
        stat = query.get("MetricStat") if isinstance(query, dict) else None
        metric = stat.get("Metric") if isinstance(stat, dict) else None
        if isinstance(metric, dict):
            found.append(metric)
    return [(each.get("Namespace"), each.get("MetricName"), _dimensions(each)) for each in found]


def alarms_on(queue: Resource) -> list[tuple[Resource, Value]]:
    """(alarm, metric) of everything that watches a queue."""
    return queue.template.linked.remember(_alarms_by_queue).get(queue, [])


def _alarms_by_queue(linked: Linked) -> dict[Any, list[tuple[Resource, Value]]]:
    found: dict[Any, list[tuple[Resource, Value]]] = {}
    for alarm, metric, watched in linked.remember(_watched):
        if isinstance(watched, Resource):
            found.setdefault(watched, []).append((alarm, metric))
    return found


def watches_unseen_queues(template: Template) -> bool:
    """Whether some alarm watches a queue that cannot be told apart: it may be any."""
    return template.linked.remember(_watches_unseen)


def _watches_unseen(linked: Linked) -> bool:
    every = linked.remember(_watched)
    searching = any(_searches(alarm) for alarm in linked.of(ALARM))
    return searching or any(watched is UNKNOWN or isinstance(watched, External) for _, _, watched in every)


def actions_of(alarm: Resource) -> list[Value]:
    """What an alarm does when it rings: resources where they can be seen."""
    return [alarm.template.target(each) for each in as_list(alarm.get("AlarmActions"))]


def alarmed(template: Template) -> set[Value]:
    """All that alarms tell, here or in a template beside."""
    return template.linked.remember(_alarmed)


def _alarmed(linked: Linked) -> set[Value]:
    return {action for alarm in linked.of(ALARM, COMPOSITE) for action in actions_of(alarm)}


def _watched(linked: Linked) -> list[tuple[Resource, Value, Value]]:
    found: list[tuple[Resource, Value, Value]] = []
    for alarm in linked.of(ALARM):
        for namespace, metric, dimensions in metrics_of(alarm):
            if namespace == "AWS/SQS" and "QueueName" in dimensions:
                found.append((alarm, metric, _queue(alarm.template, dimensions["QueueName"])))
    return found


def _queue(template: Template, name: Value) -> Value:
    """A name leads to a queue of the template, or of one that it was checked with."""
    target = template.target(name)
    if isinstance(target, str):
        return _named(template, target) or target
    return target


def _named(template: Template, name: str) -> Resource | None:
    """A queue of that name: the template's own before another's."""
    found = template.linked.remember(_by_name).get(name, [])
    return next((each for each in found if each.template is template), found[0] if found else None)


def _by_name(linked: Linked) -> dict[Value, list[Resource]]:
    found: dict[Value, list[Resource]] = {}
    for queue in linked.of(QUEUE):
        if isinstance(name := queue.get("QueueName"), str):
            found.setdefault(name, []).append(queue)
    return found


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
