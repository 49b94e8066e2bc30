"""Every alarm: what it watches, with which statistic and period, from which derived number on, and whom it tells."""

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from fanout.constructs import ConfigurationError, Monitoring, Topic
from fanout.names import DEAD, NAMESPACE
from stacks import settings
from tests.infra.alarm_evaluator import none, rings
from tests.infra.alarms_of import ATTEMPTS, DAY, RETENTION, TOPIC_ARN, VISIBLE, alarm, metrics
from tests.infra.reading import Synth, Template, of_type, target
from tests.places import ENGINE

# (namespace, statistic of each metric, dimension, seconds, compared, threshold, datapoints of periods)
ABOVE, AT_LEAST = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
PROMISED: dict[str, tuple[Any, ...]] = {
    "DeadLetter": ("AWS/SQS", {VISIBLE: "Maximum"}, "DeadLetterQueue", 60, ABOVE, 0, (1, 5)),
    "DeadLetterOld": ("AWS/SQS", {VISIBLE: "Maximum"}, "DeadLetterQueue", 3600, ABOVE, 0, (24, 24)),
    "DeadLetterGrowth": ("AWS/SQS", {VISIBLE: "Maximum"}, "DeadLetterQueue", 900, ABOVE, 0, (1, 1)),
    "QueueAge": ("AWS/SQS", {"ApproximateAgeOfOldestMessage": "Maximum"}, "Queue", 300, ABOVE, RETENTION / 4, (1, 1)),
    "QueueBacklog": ("AWS/SQS", {VISIBLE: "Average", "NumberOfMessagesDeleted": "Sum"}, "Queue", 300, ABOVE, ATTEMPTS, (3, 3)),
    "QueuePaused": ("AWS/SQS", {VISIBLE: "Minimum", "NumberOfMessagesReceived": "Sum"}, "Queue", 300, ABOVE, 0, (11, 11)),
    "FunctionErrors": ("AWS/Lambda", {"Errors": "Sum"}, "Function", 300, ABOVE, 0, (2, 3)),
    "FunctionThrottles": ("AWS/Lambda", {"Throttles": "Sum"}, "Function", 300, ABOVE, 0, (1, 1)),
    "FunctionTimeouts": ("AWS/Lambda", {"Duration": "Maximum"}, "Function", 300, AT_LEAST, 30_000, (1, 1)),
    "FunctionSlow": ("AWS/Lambda", {"Duration": "Maximum"}, "Function", 300, ABOVE, 24_000, (2, 12)),
}  # fmt: skip
TOPIC = {
    "DeliveryFailed": "NumberOfNotificationsFailed",
    "RedriveFailed": "NumberOfNotificationsFailedToRedriveToDlq",
}


@pytest.mark.parametrize("kind", PROMISED)
@pytest.mark.parametrize("task", ["SendReceipt", "ArchiveOrder", "NotifyPartner"])
def test_each_alarm_watches_what_it_says_from_a_derived_number_on(kind: str, task: str, prod: Template) -> None:
    namespace, watched, resource, period, compared, threshold, (datapoints, periods) = PROMISED[kind]
    properties = alarm(prod, kind, task)
    found = metrics(properties)
    assert {each["MetricName"]: statistic for each, statistic, _ in found} == watched
    for each, _, seconds in found:
        (dimension,) = each["Dimensions"]
        assert (each["Namespace"], seconds) == (namespace, period)
        assert target(dimension["Value"])[:-8] == f"{task}{resource}"
    assert (properties["ComparisonOperator"], properties["Threshold"]) == (compared, threshold)
    assert properties["EvaluationPeriods"] == periods
    assert properties.get("DatapointsToAlarm", periods) == datapoints


def test_threads_that_never_end_ring_and_one_that_was_slow_does_not(prod: Template) -> None:
    properties = alarm(prod, "LeftOver", "SendReceipt")
    (dimension,) = [each for each in properties["Dimensions"] if each["Name"] == "task"]
    assert dimension["Value"] == "send_receipt"
    assert (properties["Namespace"], properties["Statistic"], properties["Period"]) == ("Fanout", "Maximum", 300)
    assert rings(properties, {"LeftOver": [*none(10), 3, *none(30), 1, *none(5)]}) == 0
    assert rings(properties, {"LeftOver": [*none(10), *[3] * 15, *none(15)]}) == 1


def test_what_the_task_itself_gave_up_is_told_by_its_own_number(prod: Template) -> None:
    properties = alarm(prod, "EventDied", "SendReceipt")
    dimensions = {each["Name"]: each["Value"] for each in properties["Dimensions"]}
    assert dimensions == {"stack": "OrderEvents-prod", "task": "send_receipt"}
    assert (properties["Namespace"], properties["MetricName"]) == (NAMESPACE, DEAD)
    assert (properties["Statistic"], properties["Period"], properties["Threshold"]) == ("Sum", 60, 0)
    assert (properties["DatapointsToAlarm"], properties["EvaluationPeriods"]) == (1, 5)
    assert "event-died" in alarm(prod, "DeadLetter", "SendReceipt")["AlarmDescription"]["Fn::Join"][1][0]


def test_where_no_alarm_rings_earlier_none_is_spoken_of(synth: Synth) -> None:
    assert "event-died" not in str(alarm(synth["dev"], "DeadLetter")["AlarmDescription"])


@pytest.mark.parametrize(("kind", "metric"), TOPIC.items())
def test_what_the_topic_cannot_deliver_rings(kind: str, metric: str, template: Template) -> None:
    properties = alarm(template, kind, "Watch")
    (dimension,) = properties["Dimensions"]
    assert (properties["Namespace"], properties["MetricName"], dimension["Name"]) == ("AWS/SNS", metric, "TopicName")
    assert target(dimension["Value"]) == template["Outputs"]["TopicArn"]["Value"]["Ref"]
    assert (properties["Statistic"], properties["Period"], properties["Threshold"]) == ("Sum", 300, 0)
    assert rings(properties, {metric: [*none(30), 1, *none(30), 2, *none(9)]}) == 2


def test_every_alarm_has_recipients_and_stays_silent_without_data(template: Template) -> None:
    topics = of_type(template, "AWS::SNS::Topic")
    for each in of_type(template, "AWS::CloudWatch::Alarm").values():
        assert [target(action) in topics for action in each["Properties"]["AlarmActions"]] == [True]
        assert each["Properties"]["TreatMissingData"] == "notBreaching"
        names = {metric["MetricName"] for metric, _, _ in metrics(each["Properties"])}
        assert rings(each["Properties"], {name: none(2 * DAY) for name in names}) == 0


@pytest.mark.parametrize(("name", "count"), [("dev", 2), ("local", 2), ("staging", 14), ("prod", 14)])
def test_settings_choose_essential_or_full(name: str, count: int, synth: Synth) -> None:
    found = of_type(synth[name], "AWS::CloudWatch::Alarm")
    assert len([id_ for id_ in found if id_.startswith("NotifyPartner")]) == count
    assert len(of_type(synth[name], "AWS::CloudWatch::CompositeAlarm")) == (count > 2)


def test_essential_needs_nothing_but_plain_metrics(synth: Synth) -> None:
    for each in of_type(synth["local"], "AWS::CloudWatch::Alarm").values():
        assert "Metrics" not in each["Properties"]


@pytest.mark.parametrize(("name", "dollars", "heartbeat"), [("dev", 0.2, 0), ("prod", 2.6, 0.4)])
def test_a_subscribers_alarms_cost_what_settings_say(name: str, dollars: float, heartbeat: float, synth: Synth) -> None:
    found = of_type(synth[name], "AWS::CloudWatch::Alarm")
    own = {
        id_: len(metrics(each["Properties"])) * 0.1 for id_, each in found.items() if id_.startswith("NotifyPartner")
    }
    assert sum(own.values()) == pytest.approx(dollars)
    assert sum(each for id_, each in own.items() if "Heartbeat" in id_) == pytest.approx(heartbeat)
    for said in filter(None, (dollars, heartbeat)):
        assert f"${said:.2f}" in (ENGINE / "src/fanout/constructs/settings.py").read_text()


def test_numbers_follow_the_subscribers_own_schedule_timeout_and_retention(another: Template) -> None:
    attempts = round(3 * 11.5 * 3600) + 4 * 60
    assert alarm(another, "QueueAge", "SyncCrm")["Threshold"] == max(RETENTION // 4, attempts)
    assert alarm(another, "QueueBacklog", "SyncCrm")["Threshold"] == attempts
    assert alarm(another, "QueuePaused", "SyncCrm")["EvaluationPeriods"] == 288  # one day is all CloudWatch looks at
    assert alarm(another, "FunctionTimeouts", "SyncCrm")["Threshold"] == 60_000
    assert alarm(another, "FunctionSlow", "SyncCrm")["Threshold"] == 48_000


def test_one_composite_says_whether_a_person_is_needed(prod: Template) -> None:
    ((_, composite),) = of_type(prod, "AWS::CloudWatch::CompositeAlarm").items()
    properties = composite["Properties"]
    parts = [each["Ref"] for each in properties["AlarmRule"]["Fn::Join"][1] if isinstance(each, dict)]
    rule = "".join(each if isinstance(each, str) else "x" for each in properties["AlarmRule"]["Fn::Join"][1])
    assert rule == "(" + " OR ".join(['ALARM("x")'] * 11) + ")"
    assert sorted(part[:-8] for part in parts) == sorted(
        [f"{task}{kind}Alarm" for task in ("SendReceipt", "ArchiveOrder", "NotifyPartner") for kind in ("DeadLetter", "HeartbeatMissed", "QueueAge")]
        + ["WatchDeliveryFailedAlarm", "WatchRedriveFailedAlarm"]
    )  # fmt: skip
    assert properties["AlarmActions"] == properties["OKActions"] != []


def test_a_hundred_parts_fit_the_longest_rule() -> None:
    longest = len("OrderEvents-staging-ArchiveOrderHeartbeatMissedAlarmABCDEF12-0123456789AB")
    assert 100 * (longest + len(' OR ALARM("")')) < 10_240


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_with_customer_keys_cloudwatch_may_use_the_alarm_topics_key(name: str, synth: Synth) -> None:
    resources = synth[name]["Resources"]
    (topic,) = [
        each for id_, each in resources.items() if id_.startswith("AlarmTopic") and each["Type"].endswith("Topic")
    ]
    key = resources[target(topic["Properties"]["KmsMasterKeyId"])]["Properties"]
    (allowed,) = [
        each for each in key["KeyPolicy"]["Statement"] if each["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert allowed["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert key["EnableKeyRotation"] is True


def test_every_recipient_named_by_arn_is_told(another: Template) -> None:
    for each in of_type(another, "AWS::CloudWatch::Alarm").values():
        assert TOPIC_ARN in each["Properties"]["AlarmActions"]


@pytest.mark.parametrize("region", ["eu-west-1", None, "us-east-1"])
def test_alarms_tell_no_topic_of_another_region(region: str | None) -> None:
    """CloudWatch would refuse the first alarm, in the middle of the deployment. What only the deployment knows may be any."""
    stack = cdk.Stack(cdk.App(), "Team", env=cdk.Environment(account="123456789012", region=region))
    ops = "arn:aws:sns:eu-west-1:123456789012:ops"
    topic = Topic(
        stack, "OrderPlaced", settings=replace(settings.PROD, heartbeat=None, alarm_recipients=("a@example.com", ops))
    )
    if region != "us-east-1":
        Monitoring(stack, "Watch", topic=topic)
        return
    with pytest.raises(ConfigurationError) as raised:
        Monitoring(stack, "Watch", topic=topic)
    assert str(raised.value) == (
        f"settings prod: alarm_recipients is ('a@example.com', '{ops}'): expected topics in us-east-1, as alarms there tell no"
        f" other: not {ops}"
    )
