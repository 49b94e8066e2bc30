"""The alarms of a stack: all in one paginated call, composite ones too."""

import re
from collections.abc import Iterator
from typing import Any

from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack

_MOST_NAMES = 100
"""Of a request: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
_OF_LONGER_NAME = re.compile(r"[A-Za-z0-9-]+-([A-Za-z0-9]+-[A-Z0-9]{12,13}|NeedsAPerson)")
"""After the stack's name and a hyphen: more of a name, and then what a stack of that name has, as STACK-LOGICALID-SUFFIX:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html#resources-section-physical-id"""


def of_stack(aws: Aws, name: str, **more: Any) -> Iterator[dict[str, Any]]:
    """By the stack's name, which starts the generated names of its alarms, and is no beginning of another stack's; `more` as
    StateValue="ALARM".

    Without AlarmTypes only metric alarms are returned:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    found = _described(aws, AlarmNamePrefix=f"{name}-", **more)
    return (each for each in found if not _OF_LONGER_NAME.fullmatch(each["AlarmName"], len(name) + 1))


def of_resources(aws: Aws, resources: set[tuple[str, str]], **more: Any) -> Iterator[dict[str, Any]]:
    """Whoever made them: those that look at one of these, each by the dimension that it has in metrics and its name."""
    return (each for each in _described(aws, **more) if resources & set(_looked_at(each)))


def _looked_at(alarm: dict[str, Any]) -> Iterator[tuple[str, str]]:
    stats = [each.get("MetricStat", {}).get("Metric", {}) for each in alarm.get("Metrics", ())]
    for metric in (alarm, *stats):
        yield from ((str(each.get("Name")), str(each.get("Value"))) for each in metric.get("Dimensions", ()))


def by_name(stack: Stack, names: list[str]) -> dict[str, dict[str, Any]]:
    """Those of `names` that exist; names that are not generated are asked for by themselves."""
    prefix = f"{stack.name}-"
    own = _described(stack.aws, AlarmNamePrefix=prefix) if any(each.startswith(prefix) for each in names) else ()
    found = {each["AlarmName"]: each for each in own}
    others = [each for each in names if each and not each.startswith(prefix)]
    for begin in range(0, len(others), _MOST_NAMES):
        answers = _described(stack.aws, AlarmNames=others[begin : begin + _MOST_NAMES])
        found |= {each["AlarmName"]: each for each in answers}
    return found


def is_for_people(alarm: dict[str, Any]) -> bool:
    """Not one that only starts or ends workers: its state says nothing of trouble.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    actions = alarm.get("AlarmActions", [])
    return not actions or not all(str(each).split(":")[2:3] == ["autoscaling"] for each in actions)


def _described(aws: Aws, **asked: Any) -> Iterator[dict[str, Any]]:
    pages = aws.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm", "CompositeAlarm"], **asked
    )
    for page in pages:
        for each in (*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])):
            yield dict(each)
