"""Bills worked out by hand: each number here is from the price table and a pencil, none from the model."""

import copy
import json
import math
from dataclasses import replace
from typing import Any

import pytest

from fanout.costs.assumptions import Assumptions
from fanout.costs.bill import STACK, Bill
from fanout.costs.model import monthly
from fanout.costs.polling import Polled
from fanout.costs.prices import PRICES
from tests.places import SNAPSHOTS
from tests.unit.costs.test_workers import template as of_workers

MONTH = 2_592_000
ONE_A_SECOND = MONTH
PLAIN = Assumptions(failing=0, round_seconds=0)
"""Every batch holds one event, and none is tried twice."""


def of(resource: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [resource, attribute]}


def tagged(task: str) -> list[dict[str, str]]:
    return [{"Key": "fanout:task", "Value": task}]


def one_subscriber() -> dict[str, Any]:
    """Topic, queue, mapping, function of 512 MB that works on ten messages at a time; nothing else."""
    return {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": tagged("bill_me")}},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"Protocol": "sqs", "TopicArn": {"Ref": "Topic"}, "Endpoint": of("Queue")},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Architectures": ["arm64"],
                "MemorySize": 512,
                "Role": of("Role"),
                "LoggingConfig": {"LogGroup": {"Ref": "Logs"}},
                "Environment": {"Variables": {"FANOUT_CONCURRENCY": "10"}},
            },
        },
        "Role": {"Type": "AWS::IAM::Role"},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 60}},
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": of("Queue"),
                "FunctionName": {"Ref": "Function"},
                "BatchSize": 10,
                "ScalingConfig": {"MaximumConcurrency": 50},
            },
        },
    }


def bill(resources: dict[str, Any], events: int = 0, assumed: Assumptions = PLAIN) -> Bill:
    return monthly({"Resources": resources}, events_per_month=events, assumptions=assumed)


def quantities(found: Bill, owner: str, part: str) -> dict[str, float]:
    return {each.what: each.quantity for each in found.lines if (each.owner, each.part) == (owner, part)}


def with_properties(logical_id: str, **properties: Any) -> dict[str, Any]:
    resources = copy.deepcopy(one_subscriber())
    resources[logical_id].setdefault("Properties", {}).update(properties)
    return resources


def test_an_idle_subscriber_pays_for_five_pollers_that_ask_every_twenty_seconds() -> None:
    found = bill(one_subscriber())
    assert quantities(found, "bill_me", "idle") == {"polling": 648_000}
    assert found.idle == pytest.approx(0.2592)
    assert found.traffic == 0
    assert found.subscribers == ("bill_me",)


def test_without_maximum_concurrency_two_pollers_ask() -> None:
    assert bill(with_properties("Mapping", ScalingConfig={})).idle == pytest.approx(0.10368)


def test_no_more_pollers_than_the_maximum_concurrency() -> None:
    assert bill(with_properties("Mapping", ScalingConfig={"MaximumConcurrency": 3})).idle == pytest.approx(0.15552)


def test_one_event_a_second() -> None:
    found = bill(one_subscriber(), ONE_A_SECOND)
    received = MONTH / (1 - math.exp(-4)) - 648_000  # five pollers with 0.2 a second each, polls of 20 s
    bytes_logged = MONTH * (1_100 + 450)
    assert quantities(found, STACK, "traffic") == {"published": MONTH}
    assert quantities(found, "bill_me", "traffic") == pytest.approx(
        {
            "sent by the topic": MONTH,
            "received": received,
            "deleted": MONTH,
            "invocations": MONTH,
            "compute": MONTH * 0.2 * 0.5,
            "logged": bytes_logged / 1e9,
            "logs kept": bytes_logged / 1e9 * 0.15 * 2,
        }
    )
    dollars = (
        MONTH * 0.5e-6  # published
        + (2 * MONTH + received) * 0.4e-6
        + MONTH * 0.2e-6
        + MONTH * 0.1 * 0.0000133334
        + bytes_logged / 1e9 * (0.5 + 0.3 * 0.03)
    )
    assert found.traffic == pytest.approx(dollars)
    assert found.total == pytest.approx(dollars + 0.2592)


def test_a_window_gathers_what_comes_to_each_poller_while_it_waits() -> None:
    """One a second to five pollers: in 20 s each gathers 4 beside the one that it began with."""
    windowed = with_properties("Mapping", MaximumBatchingWindowInSeconds=20)
    found = quantities(bill(windowed, ONE_A_SECOND), "bill_me", "traffic")
    assert found["invocations"] == pytest.approx(MONTH / 5)
    assert found["deleted"] == pytest.approx(MONTH / 5)
    assert found["compute"] == pytest.approx(MONTH / 5 * 0.2 * 0.5)  # five at the same time
    assert found["sent by the topic"] == MONTH
    alone = quantities(bill(windowed, ONE_A_SECOND, replace(PLAIN, received_alone=1)), "bill_me", "traffic")
    assert alone["received"] > 2 * found["received"]
    assert alone["deleted"] == found["deleted"]


def test_a_batch_is_never_larger_than_its_size_and_a_request_never_than_ten() -> None:
    large = with_properties("Mapping", MaximumBatchingWindowInSeconds=300, BatchSize=40)
    found = quantities(bill(large, 10 * ONE_A_SECOND), "bill_me", "traffic")
    assert found["invocations"] == pytest.approx(10 * MONTH / 40)
    assert found["deleted"] == pytest.approx(10 * MONTH / 10)
    assert found["compute"] == pytest.approx(10 * MONTH / 40 * 0.2 * 4 * 0.5)  # forty, ten at a time
    assert found["received"] == pytest.approx(MONTH / (1 - math.exp(-4)) - 648_000)  # ten at a time, so one a second


def test_without_a_window_a_busy_poller_finds_two_at_a_hundred_a_second() -> None:
    """Twenty a second to each of five pollers, which are away for a twentieth of a second."""
    found = quantities(
        bill(one_subscriber(), 100 * ONE_A_SECOND, replace(PLAIN, round_seconds=0.05)), "bill_me", "traffic"
    )
    assert found["invocations"] == pytest.approx(100 * MONTH / 2)


def test_what_fails_is_received_again_and_hidden_before() -> None:
    found = quantities(bill(one_subscriber(), ONE_A_SECOND, replace(PLAIN, failing=0.5)), "bill_me", "traffic")
    assert found["hidden until the next attempt"] == MONTH / 2
    assert found["invocations"] == 1.5 * MONTH
    assert found["deleted"] == MONTH


def test_large_events_are_billed_in_steps_of_64_kilobytes() -> None:
    found = bill(one_subscriber(), ONE_A_SECOND, replace(PLAIN, event_kb=65))
    assert quantities(found, STACK, "traffic")["published"] == 2 * MONTH
    assert quantities(found, "bill_me", "traffic")["sent by the topic"] == 2 * MONTH


def test_a_full_answer_of_large_events_is_two_requests_and_an_empty_one_is_one() -> None:
    windowed = with_properties("Mapping", MaximumBatchingWindowInSeconds=20)
    found = quantities(bill(windowed, 10 * ONE_A_SECOND, replace(PLAIN, event_kb=10)), "bill_me", "traffic")
    assert found["received"] == pytest.approx(2 * (MONTH / (1 - math.exp(-4)) - 648_000))


def test_the_send_of_sns_may_turn_out_to_be_free() -> None:
    found = quantities(bill(one_subscriber(), 1000, replace(PLAIN, sends_billed=0)), "bill_me", "traffic")
    assert "sent by the topic" not in found


def test_fifo_has_its_own_prices() -> None:
    resources = with_properties("Queue", FifoQueue=True)
    resources["Topic"]["Properties"] = {"FifoTopic": True}
    found = bill(resources, 1000)
    assert {each.price for each in found.lines if each.what in ("polling", "deleted")} == {"sqs-request-fifo"}
    assert [each.price for each in found.lines if each.what == "published"] == ["sns-publish-fifo"]


def test_traces_are_sampled_at_one_a_second_and_a_twentieth() -> None:
    resources = with_properties("Function", TracingConfig={"Mode": "Active"})
    resources["Topic"]["Properties"] = {"TracingConfig": "Active"}
    found = bill(resources, 3 * ONE_A_SECOND)
    assert quantities(found, STACK, "traffic")["traces"] == pytest.approx(MONTH + 0.05 * 2 * MONTH)
    assert quantities(found, "bill_me", "traffic")["traces"] == pytest.approx(MONTH + 0.05 * 2 * MONTH)


def test_a_customer_key_is_asked_three_times_in_five_minutes_that_see_an_event() -> None:
    resources = with_properties("Queue", KmsMasterKeyId=of("Key"))
    resources["Key"] = {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True}}
    resources["Topic"]["Properties"] = {"KmsMasterKeyId": of("Key")}
    busy = bill(resources, 10 * ONE_A_SECOND)
    assert quantities(busy, "bill_me", "traffic")["key requests"] == pytest.approx(3 * 8_640)
    assert quantities(busy, STACK, "traffic")["key requests"] == pytest.approx(2 * 8_640)
    quiet = quantities(bill(resources, 864), "bill_me", "traffic")
    assert quiet["key requests"] == pytest.approx(3 * 8_640 * (1 - math.exp(-0.1)))
    assert bill(resources).dollars("idle", STACK) == 1
    assert bill(resources, assumed=replace(PLAIN, key_rotations=9)).dollars("idle", STACK) == 3


def test_a_queue_that_keeps_its_data_key_longer_asks_less_often() -> None:
    def asked(**reused: Any) -> float:
        resources = with_properties("Queue", KmsMasterKeyId="alias/mine", **reused)
        return quantities(bill(resources, 10 * ONE_A_SECOND), "bill_me", "traffic")["key requests"]

    assert asked(KmsDataKeyReusePeriodSeconds=86_400) == pytest.approx(3 * 30)
    assert asked(KmsDataKeyReusePeriodSeconds="60") == pytest.approx(3 * 43_200)
    assert asked() == asked(KmsDataKeyReusePeriodSeconds={"Fn::If": ["C", 60, 600]}) == pytest.approx(3 * 8_640)


def test_our_runtimes_metrics_are_paid_for_the_hours_they_are_sent_in() -> None:
    variables = {"FANOUT_TASK": "bill_me", "FANOUT_CONCURRENCY": "10", "FANOUT_MEASURED_GROUPS": "2"}
    resources = with_properties("Function", Environment={"Variables": variables})
    found = quantities(bill(resources, 720), "bill_me", "traffic")
    assert found["metrics of its own"] == pytest.approx(3 * 3 * (1 - math.exp(-1)))
    failing = quantities(bill(resources, ONE_A_SECOND, replace(PLAIN, failing=1)), "bill_me", "traffic")
    assert failing["metrics of its own"] == pytest.approx(3 * 4)
    variables["FANOUT_METRICS"] = "essential"
    resources = with_properties("Function", Environment={"Variables": variables})
    failing = quantities(bill(resources, ONE_A_SECOND, replace(PLAIN, failing=1)), "bill_me", "traffic")
    assert failing["metrics of its own"] == pytest.approx(3 * 2)


@pytest.mark.parametrize(
    ("action", "what", "number"),
    [
        ("s3:PutObject", "objects put", 1000),
        ("ses:SendEmail", "e-mails", 1000),
        ("dynamodb:UpdateItem", "writes of records", 2000),
    ],
)
def test_what_a_task_does_is_told_by_what_it_may_do(action: str, what: str, number: float) -> None:
    resources = one_subscriber()
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = {"Statement": [statement]}
    resources["Policy"] = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": document},
    }
    assert quantities(bill(resources, 1000), "bill_me", "traffic")[what] == number
    statement["Effect"] = "Deny"
    assert what not in quantities(bill(resources, 1000), "bill_me", "traffic")


def test_an_alarm_costs_each_metric_it_looks_at_and_belongs_to_whom_it_watches() -> None:
    stat = {"Metric": {"MetricName": "X", "Namespace": "AWS/SQS"}, "Period": 60, "Stat": "Sum"}
    math_over_two = [{"Id": "a", "MetricStat": stat}, {"Id": "b", "MetricStat": stat}, {"Id": "c", "Expression": "a+b"}]
    watched = {"Dimensions": [{"Name": "QueueName", "Value": of("Queue", "QueueName")}], "MetricName": "X"}
    resources = {
        **one_subscriber(),
        "Plain": {"Type": "AWS::CloudWatch::Alarm", "Properties": watched},
        "Math": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": math_over_two, "Tags": tagged("bill_me")}},
        "Quick": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "X", "Period": 10}},
        "Any": {"Type": "AWS::CloudWatch::CompositeAlarm"},
        "Board": {"Type": "AWS::CloudWatch::Dashboard"},
        "Secret": {"Type": "AWS::SecretsManager::Secret"},
    }
    found = bill(resources)
    assert quantities(found, "bill_me", "idle")["alarms"] == 3
    assert found.dollars("idle", "bill_me") == pytest.approx(0.30 + 0.2592)
    assert found.dollars("idle", STACK) == pytest.approx(0.30 + 0.50 + 3.00 + 0.40)


def test_a_schedule_pays_for_the_function_it_invokes() -> None:
    resources = one_subscriber()
    resources["Every"] = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {"ScheduleExpression": "rate(5 minutes)", "Target": {"Arn": of("Function")}},
    }
    found = quantities(bill(resources), "bill_me", "idle")
    assert found["schedule"] == found["invocations"] == 8_640
    assert found["compute"] == pytest.approx(8_640 * 0.2 * 0.5)


@pytest.mark.parametrize("type_", ["AWS::Scheduler::Schedule", "AWS::Events::Rule"])
def test_a_schedule_that_is_disabled_invokes_nothing(type_: str) -> None:
    target = {"Id": "it", "Arn": of("Function")}
    asked = {"ScheduleExpression": "rate(5 minutes)", "Target": target, "Targets": [target]}
    resources = {**one_subscriber(), "Every": {"Type": type_, "Properties": {**asked, "State": "DISABLED"}}}
    assert bill(resources).lines == bill(one_subscriber()).lines
    resources["Every"]["Properties"]["State"] = "ENABLED"
    assert quantities(bill(resources), "bill_me", "idle")["invocations"] >= 8_640


def test_heartbeats_are_idle_traffic_and_the_task_does_nothing_for_them() -> None:
    """Every five minutes an event, of which no object is made; a thousand real ones come on top."""
    resources = with_properties("Function", Environment={"Variables": {"FANOUT_TASK": "x", "FANOUT_CONCURRENCY": "10"}})
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    resources["Policy"] = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": [statement]}},
    }
    without = bill(resources, 1000)
    resources["Every"] = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "ScheduleExpression": "rate(5 minutes)",
            "Target": {
                "Arn": "arn:aws:scheduler:::aws-sdk:sns:publish",
                "Input": {"Fn::Join": ["", ['{"TopicArn":"', {"Ref": "Topic"}, '"}']]},
            },
        },
    }
    found = bill(resources, 1000)
    assert quantities(found, STACK, "idle") == {"schedule": 8_640, "published": 8_640}
    idle = quantities(found, "bill_me", "idle")
    assert {idle[each] for each in ("sent by the topic", "deleted", "invocations")} == {8_640}
    assert idle["metrics of its own"] == pytest.approx(1, rel=1e-4)  # one metric, sent in every hour
    assert "objects put" not in idle
    traffic = quantities(found, "bill_me", "traffic")
    assert traffic["objects put"] == 1000 and traffic["invocations"] == pytest.approx(1000)
    assert traffic["metrics of its own"] == quantities(without, "bill_me", "traffic")["metrics of its own"]
    assert bill(resources, 0).traffic == 0
    resources["Every"]["Properties"]["Target"]["Input"] = "{}"
    assert quantities(bill(resources), STACK, "idle") == {"schedule": 8_640}


def test_a_type_without_a_price_is_named() -> None:
    resources = {**one_subscriber(), "Database": {"Type": "AWS::RDS::DBInstance"}}
    assert bill(resources).unpriced == ("AWS::RDS::DBInstance",)
    assert bill(everything()).unpriced == ()


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ({"Type": "AWS::DynamoDB::Table"}, "AWS::DynamoDB::Table with provisioned throughput"),
        ({"Type": "AWS::ECS::Service"}, "AWS::ECS::Service that is no worker of a queue"),
        (
            {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {"ProvisionedPollerConfig": {"MinimumPollers": 2}},
            },
            "AWS::Lambda::EventSourceMapping with ProvisionedPollerConfig",
        ),
    ],
)
def test_what_is_paid_for_by_the_hour_although_its_type_is_free_is_named(resource: Any, named: str) -> None:
    assert bill({**one_subscriber(), "Dear": resource}).unpriced == (named,)


def test_a_table_on_demand_and_a_service_that_works_on_a_queue_have_their_prices() -> None:
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}}
    resources = of_workers(least=1)["Resources"]
    assert bill({**resources, "Table": table}).unpriced == ()
    resources["Definition"]["Properties"]["Cpu"] = {"Fn::If": ["C", "256", "512"]}
    assert bill(resources).unpriced == ("AWS::ECS::Service that is no worker of a queue",)


@pytest.mark.parametrize("name", sorted(PRICES))
def test_every_price_is_in_some_bill_and_has_a_source(name: str) -> None:
    """One that no template of ours and no test here needs would be a number that nobody looks at."""
    if name in ("s3-get", "http-request", "dynamodb-read"):
        return  # of an estimate, and of no bill: tests/unit/ops/replay; of an intake: test_intake.py
    if name.startswith(("fargate-", "public-address-")):
        found = bill(of_workers(least=1)["Resources"], 1000)
        assert name in {each.price for each in found.lines if each.part == "idle"}
        return
    resources = everything()
    resources["Topic"]["Properties"] = {"TracingConfig": "Active"}
    found = bill(resources, 1000)
    other = bill({**everything(), "Function": with_x86()}, 1000)
    assert name in {
        each.price for each in (*found.lines, *other.lines, *bill(fifo(), 1000).lines, *bill(fair(), 1000).lines)
    }
    assert PRICES[name].source.startswith("https://")
    assert PRICES[name].dated


def everything() -> dict[str, Any]:
    prod = json.loads((SNAPSHOTS / "OrderEvents-prod.json").read_text())["Resources"]
    return {
        **prod,
        **one_subscriber(),
        "Every": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {"ScheduleExpression": "rate(1 hour)", "Target": {"Arn": of("Function")}},
        },
        "Quick": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "X", "Period": 10}},
    }


def with_x86() -> dict[str, Any]:
    function: dict[str, Any] = with_properties("Function", Architectures=["x86_64"])["Function"]
    return function


def fair() -> dict[str, Any]:
    resources = with_properties("Queue")
    resources["Queue"]["Metadata"] = {"fanout": {"fair_by": "shop_id"}}
    return resources


def fifo() -> dict[str, Any]:
    resources = with_properties("Queue", FifoQueue=True)
    resources["Topic"]["Properties"] = {"FifoTopic": True}
    return resources


def test_a_negative_number_of_events_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^-1 events a month: expected 0 or more$"):
        bill(one_subscriber(), -1)


def test_polls_grow_from_the_idle_ones_without_a_step() -> None:
    polled, assumed = Polled(batch_size=10, window=0, bound=5), Assumptions()
    assert polled.receives(0, assumed) == polled.idle_receives(assumed)
    assert polled.receives(1, assumed) == pytest.approx(polled.idle_receives(assumed), rel=1e-3)
    numbers = [polled.receives(10.0**power, assumed) for power in range(1, 8)]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"nothing": 1}, "nothing: no such assumption; expected one of bounded_pollers"),
        ({"failing": -1}, "failing is -1: expected a positive number"),
        ({"poll_seconds": 0}, "poll_seconds is 0: expected a positive number"),
        ({"task_seconds": 0}, "task_seconds is 0: expected a positive number"),
        ({"event_kb": math.nan}, "event_kb is nan: expected a positive number"),
    ],
)
def test_an_assumption_that_cannot_be_is_refused_in_one_line(changes: dict[str, float], line: str) -> None:
    with pytest.raises(ValueError, match=line):
        Assumptions().but(**changes)
