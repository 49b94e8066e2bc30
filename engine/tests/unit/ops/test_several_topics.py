"""A stack with two topics: which one is meant, what its publishers say, and who is subscribed to either."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanout.errors import OpsError, Unusable
from fanout.ops.aws.stack import Stack
from fanout.ops.send.event import publish, read_events
from fanout.ops.status.report import _subscriptions
from tests.unit.ops.given import World, event, world

__all__ = ["world"]

ORDERS, BILLS = (
    "arn:aws:sns:eu-west-1:123456789012:Orders-prod-OrderPlaced-X1",
    "arn:aws:sns:eu-west-1:123456789012:Orders-prod-Bills-Y2",
)
BOTH = {"TopicArn": ORDERS, "BillsTopicArn": BILLS, "BillsFairBy": "shop_id", "BillsMaxBytes": "1048576"}


class Sns:
    """Who is subscribed to which topic, and what was published."""

    def __init__(self, endpoints: dict[str, list[str]]) -> None:
        self.endpoints = endpoints
        self.sent: list[dict[str, Any]] = []
        self.meta = type("Meta", (), {"region_name": "eu-west-1"})

    def get_paginator(self, _: str) -> "Sns":
        return self

    def paginate(self, TopicArn: str) -> list[dict[str, Any]]:
        return [{"Subscriptions": [{"Endpoint": each} for each in self.endpoints.get(TopicArn, [])]}]

    def publish_batch(self, **request: Any) -> dict[str, Any]:
        self.sent.append(request)
        return {"Successful": [{"Id": each["Id"]} for each in request["PublishBatchRequestEntries"]]}


def stack(world: World, outputs: dict[str, str]) -> Stack:
    return replace(world.stack, outputs=outputs)


def test_the_main_topic_is_meant_unless_another_is_named_by_id_or_name(world: World) -> None:
    both = stack(world, BOTH)
    assert both.topics == {"": ORDERS, "Bills": BILLS}
    assert (both.topic_arn, both.fair_by, both.max_bytes) == (ORDERS, None, None)
    for word in ("Bills", "bills", "Orders-prod-Bills-Y2"):
        chosen = both.of_topic(word)
        assert (chosen.topic_arn, chosen.fair_by, chosen.max_bytes) == (BILLS, "shop_id", 1_048_576)
    assert both.of_topic("Orders-prod-OrderPlaced-X1").topic_arn == both.of_topic(None).topic_arn == ORDERS


def test_a_topic_that_is_not_there_is_one_line_with_those_that_are(world: World) -> None:
    for word in ("Invoices", "", "arn"):
        with pytest.raises(OpsError) as raised:
            stack(world, BOTH).of_topic(word)
        assert str(raised.value) == f"Orders-prod has no topic {word!r}: it has Orders-prod-OrderPlaced-X1, Bills"


def test_without_a_main_topic_the_only_one_is_meant_and_of_two_one_must_be_named(world: World) -> None:
    assert stack(world, {"BillsTopicArn": BILLS}).topic_arn == BILLS
    two = stack(world, {"BillsTopicArn": BILLS, "OrdersTopicArn": ORDERS})
    with pytest.raises(OpsError, match="several topics: give --topic Bills or --topic Orders$"):
        assert two.topic_arn
    assert two.of_topic("Orders").topic_arn == ORDERS
    with pytest.raises(OpsError, match="has no topic: events are published"):
        assert stack(world, {}).topic_arn


def events(world: World, size: int = 0) -> list[Any]:
    path = Path(world.folder) / "event.json"
    data = {"shop_id": "berlin", "order_id": "1", "items": {"q": "x" * size}}
    path.write_text(json.dumps(event(1, data=data)))
    return read_events(str(path), example=False, count=1)


def test_what_is_sent_has_the_group_and_the_size_of_its_topic(world: World) -> None:
    sns = world.aws.sns = Sns({})  # type: ignore[assignment]
    for word, group in ((None, None), ("Bills", "berlin")):
        publish(stack(world, BOTH).of_topic(word), events(world))
        (entry,) = sns.sent[-1]["PublishBatchRequestEntries"]
        assert entry.get("MessageGroupId") == group
    large = events(world, 300_000)
    publish(stack(world, BOTH).of_topic("Bills"), large)
    with pytest.raises(Unusable, match="SNS takes 262144: "):
        publish(stack(world, BOTH), large)
    assert [each["TopicArn"] for each in sns.sent] == [ORDERS, BILLS, BILLS]


def test_a_property_that_no_contract_here_has_is_one_line(world: World) -> None:
    world.aws.sns = Sns({})  # type: ignore[assignment]
    with pytest.raises(Unusable, match="^Orders-prod: fair_by is 'customer_id': expected a property"):
        publish(stack(world, {"TopicArn": ORDERS, "FairBy": "customer_id"}), events(world))


def test_status_counts_the_subscriptions_of_every_topic(world: World) -> None:
    for endpoints, count, problems in (
        ({ORDERS: ["arn:aws:sqs:eu-west-1:1:queue"], BILLS: []}, 1, 0),
        ({ORDERS: [], BILLS: ["arn:aws:sqs:eu-west-1:1:queue", "arn:aws:sqs:eu-west-1:1:other"]}, 2, 0),
        ({}, 0, 1),
    ):
        world.aws.sns = Sns(endpoints)  # type: ignore[assignment]
        found, unasked = list[str](), list[str]()
        assert _subscriptions(stack(world, BOTH), found, unasked) == count
        assert len(found) == problems and unasked == []
