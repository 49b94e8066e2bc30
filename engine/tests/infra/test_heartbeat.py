"""The schedule that publishes heartbeats: what it says, what it may do, after whom it comes; and who lets them through."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import fastjsonschema
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as Synthesized

from fanout.constructs.errors import ConfigurationError, one_line_errors
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from fanout.contracts.app import heartbeat_schema
from fanout.template.filter_policy import matches
from stacks import settings
from stacks.order_events_stack import OrderEventsStack
from tests.infra.alarms_of import TOPIC_ARN
from tests.infra.reading import Synth, Template, of_type, statements, target

IDS = {"<aws.scheduler.execution-id>": "d32c5kddcf5bb8c3", "<aws.scheduler.scheduled-time>": "2026-01-15T09:30:00Z"}


def schedule(template: Template) -> dict[str, Any]:
    (found,) = of_type(template, "AWS::Scheduler::Schedule").values()
    return dict(found)


def request(template: Template) -> dict[str, Any]:
    """The parameters of the call, as Scheduler makes them from what is in angle brackets."""
    text = schedule(template)["Properties"]["Target"]["Input"]
    parts = text["Fn::Join"][1]
    whole = "".join(each if isinstance(each, str) else f"arn of {each['Ref']}" for each in parts)
    for name, value in IDS.items():
        whole = whole.replace(name, value)
    assert "<" not in whole
    return dict(json.loads(whole))


@pytest.fixture(scope="module")
def ordered() -> Template:
    chosen = replace(settings.PROD, ordered=True)
    return dict(Synthesized.from_stack(OrderEventsStack(cdk.App(), "Ordered", settings=chosen)).to_json())


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_every_five_minutes_it_publishes_an_event_that_keeps_the_contract(name: str, synth: Synth) -> None:
    template = synth[name]
    properties = schedule(template)["Properties"]
    assert properties["ScheduleExpression"] == "rate(5 minutes)"
    assert properties["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert properties["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sns:publish"
    assert properties["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 0}
    call = request(template)
    assert set(call) == {"TopicArn", "Message", "MessageAttributes"}
    assert call["TopicArn"] == f"arn of {template['Outputs']['TopicArn']['Value']['Ref']}"
    assert call["MessageAttributes"] == {"type": {"DataType": "String", "StringValue": "fanout.heartbeat.v1"}}
    event = json.loads(call["Message"])
    assert fastjsonschema.validate(heartbeat_schema(), event) == event
    assert (event["id"], event["time"]) == ("d32c5kddcf5bb8c3", "2026-01-15T09:30:00Z")


@pytest.mark.long
def test_behind_a_fifo_topic_it_waits_for_no_form(ordered: Template) -> None:
    call = request(ordered)
    assert (call["MessageGroupId"], call["MessageDeduplicationId"]) == ("heartbeat", "d32c5kddcf5bb8c3")


@pytest.mark.parametrize(("name", "key"), [("prod", True), ("staging", True), ("plain", False)])
def test_it_may_publish_to_the_one_topic_and_do_nothing_else(name: str, key: bool, synth: Synth) -> None:
    if name == "plain":
        chosen = replace(settings.DEV, heartbeat=timedelta(minutes=1))
        template: Template = dict(Synthesized.from_stack(OrderEventsStack(cdk.App(), "P", settings=chosen)).to_json())
    else:
        template = synth[name]
    role = target(schedule(template)["Properties"]["Target"]["RoleArn"])
    (policy,) = [
        each
        for each in of_type(template, "AWS::IAM::Policy").values()
        if role in [target(one) for one in each["Properties"]["Roles"]]
    ]
    allowed = statements(policy)
    assert allowed[0]["Action"] == "sns:Publish"
    assert target(allowed[0]["Resource"]) == template["Outputs"]["TopicArn"]["Value"]["Ref"]
    assert [each["Action"] for each in allowed[1:]] == [["kms:Decrypt", "kms:GenerateDataKey*"]] * key
    (trust,) = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    group = target(trust["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    made = template["Resources"][group]
    assert made["Properties"]["Name"] == schedule(template)["Properties"]["GroupName"]
    assert made["DeletionPolicy"] == "Delete"  # its name must be free for the next deployment


def test_it_is_deployed_after_every_subscriber_and_its_own_rights(synth: Synth) -> None:
    template = synth["prod"]
    before = set(schedule(template)["DependsOn"])
    subscriptions = {
        id_
        for id_, each in of_type(template, "AWS::SNS::Subscription").items()
        if each["Properties"]["Protocol"] == "sqs"
    }
    mappings = set(of_type(template, "AWS::Lambda::EventSourceMapping"))
    assert len(subscriptions) == len(mappings) == 3
    assert subscriptions | mappings <= before  # a mapping comes after its function, and so after its function's code
    assert [id_ for id_ in before if id_.startswith("HeartbeatRoleDefaultPolicy")]


@pytest.mark.parametrize("name", ["dev", "local"])
def test_where_settings_ask_for_none_there_is_no_schedule_and_no_filter(name: str, synth: Synth) -> None:
    assert not of_type(synth[name], "AWS::Scheduler::Schedule")
    assert not of_type(synth[name], "AWS::Scheduler::ScheduleGroup")


def test_operators_may_look_at_it(synth: Synth) -> None:
    template = synth["prod"]
    (looked,) = [
        each["Resource"]
        for each in statements(template["Resources"][target(template["Outputs"]["OperatorReadPolicyArn"]["Value"])])
        if each["Action"] == "scheduler:GetSchedule"
    ]
    assert target(looked) in of_type(template, "AWS::Scheduler::Schedule")


def of_two(*lines: str, heartbeat: timedelta | None = timedelta(minutes=5)) -> cdk.App:
    """Two topics with a subscriber each; a line is a topic that has a Heartbeat."""
    app = cdk.App(builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Team")
    entry = replace(settings.PROD, heartbeat=heartbeat)
    topics = {id_: Topic(stack, id_, settings=entry, main=id_ == "Orders") for id_ in ("Orders", "Bills")}
    for id_ in lines:
        Heartbeat(stack, f"{id_}Heartbeat", topic=topics[id_])
    for task, topic in zip(("archive_order", "notify_partner"), topics.values(), strict=True):
        Subscriber(stack, task, topic=topic, task=task)
    return app


@pytest.mark.long
def test_a_topic_whose_alarms_wait_for_heartbeats_that_nothing_publishes_is_one_line() -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        of_two("Orders").synth()
    assert ended.value.code == (
        "error: topic Bills: its settings have a heartbeat, and nothing publishes one to it: add"
        ' Heartbeat(self, "BillsHeartbeat", topic=...), or say heartbeat=None in its settings'
    )
    assert of_two("Orders", "Bills").synth() and of_two(heartbeat=None).synth()


# --- filters ------------------------------------------------------------------------------------------------------

CONTACT = {"shop_id": sns.SubscriptionFilter.string_filter(allowlist=["contact"])}
TYPE = {"type": sns.SubscriptionFilter.string_filter(allowlist=["order.placed.v1"])}
HEARTBEAT = {"type": "fanout.heartbeat.v1"}


def filter_of(chosen: Settings, asked: dict[str, sns.SubscriptionFilter] | None) -> Any:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=chosen)
    Subscriber(stack, "SyncCrm", topic=topic, task="archive_order", only=asked)
    template = dict(Synthesized.from_stack(stack).to_json())
    (found,) = [
        each for each in of_type(template, "AWS::SNS::Subscription").values() if each["Properties"]["Protocol"] == "sqs"
    ]
    return found["Properties"].get("FilterPolicy")


def test_a_filter_lets_heartbeats_through_beside_what_the_task_asked_for() -> None:
    policy = filter_of(settings.PROD, CONTACT)
    assert policy == {"$or": [{"shop_id": ["contact"]}, {"type": ["fanout.heartbeat.v1"]}]}
    assert matches(policy, HEARTBEAT) is True
    assert matches(policy, {"type": "order.placed.v1", "shop_id": "contact"}) is True
    assert matches(policy, {"type": "order.placed.v1", "shop_id": "order"}) is False


def test_a_filter_on_the_type_keeps_heartbeats_too() -> None:
    assert matches(filter_of(settings.PROD, TYPE), HEARTBEAT) is True


@pytest.mark.parametrize(
    ("chosen", "asked", "policy"),
    [
        (settings.PROD, None, None),
        (settings.DEV, None, None),
        (settings.DEV, CONTACT, {"shop_id": ["contact"]}),
    ],
)
def test_without_a_filter_or_without_heartbeats_nothing_is_added(chosen: Any, asked: Any, policy: Any) -> None:
    assert filter_of(chosen, asked) == policy


def test_with_heartbeats_a_filter_has_room_for_four_attributes_beside_the_type() -> None:
    value = sns.SubscriptionFilter.string_filter(allowlist=["x"])
    five = {f"a{number}": value for number in range(5)}
    assert len(filter_of(settings.DEV, five)) == 5
    with pytest.raises(ConfigurationError, match="only is 6: expected at most 5 attributes, `type` of heart"):
        filter_of(settings.PROD, five)
    four = {f"a{number}": value for number in range(4)}
    assert filter_of(settings.PROD, {**four, **TYPE})


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=30), timedelta(seconds=90), timedelta(minutes=61)])
def test_an_interval_is_of_whole_minutes_up_to_an_hour(every: timedelta) -> None:
    with pytest.raises(ConfigurationError, match="settings prod: heartbeat is .*: expected 1 to 60 whole minutes"):
        replace(settings.PROD, heartbeat=every).validate()
    for fine in (timedelta(minutes=1), timedelta(minutes=60)):
        replace(settings.PROD, heartbeat=fine).validate()
