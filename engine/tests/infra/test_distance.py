"""A subscriber of another account or Region: who may deliver to it, where the undeliverable goes, and what AWS drops without a word."""

import json
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as Synthesized

from fanout.checks.engine import check_template
from fanout.constructs import ConfigurationError, Monitoring, Subscriber, Topic
from stacks import settings
from tests.infra.alarm_evaluator import Recorded, at, none, rings
from tests.infra.reading import actions, of_type, statements

THEIRS, OURS = "111111111111", "222222222222"
PROD = settings.PROD


def arn(region: str, suffix: str = "") -> str:
    return f"arn:aws:sns:{region}:{THEIRS}:OrderPlaced{suffix}"


def queue(region: str) -> str:
    return f"arn:aws:sqs:{region}:{OURS}:undeliverable"


def subscribed(topic: str, region: str, *, account: str = OURS, **arguments: Any) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Team", env=cdk.Environment(account=account, region=region))
    source = Topic.from_arn(stack, "Topic", topic, settings=replace(PROD, name="team"))
    Subscriber(stack, "SyncCrm", topic=source, task="archive_order", **arguments)
    Monitoring(stack, "Watch", topic=source)
    return dict(Synthesized.from_stack(stack).to_json())


def delivering(template: dict[str, Any], kind: str, action: str) -> dict[str, Any]:
    """The one statement that lets the topic in."""
    found = [
        each
        for resource in of_type(template, kind).values()
        for each in statements(resource)
        if action in actions(each) and "sns." in json.dumps(each.get("Principal")) and "AWS" not in each["Principal"]
    ]
    same = {json.dumps([each["Principal"], each["Condition"]]) for each in found}
    assert len(same) == 1
    return dict(found[0])


def test_another_account_lets_the_topic_and_nobody_else_deliver_to_queue_and_key() -> None:
    template = subscribed(arn("eu-west-1"), "eu-west-1")
    for kind, action in (("AWS::SQS::QueuePolicy", "sqs:SendMessage"), ("AWS::KMS::Key", "kms:Decrypt")):
        told = delivering(template, kind, action)
        assert told["Principal"] == {"Service": "sns.amazonaws.com"}
        assert told["Condition"] == {"ArnEquals": {"aws:SourceArn": arn("eu-west-1")}}
    assert [each for each in check_template(template) if each.severity == "error"] == []


@pytest.mark.parametrize(
    ("topic", "ours", "principal"),
    [
        ("eu-west-1", "us-east-1", "sns.amazonaws.com"),
        ("eu-west-1", "eu-south-1", "sns.eu-south-1.amazonaws.com"),
        ("eu-south-1", "eu-west-1", "sns.eu-south-1.amazonaws.com"),
        ("eu-south-1", "ap-east-1", "sns.ap-east-1.amazonaws.com"),
    ],
)
def test_across_regions_the_principal_is_the_one_that_sns_delivers_as(topic: str, ours: str, principal: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html"""
    template = subscribed(arn(topic), ours, undeliverable=queue(topic))
    for kind, action in (("AWS::SQS::QueuePolicy", "sqs:SendMessage"), ("AWS::KMS::Key", "kms:Decrypt")):
        assert delivering(template, kind, action)["Principal"] == {"Service": principal}
    (subscription,) = [
        each["Properties"]
        for each in of_type(template, "AWS::SNS::Subscription").values()
        if each["Properties"]["Protocol"] == "sqs"
    ]
    assert subscription["Region"] == topic
    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": queue(topic)}
    assert [str(each) for each in check_template(template) if each.severity == "error"] == []


@pytest.mark.parametrize("undeliverable", [None, queue("us-east-1"), queue("eu-west-1") + ".fifo", "queue"])
def test_what_sns_could_not_keep_is_refused_in_one_line(undeliverable: str | None) -> None:
    with pytest.raises(ConfigurationError) as raised:
        subscribed(arn("eu-west-1"), "us-east-1", undeliverable=undeliverable)
    line = str(raised.value)
    assert line.startswith("subscriber SyncCrm: the topic is in eu-west-1 and this stack in us-east-1, and ")
    assert line.endswith("give undeliverable=, the ARN of a queue in eu-west-1") and "\n" not in line


def test_order_across_regions_and_a_queue_that_nothing_needs_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="order was never proven across Regions"):
        subscribed(arn("eu-west-1", ".fifo"), "us-east-1", undeliverable=queue("eu-west-1"))
    with pytest.raises(ConfigurationError, match="undeliverable is for a topic of another Region"):
        subscribed(arn("eu-west-1"), "eu-west-1", undeliverable=queue("eu-west-1"))


@pytest.mark.parametrize(("region", "account"), [("eu-west-1", OURS), ("us-east-1", THEIRS)])
def test_from_afar_a_heartbeat_is_missed_without_the_metrics_of_its_schedule(region: str, account: str) -> None:
    far = {"undeliverable": queue("eu-west-1")} if region != "eu-west-1" else {}
    template = subscribed(arn("eu-west-1"), region, account=account, **far)
    (alarm,) = [each for id_, each in of_type(template, "AWS::CloudWatch::Alarm").items() if "HeartbeatMissed" in id_]
    assert "AWS/Scheduler" not in json.dumps(alarm)
    periods = alarm["Properties"]["EvaluationPeriods"]
    minutes = (periods + 1) * 6
    for waiting, acknowledged, told in (
        (none(minutes), none(minutes), 1),
        (at(0, minutes), none(minutes), 1),
        (at(0, minutes), at(1, minutes), 0),
        (at(3, minutes), none(minutes), 0),
    ):
        data: Recorded = {"ApproximateNumberOfMessagesVisible": waiting, "Heartbeat": acknowledged}
        assert rings(alarm["Properties"], data) == told


def test_at_home_the_schedule_tells_whether_one_was_due() -> None:
    template = subscribed(arn("eu-west-1"), "eu-west-1", account=THEIRS)
    (alarm,) = [each for id_, each in of_type(template, "AWS::CloudWatch::Alarm").items() if "HeartbeatMissed" in id_]
    assert "AWS/Scheduler" in json.dumps(alarm)


def test_alarms_and_graphs_of_another_accounts_topic_say_whose_it_is() -> None:
    """A topic of another stack of this app: with the ARN alone CloudWatch would look in the stack's own account."""
    app = cdk.App()
    home = cdk.Stack(app, "Home", env=cdk.Environment(account=THEIRS, region="eu-west-1"))
    stack = cdk.Stack(app, "Team", env=cdk.Environment(account=OURS, region="eu-west-1"))
    source = Topic.from_sns(sns.Topic(home, "Topic", topic_name="orders"), settings=replace(PROD, name="team"))
    Subscriber(stack, "SyncCrm", topic=source, task="archive_order", only={"shop_id": ["1"]})
    Monitoring(stack, "Watch", topic=source)
    template = dict(Synthesized.from_stack(stack).to_json())
    watched = [
        query["AccountId"]
        for id_, each in of_type(template, "AWS::CloudWatch::Alarm").items()
        if "FilteredOut" in id_ or "DeliveryFailed" in id_
        for query in each["Properties"]["Metrics"]
        if "MetricStat" in query
    ]
    assert watched == [THEIRS] * 3
    (body,) = [each["Properties"]["DashboardBody"] for each in of_type(template, "AWS::CloudWatch::Dashboard").values()]
    assert json.dumps(body).count(f'\\"accountId\\":\\"{THEIRS}\\"') == 3


ABROAD: dict[str, Any] = {"undeliverable": queue("eu-west-1"), "only": {"shop_id": ["1"]}}


@pytest.mark.parametrize(
    ("region", "account", "made"),
    [("eu-west-1", THEIRS, True), ("us-east-1", THEIRS, False), ("eu-west-1", OURS, False)],
)
def test_a_topic_has_alarms_only_where_its_metrics_are(region: str, account: str, made: bool) -> None:
    far: dict[str, Any] = {"only": ABROAD["only"]} if region == "eu-west-1" else ABROAD
    template = subscribed(arn("eu-west-1"), region, account=account, **far)
    alarms = " ".join(of_type(template, "AWS::CloudWatch::Alarm"))
    for kind in ("DeliveryFailed", "RedriveFailed", "HeartbeatSilent", "FilteredOut"):
        assert (kind in alarms) is made, kind
    assert "SyncCrmDeadLetter" in alarms
    assert [str(each) for each in check_template(template) if each.severity == "error"] == []


@pytest.mark.parametrize(
    ("region", "account", "where"), [("us-east-1", THEIRS, "eu-west-1"), ("eu-west-1", OURS, f"account {THEIRS}")]
)
def test_expected_hours_of_a_topic_out_of_sight_are_refused_in_one_line(region: str, account: str, where: str) -> None:
    """Nothing is published as far as a place without its metrics knows: that would ring on each expected day."""
    stack = cdk.Stack(cdk.App(), "Team", env=cdk.Environment(account=account, region=region))
    topic = Topic.from_arn(stack, "Topic", arn("eu-west-1"), settings=replace(PROD, expected_hours=(7, 19)))
    with pytest.raises(ConfigurationError) as raised:
        Monitoring(stack, "Watch", topic=topic)
    assert str(raised.value) == (
        f"settings prod: expected_hours is (7, 19): expected None for a topic in {where}, whose metrics no alarm of this"
        " stack sees"
    )


def test_where_nothing_can_ring_the_composite_never_does() -> None:
    stack = cdk.Stack(cdk.App(), "Team", env=cdk.Environment(account=THEIRS, region="us-east-1"))
    Monitoring(stack, "Watch", topic=Topic.from_arn(stack, "Topic", arn("eu-west-1"), settings=PROD))
    template = dict(Synthesized.from_stack(stack).to_json())
    ((_, composite),) = of_type(template, "AWS::CloudWatch::CompositeAlarm").items()
    assert composite["Properties"]["AlarmRule"] == "(FALSE)"
