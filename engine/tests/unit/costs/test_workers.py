"""What workers cost: nothing while none runs, by the hour while one does, and their queue's requests wherever they are."""

from typing import Any

import pytest

from fanout.batching import BATCHING
from fanout.costs.assumptions import Assumptions
from fanout.costs.bill import Bill
from fanout.costs.model import monthly
from fanout.costs.prices import PRICES
from fanout.costs.quotas import Demand, demands, first_delay
from fanout.costs.subscribers import tasks
from fanout.costs.switches import switches
from fanout.template.template import Template


def template(*, least: int = 0, spot: bool = False, elsewhere: bool = False) -> dict[str, Any]:
    tags = [{"Key": "fanout:task", "Value": "print"}]
    told = [
        {"Name": "FANOUT_TASK", "Value": "print"},
        {"Name": "FANOUT_QUEUE_URL", "Value": {"Ref": "Queue"}},
        {"Name": "FANOUT_CONCURRENCY", "Value": "10"},
    ]
    service: dict[str, Any] = {
        "TaskDefinition": {"Ref": "Definition"},
        "NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}},
        "Tags": tags,
    }
    if spot:
        service["CapacityProviderStrategy"] = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    resources: dict[str, Any] = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": tags}},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
            },
        },
    }
    if elsewhere:
        value = {"Fn::Join": ["", ['{"FANOUT_TASK":"print","FANOUT_QUEUE_URL":"', {"Ref": "Queue"}, '"}']]}
        resources["Told"] = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": value}}
        return {"Resources": resources}
    resources |= {
        "Definition": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Cpu": "256", "Memory": "512", "ContainerDefinitions": [{"Environment": told}]},
        },
        "Service": {"Type": "AWS::ECS::Service", "Properties": service},
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "ecs",
                "ResourceId": {"Fn::Join": ["/", ["service", "cluster", {"Fn::GetAtt": ["Service", "Name"]}]]},
                "MinCapacity": least,
                "MaxCapacity": 4,
            },
        },
    }
    return {"Resources": resources}


def dollars(bill: Bill, what: str) -> float:
    return sum(each.dollars for each in bill.lines if each.what == what)


HOUR = 0.25 * PRICES["fargate-vcpu-hour-arm64"].dollars + 0.5 * PRICES["fargate-gb-hour-arm64"].dollars


def test_none_that_runs_costs_nothing() -> None:
    bill = monthly(template(), events_per_month=0)
    assert (bill.idle, bill.unpriced) == (0, ())


def test_one_that_always_runs_costs_its_hours_and_its_address() -> None:
    bill = monthly(template(least=1), events_per_month=0)
    assert dollars(bill, "workers") == pytest.approx(720 * HOUR)
    assert dollars(bill, "public addresses of workers") == pytest.approx(3.6)


def test_an_event_a_day_costs_its_quarters_of_an_hour_and_many_no_more_than_the_month() -> None:
    few = monthly(template(), events_per_month=30)
    assert dollars(few, "workers") == pytest.approx(30 * 1_080 / 3_600 * HOUR, rel=0.02)
    many = monthly(template(), events_per_month=1_000_000)
    assert dollars(many, "workers") == pytest.approx(720 * HOUR, rel=0.01)
    assert many.dollars("traffic", "print") > 0


def test_what_needs_more_than_the_most_is_not_billed_for_more() -> None:
    bill = monthly(template(), events_per_month=10_000_000_000)
    assert dollars(bill, "workers") == pytest.approx(4 * 720 * HOUR)


def test_spot_is_cheaper_and_its_address_is_not() -> None:
    plain, spot = (monthly(template(spot=each), events_per_month=1_000_000) for each in (False, True))
    assert dollars(spot, "workers") == pytest.approx(0.3 * dollars(plain, "workers"))
    assert dollars(spot, "public addresses of workers") == dollars(plain, "public addresses of workers")


def test_elsewhere_its_queue_is_paid_for_and_no_worker() -> None:
    bill = monthly(template(elsewhere=True), events_per_month=1_000_000)
    assert bill.subscribers == ("print",)
    assert dollars(bill, "workers") == 0
    assert dollars(bill, "polling") > 0 and dollars(bill, "deleted") > 0


def recording() -> dict[str, Any]:
    """A worker that always runs, keeps records of its events and sends e-mails."""
    found = template(least=1)
    definition = found["Resources"]["Definition"]["Properties"]
    definition["TaskRoleArn"] = {"Fn::GetAtt": ["Role", "Arn"]}
    told = {"FANOUT_COMPLETED_TABLE": {"Ref": "Table"}, "FANOUT_METRICS": "essential", "FANOUT_RETRY_DELAYS": "7,60"}
    (container,) = definition["ContainerDefinitions"]
    container["Environment"] += [{"Name": name, "Value": value} for name, value in told.items()]
    statement = {"Effect": "Allow", "Action": ["dynamodb:UpdateItem", "ses:SendEmail"], "Resource": "*"}
    policy = {"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}
    found["Resources"]["Role"] = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}}
    found["Resources"]["Table"] = table
    return found


def ending(body: dict[str, Any]) -> dict[str, Demand]:
    return {each.quota.name: each for each in demands(Template(body), Assumptions(failing=0))}


def test_what_a_worker_writes_and_sends_ends_where_a_functions_does() -> None:
    """40,000 writes a second, two for each event; 14 e-mails."""
    found = ending(recording())
    assert (found["writes to one table"].ends_at, found["SES"].ends_at) == (20_000, 14)
    assert "Lambda in all" not in found
    (task,) = tasks(Template(recording()))
    assert first_delay(task) == 7


def test_of_workers_elsewhere_one_is_taken_and_that_is_said() -> None:
    own = ending(template(elsewhere=True))["its workers"].quota
    assert own.most == 1 and "its team" in own.removes and "one is taken" in own.weak
    assert ending(template())["its workers"].quota.weak == ""


def test_what_is_told_to_a_worker_has_switches_too() -> None:
    """A write less for each of 1.01 million attempts, at $0.625 a million; two metrics more, at $0.30."""
    found = {each.setting: each for each in switches(recording(), events_per_month=1_000_000, batching=BATCHING)}
    assert found["idempotent"].dollars == pytest.approx(-0.63, abs=0.01)
    assert found["metrics"].instead == "full"
    assert found["metrics"].dollars == pytest.approx(0.6)
    assert switches(template(elsewhere=True), events_per_month=1_000_000, batching=BATCHING) == []
