"""Whose event it is, on a topic that keeps no order: the group that SQS is fair by, and what an event may weigh."""

import re
from typing import Any

import pytest

from fanout.contracts.app import app_contracts
from fanout.publisher import EventPublisher, EventTooLarge, InvalidArgument
from fanout.publisher.event import Event
from tests.published import order_placed
from tests.unit.publisher.test_publisher_sns import ARN, SESSION, FakeSns, event

LARGEST = 1_048_576


def publisher(fake: FakeSns, **arguments: Any) -> EventPublisher:
    made = EventPublisher(ARN, session=SESSION, **arguments)
    answer: Any = fake
    made._client.meta.events.register("before-send.sns", answer)
    return made


def of_shop(shop_id: str, order_id: str = "1") -> Event:
    return order_placed(shop_id=shop_id, order_id=order_id, items={})


@pytest.mark.parametrize("fair_by", ["shop_id", "data.shop_id"])
def test_a_standard_topic_gets_the_group_and_no_deduplication_id(fair_by: str) -> None:
    fake = FakeSns()
    shops = publisher(fake, fair_by=fair_by)
    shops.publish(of_shop("berlin"))
    shops.publish_many([of_shop("berlin"), of_shop("bonn")])
    one, many = fake.requests
    assert one["MessageGroupId"] == "berlin"
    groups = [many[f"PublishBatchRequestEntries.member.{number}.MessageGroupId"] for number in (1, 2)]
    assert groups == ["berlin", "bonn"]
    assert not any("MessageDeduplicationId" in key for each in fake.requests for key in each)


def test_a_property_that_tools_do_not_show_is_a_hash() -> None:
    """A group is seen in every console, and such a property may be a person's."""
    fake = FakeSns()
    publisher(fake, fair_by="order_id").publish_many([of_shop("a", "7"), of_shop("b", "7"), of_shop("b", "8")])
    groups = [fake.requests[0][f"PublishBatchRequestEntries.member.{number}.MessageGroupId"] for number in (1, 2, 3)]
    assert groups[0] == groups[1] != groups[2]
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in groups)


@pytest.mark.parametrize("fair_by", ["shopid", "items", "customer", "data", ""])
def test_what_not_every_event_has_as_a_string_is_one_line(fair_by: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        publisher(FakeSns(), fair_by=fair_by)
    assert str(raised.value) == (
        f"fair_by is {fair_by!r}: expected a property that every event has: the group, an attribute, or a required"
        " string of data, of one of order.placed.v1"
    )


def test_a_topic_that_keeps_order_takes_no_fair_by() -> None:
    with pytest.raises(InvalidArgument, match=r"^fair_by is 'shop_id', and arn:\S+\.fifo keeps order by .*: leave"):
        EventPublisher(f"{ARN}.fifo", session=SESSION, fair_by="shop_id")


def test_the_contract_finds_a_property_by_role_attribute_path_or_name_in_data() -> None:
    (contract,) = app_contracts()
    paths = {name: contract.path_of(name) for name in ("shop_id", "type", "data.order_id", "order_id", "source")}
    assert paths == {
        "shop_id": "data.shop_id",
        "type": "type",
        "data.order_id": "data.order_id",
        "order_id": "data.order_id",
        "source": "source",
    }


def test_an_event_and_a_batch_may_weigh_what_the_topic_takes() -> None:
    fake = FakeSns()
    large = publisher(fake, max_bytes=LARGEST)
    data = {"shop_id": "berlin", "order_id": "1", "items": {"a": "x" * 600_000}}
    made = large.new("order.placed.v1", data, source="/shops/berlin")
    large.publish_many([made, made, event(1)])
    counts = [sum(key.endswith(".Id") for key in each) for each in fake.requests]
    assert counts == [1, 2]
    with pytest.raises(EventTooLarge, match=rf"SNS takes {LARGEST}: "):
        large.new("order.placed.v1", {**data, "items": {"a": "x" * LARGEST}}, source="/shops/berlin")


def test_an_event_made_for_a_larger_topic_is_refused_by_a_smaller_one() -> None:
    fake = FakeSns()
    data = {"shop_id": "berlin", "order_id": "1", "items": {"a": "x" * 300_000}}
    made = publisher(FakeSns(), max_bytes=LARGEST).new("order.placed.v1", data, source="/shops/berlin")
    with pytest.raises(EventTooLarge, match="SNS takes 262144: "):
        publisher(fake).publish(made)
    assert not fake.requests


@pytest.mark.parametrize("max_bytes", [0, 1023, LARGEST + 1, "262144", 262_144.0])
def test_a_limit_that_no_topic_has_is_one_line(max_bytes: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^max_bytes is .*: expected 1024 to 1048576, as SNS takes it$"):
        publisher(FakeSns(), max_bytes=max_bytes)
