"""What happens by the clock, whether anything is published or not: heartbeats, and functions that are invoked regularly."""

import re

from fanout.costs.assumptions import MONTH_SECONDS
from fanout.template.messaging import function_of
from fanout.template.template import Resource, Template
from fanout.template.types import TOPIC
from fanout.template.values import as_list

SCHEDULES = ("AWS::Events::Rule", "AWS::Scheduler::Schedule")
PUBLISHES = "sns:publish"
"""The end of Scheduler's universal target: arn:aws:scheduler:::aws-sdk:sns:publish. Its input names the topic."""

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


def times_a_month(schedule: Resource) -> float:
    """Of `rate(...)`; 0 of one that is disabled. A cron expression counts as once a day: ours have none."""
    if schedule.get("State") == "DISABLED":
        return 0
    expression = schedule.get("ScheduleExpression")
    found = _RATE.fullmatch(expression) if isinstance(expression, str) else None
    if found is None:
        return 30 if isinstance(expression, str) else 0
    return MONTH_SECONDS / (max(1, int(found[1])) * _SECONDS[found[2]])


def heartbeats(template: Template, topics: list[Resource]) -> float:
    """Events a month that schedules publish to one of `topics`."""
    return sum(times_a_month(each) for each in template.of(*SCHEDULES) if feeds(each, topics))


def functions(schedule: Resource) -> list[Resource]:
    """Those that it invokes."""
    found = [function_of(schedule.template, arn) for arn in _targets(schedule)]
    return [each for each in found if each is not None]


def feeds(schedule: Resource, topics: list[Resource]) -> bool:
    """Whether it publishes to one of `topics`."""
    for arn in _targets(schedule):
        if isinstance(arn, str) and arn.endswith(PUBLISHES):
            named = schedule.refers_to
            return any(each.id in named for each in topics)
        target = schedule.template.resource(arn)
        if target is not None and target.type == TOPIC:
            return target in topics
    return False


def _targets(schedule: Resource) -> list[object]:
    """Their ARNs."""
    if schedule.type not in SCHEDULES:
        return []
    named = [schedule.get("Target"), *as_list(schedule.get("Targets"))]
    return [each.get("Arn") for each in named if isinstance(each, dict)]
