"""`fanout doctor` on an app's own resources: nothing written is taken for granted, and one resource's trouble is its own."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.doctor.deployed import Deployed
from fanout.ops.doctor.doctor import _drift
from fanout.ops.doctor.live import READS

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Orders-prod/1"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:Orders"
OURS, OTHERS = {"Statement": [{"Effect": "Allow"}]}, {"Statement": [{"Effect": "Deny"}]}


def drift(kind: str, properties: dict[str, Any], ids: dict[str, str], *, live: Any = None, **aws: Any) -> list[str]:
    """Of the one resource `R`; `ids` are those of others."""
    resources = {"R": {"Type": kind, "Properties": properties}}
    stack = Stack(cast(Aws, SimpleNamespace(**aws)), "Orders-prod", ARN, "CREATE_COMPLETE", {"TopicArn": TOPIC}, ())
    read = Deployed(stack, {"Resources": resources}, {"R": "r", **ids})
    return [
        f"{each.kind} {each.where}: {each.what}"
        for each in _drift(read, kind, live or READS[kind], {"Resources": resources})
    ]


@pytest.mark.parametrize(("second", "found"), [(OURS, []), (OTHERS, ["drift"]), ({}, ["drift"])])
def test_a_policy_of_several_queues_is_compared_at_each(second: dict[str, Any], found: list[str]) -> None:
    policies = {"https://1/a": OURS, "https://1/b": second}
    sqs = SimpleNamespace(
        get_queue_attributes=lambda QueueUrl, **_: {"Attributes": {"Policy": json.dumps(policies[QueueUrl])}}
    )
    written = {"Queues": [{"Ref": "A"}, {"Ref": "B"}], "PolicyDocument": OURS}
    told = drift("AWS::SQS::QueuePolicy", written, {"A": "https://1/a", "B": "https://1/b"}, sqs=sqs)
    assert [each.partition(" ")[0] for each in told] == found


def test_a_policy_of_several_topics_is_compared_at_those_of_messages() -> None:
    sns = SimpleNamespace(get_topic_attributes=lambda TopicArn: {"Attributes": {"Policy": json.dumps(OTHERS)}})
    written = {"Topics": [{"Ref": "Alarms"}, {"Ref": "T"}], "PolicyDocument": OURS}
    (told,) = drift("AWS::SNS::TopicPolicy", written, {"Alarms": "arn:alarms", "T": TOPIC}, sns=sns)
    assert told.startswith("drift R: PolicyDocument is ")
    assert not drift("AWS::SNS::TopicPolicy", {**written, "Topics": ["arn:alarms"]}, {}, sns=sns)


def test_a_schedule_in_the_default_group_is_found() -> None:
    def get_schedule(Name: str, GroupName: str) -> dict[str, str]:
        assert (Name, GroupName) == ("r", "default")
        return {"State": "ENABLED", "ScheduleExpression": "rate(1 day)"}

    scheduler = SimpleNamespace(get_schedule=get_schedule)
    assert not drift("AWS::Scheduler::Schedule", {"ScheduleExpression": "rate(1 day)"}, {}, scheduler=scheduler)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({}, []),
        ({"BatchSize": 10, "FunctionResponseTypes": []}, []),
        ({"BatchSize": 5}, ["drift R: BatchSize is 10, deployed was 5"]),
    ],
)
def test_of_a_mapping_is_compared_what_is_written(written: dict[str, Any], found: list[str]) -> None:
    mapping = {"UUID": "r", "FunctionArn": "arn:aws:lambda:r:1:function:f", "EventSourceArn": "arn:aws:sqs:r:1:q"}
    live = {**mapping, "State": "Enabled", "BatchSize": 10, "FunctionResponseTypes": []}
    functions = SimpleNamespace(list_event_source_mappings=lambda **_: {"EventSourceMappings": [live]})
    assert drift("AWS::Lambda::EventSourceMapping", {"FunctionName": "f", **written}, {}, functions=functions) == found


def test_what_cannot_be_compared_is_unread_and_ends_nothing() -> None:
    def broken(*_: Any) -> dict[str, Any]:
        raise ValueError("CANARY")

    assert drift("AWS::SQS::Queue", {}, {}, live=broken) == ["unread R: it cannot be read: ValueError"]
    odd = drift("AWS::SQS::Queue", {"DelaySeconds": {"Fn::GetAtt": "odd"}}, {}, live=lambda *_: {"DelaySeconds": 0})
    assert odd == ["unread R: it cannot be read: ValueError"]


def test_a_resource_that_was_not_to_be_made_is_not_missed() -> None:
    resources = {"R": {"Type": "AWS::SQS::Queue", "Condition": "IsProd"}, "S": {"Type": "AWS::SQS::Queue"}}
    read = Deployed(Stack(cast(Aws, None), "S", ARN, "CREATE_COMPLETE", {}, ()), {"Resources": resources}, {})
    found = _drift(read, "AWS::SQS::Queue", READS["AWS::SQS::Queue"], {"Resources": resources})
    assert [each.where for each in found] == ["S"]
