"""Two subscribers of one task in one stack: whoever would delete the other's events is told so at synth, and nobody else."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Annotations as Told
from aws_cdk import assertions

from fanout.constructs.shared_task import TASK_SHARED
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.alarms_of import TOPIC_ARN


def warnings(*each: dict[str, Any], acknowledged: bool = False) -> list[str]:
    """Of subscribers A, B, ... with these arguments."""
    stack = cdk.Stack(cdk.App(), "Team")
    if acknowledged:
        Told.of(stack).acknowledge_warning(TASK_SHARED, "each has its own half of the shops")
    for number, arguments in enumerate(each):
        topic = Topic.from_arn(stack, f"T{number}", arguments.pop("arn", TOPIC_ARN), settings=settings.DEV)
        Subscriber(stack, "ABCD"[number], topic=topic, **{"task": "archive_order", **arguments})
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return [str(one.entry.data) for one in found]


def test_one_line_names_both_the_task_and_what_to_do() -> None:
    (line,) = warnings({}, {})
    assert line.startswith("subscribers A and B both run task archive_order: ")
    assert "one alone works on it" in line and "give each a task folder or a stack of its own" in line
    assert TASK_SHARED in line and "\n" not in line


def test_each_further_one_is_told_once() -> None:
    assert [line[:21] for line in warnings({}, {}, {})] == ["subscribers A and B b", "subscribers A and C b"]


PLACED, PAID = {"only": {"type": ["order.placed.v1"]}}, {"only": {"type": ["order.paid.v1"]}}
OTHER_ARN = TOPIC_ARN.replace("OrderPlaced", "Bills")


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (({}, {"task": "notify_partner"}), False),
        ((PLACED, PAID), False),
        ((PLACED, PLACED), True),
        ((PLACED, {}), True),
        (({"only": {"shop_id": ["a"]}}, {"only": {"shop_id": ["b"]}}), True),
        (({}, {"arn": OTHER_ARN}), False),
        (({"idempotent": True}, {"idempotent": True}), False),
        (({"idempotent": True}, {}), True),
    ],
)
def test_only_those_that_may_get_one_event_are_told(pair: tuple[dict[str, Any], dict[str, Any]], told: bool) -> None:
    assert bool(warnings(*map(dict, pair))) is told


def test_who_knows_it_acknowledges_it() -> None:
    assert warnings({}, {}, acknowledged=True) == []
