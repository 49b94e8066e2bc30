"""What is a topic and who subscribes to it, in templates that we did not write."""

from typing import Any

import pytest

from fanout.catalog.reading import name_of, production, subscribers, topics
from fanout.template.template import Template
from tests.unit.catalog.given import att, orders, subscribed


def read(resources: dict[str, Any], **sections: Any) -> Template:
    return Template({"Resources": resources, **sections})


def test_a_subscriber_is_a_queue_with_what_stands_behind_it() -> None:
    (topic,) = topics(Template(orders()))
    bill, ship = topic.subscribers
    assert (topic.name, bill.name, ship.name) == ("Orders", "BillFn", "ShipFn")
    assert bill.dead_letter_queue and bill.dead_letter_queue.id == "BillDlq"
    assert bill.mapping and bill.mapping.resource.id == "BillMap"
    assert (bill.filter, ship.filter) == (None, {"country": ["DE", {"prefix": "F"}]})


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ({"Ref": "TopicArn"}, "TopicArn"),
        ({"Fn::ImportValue": "their-orders"}, "their-orders"),
        ("arn:aws:sns:eu-west-1:111122223333:orders", "orders"),
        ({"Fn::Sub": "arn:aws:sns:${AWS::Region}:${AWS::AccountId}:orders"}, "orders"),
    ],
    ids=["parameter", "import", "ARN", "ARN put together"],
)
def test_a_topic_of_another_stack_is_called_as_the_template_calls_it(topic: Any, name: str) -> None:
    template = read(subscribed("Bill", topic), Parameters={"TopicArn": {"Type": "String"}})
    (found,) = topics(template)
    assert (found.name, found.resource, len(found.subscribers)) == (name, None, 1)


def test_a_queue_behind_a_condition_leaves_out_what_cannot_be_seen() -> None:
    resources = subscribed("Bill", {"Ref": "Orders"}) | {"Orders": {"Type": "AWS::SNS::Topic"}}
    policy = {
        "Fn::If": ["IsProd", {"deadLetterTargetArn": att("BillDlq"), "maxReceiveCount": 4}, {"Ref": "AWS::NoValue"}]
    }
    resources["BillQueue"]["Properties"]["RedrivePolicy"] = policy
    (bill,) = subscribers(read(resources, Conditions={"IsProd": {}}))
    assert (bill.queue.id, bill.dead_letter_queue) == ("BillQueue", None)


def test_a_queue_that_another_program_reads_has_no_function() -> None:
    resources = subscribed("Bill", {"Ref": "Orders"}) | {"Orders": {"Type": "AWS::SNS::Topic"}}
    del resources["BillMap"]
    (bill,) = subscribers(read(resources))
    assert (bill.name, bill.function, bill.mapping) == ("BillQueue", None, None)


def test_a_queue_of_two_topics_is_one_subscriber_and_is_under_both() -> None:
    resources = orders()["Resources"] | {"Returns": {"Type": "AWS::SNS::Topic"}}
    second = {"Protocol": "sqs", "TopicArn": {"Ref": "Returns"}, "Endpoint": att("BillQueue")}
    resources["Second"] = {"Type": "AWS::SNS::Subscription", "Properties": second}
    template = read(resources)
    assert [(each.name, [one.name for one in each.subscribers]) for each in topics(template)] == [
        ("Orders", ["BillFn", "ShipFn"]),
        ("Returns", ["BillFn"]),
    ]
    assert [each.name for each in subscribers(template)] == ["BillFn", "ShipFn"]


def test_tasks_of_one_name_are_told_apart() -> None:
    resources = orders()["Resources"]
    for function in ("BillFn", "ShipFn"):
        resources[function]["Properties"]["Tags"] = [{"Key": "fanout:task", "Value": "ship"}]
    assert [each.name for each in subscribers(read(resources))] == ["ship", "ship_2"]


def test_subscriptions_that_feed_no_queue_of_the_template_are_others() -> None:
    resources = orders()["Resources"]
    mail = {"Protocol": "email", "TopicArn": {"Ref": "Orders"}, "Endpoint": "pat@example.com"}
    resources["Mail"] = {"Type": "AWS::SNS::Subscription", "Properties": mail}
    (topic,) = topics(read(resources))
    assert [each.protocol for each in topic.others] == ["email"]


def test_a_topic_for_people_only_is_none() -> None:
    mail = {"Protocol": "email", "TopicArn": {"Ref": "Alarms"}, "Endpoint": "pat@example.com"}
    resources = {"Alarms": {"Type": "AWS::SNS::Topic"}, "Mail": {"Type": "AWS::SNS::Subscription", "Properties": mail}}
    assert topics(read(resources)) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Stack/SendReceipt/Queue/Resource", "SendReceipt"),
        ("Stack/SendReceipt/DeadLetterQueue/Resource", "SendReceipt/DeadLetterQueue"),
        ("Stack/Queue/Resource", "Queue"),
    ],
)
def test_a_name_is_the_path_without_the_stack_and_without_the_type(path: str, name: str) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": path}}
    assert name_of(read({"Queue1FD3B874": queue}).resources["Queue1FD3B874"]) == name


def test_the_environment_that_is_described_is_the_only_one_or_the_one_in_production() -> None:
    dev, prod = Template(orders(), name="dev"), Template(orders(), name="prod", production=True)
    assert production([dev]) is dev
    assert production([dev, prod]) is prod
    assert production([dev, Template(orders(), name="staging")]) is None
    assert production([prod, Template(orders(), name="us", production=True)]) is None
