"""Who may do what, in words: one row where only the who or the on differ, and no ARN, account or hash."""

import json
from typing import Any

import pytest

from fanout.catalog.permissions import page
from fanout.catalog.reading import topics
from fanout.template.template import Template
from tests.unit.catalog.given import att, orders

SNS = {"Service": "sns.amazonaws.com"}


def rows(resources: dict[str, Any]) -> list[tuple[str, ...]]:
    template = Template({"Resources": resources})
    lines = [line for line in page(template, topics(template)).splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    return [cell for cell in cells if cell[0] not in ("who", "---")]


def policy_of(*queues: str, **statement: Any) -> dict[str, Any]:
    """A queue policy for each of the queues."""
    return {
        f"{queue}Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": queue}],
                "PolicyDocument": {"Statement": [{"Effect": "Allow", "Resource": att(queue), **statement}]},
            },
        }
        for queue in queues
    }


def test_what_every_task_has_is_one_row() -> None:
    assert rows(orders()["Resources"]) == [
        ("every task's function", "`sqs:DeleteMessage`, `sqs:ReceiveMessage`", "its own queue", "")
    ]


def test_what_one_task_has_more_is_its_own_row() -> None:
    resources = orders()["Resources"]
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": {"Fn::Sub": "${Bills.Arn}/*"}}
    more = {"PolicyName": "more", "PolicyDocument": {"Statement": statement}, "Roles": [{"Ref": "BillRole"}]}
    resources |= {
        "More": {"Type": "AWS::IAM::Policy", "Properties": more},
        "Bills": {"Type": "AWS::S3::Bucket"},
    }
    assert ("function of `BillFn`", "`s3:PutObject`", "everything in bucket `Bills`", "") in rows(resources)


def test_a_right_to_anothers_queue_is_not_called_its_own() -> None:
    resources = orders()["Resources"]
    statement = resources["BillRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    statement["Resource"] = att("ShipQueue")
    assert ("function of `BillFn`", "`sqs:DeleteMessage`, `sqs:ReceiveMessage`", "queue of `ShipFn`", "") in rows(
        resources
    )


def test_tls_only_and_the_topics_right_are_said_in_words() -> None:
    queues = ("BillQueue", "ShipQueue", "BillDlq", "ShipDlq")
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    every = orders()["Resources"]
    tls = policy_of(*queues, Effect="Deny", Principal="*", Action="sqs:*", Condition=plain)
    on = "every task's dead letters, every task's queue"
    assert ("anyone", "not `sqs:*`", on, "the call is not over TLS") in rows(every | tls)
    source = {"ArnEquals": {"aws:SourceArn": {"Ref": "Orders"}}}
    sends = policy_of(*queues, Principal=SNS, Action="sqs:SendMessage", Condition=source)
    assert ("`sns.amazonaws.com`", "`sqs:SendMessage`", on, "for topic `Orders`") in rows(every | sends)


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("*", "anyone"),
        ({"AWS": "*"}, "anyone"),
        ({"AWS": "111122223333"}, "whom IAM lets in an account that the template names"),
        ({"AWS": "arn:aws:iam::111122223333:root"}, "whom IAM lets in an account that the template names"),
        ({"AWS": "arn:aws:iam::111122223333:role/orders"}, "iam `role/orders`"),
        ({"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}, "whom IAM lets in this account"),
        ({"AWS": att("BillRole")}, "role of `BillFn`"),
        ({"Fn::If": ["IsProd", "*", SNS]}, "what the template does not show"),
    ],
    ids=str,
)
def test_principals(principal: Any, who: str) -> None:
    resources = orders()["Resources"] | policy_of("BillQueue", Principal=principal, Action="sqs:SendMessage")
    assert (who, "`sqs:SendMessage`", "queue of `BillFn`", "") in rows(resources)


def test_no_account_and_no_region_is_written() -> None:
    arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/bills"
    resources = orders()["Resources"] | policy_of(
        "BillQueue",
        Principal={"AWS": "arn:aws:iam::111122223333:role/orders"},
        Action="sqs:SendMessage",
        Condition={
            "ArnEquals": {"aws:SourceArn": arn},
            "StringEquals": {"aws:SourceAccount": "111122223333", "aws:PrincipalAccount": "111122223333"},
        },
    )
    text = json.dumps(rows(resources))
    assert "111122223333" not in text and "eu-west-1" not in text
    assert "for dynamodb `table/bills`; for an account that the template names; `aws:principalaccount` is `*`" in text


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"ArnNotLike": {"aws:SourceArn": {"Ref": "Orders"}}}, "not for topic `Orders`"),
        ({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}, "not for an account that the template names"),
        ({"StringNotEqualsIfExists": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}}, "not through `sqs`"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, "`aws:principalorgid` is not `o-1`"),
        ({"Null": {"aws:SourceArn": "true"}}, "`aws:sourcearn` is not there"),
        ({"Null": {"aws:SourceAccount": False}}, "`aws:sourceaccount` is there"),
    ],
    ids=json.dumps,
)
def test_what_must_not_be_true_of_a_call_is_not_told_as_what_must(condition: dict[str, Any], said: str) -> None:
    denied = policy_of("BillQueue", Effect="Deny", Principal="*", Action="sqs:*", Condition=condition)
    assert ("anyone", "not `sqs:*`", "queue of `BillFn`", said) in rows(orders()["Resources"] | denied)


def test_a_condition_on_the_tasks_own_items_is_one_row_for_all() -> None:
    resources = orders()["Resources"]
    for name in ("Bill", "Ship"):
        statement = resources[f"{name}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
        statement["Condition"] = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{name}Fn#*"]}}
    assert [(row[0], row[3]) for row in rows(resources)] == [
        ("every task's function", "`dynamodb:leadingkeys` is `<task>#*`")
    ]


def test_a_policy_of_nobody_here_is_for_whoever_has_it() -> None:
    resources = orders()["Resources"]
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": "Orders"}}
    properties = {"Description": "Place orders", "PolicyDocument": {"Statement": [statement]}}
    resources["Publisher"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    assert ("policy `Publisher`", "`sns:Publish`", "topic `Orders`", "") in rows(resources)
    template = Template({"Resources": resources})
    assert "- policy `Publisher`: Place orders" in page(template, topics(template))


def test_policies_of_aws_and_what_they_leave_out_are_not_hidden() -> None:
    resources = orders()["Resources"]
    resources["BillRole"]["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    allowed = [row[1] for row in rows(resources) if row[0] == "function of `BillFn`"]
    assert "what policy `AdministratorAccess` allows" in allowed
    statement = resources["ShipRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    statement["NotAction"] = statement.pop("Action")
    assert "all but `sqs:DeleteMessage`, `sqs:ReceiveMessage`" in [row[1] for row in rows(resources)]


def test_a_policy_in_a_string_keeps_its_references() -> None:
    document = (
        '{"Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"xray:PutTraceSegments",'
    )
    text = ["", [document + '"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"', {"Ref": "Orders"}, '"}}}]}']]
    properties = {"PolicyName": "traces", "PolicyDocument": {"Fn::Join": text}}
    resources = orders()["Resources"] | {"Traces": {"Type": "AWS::XRay::ResourcePolicy", "Properties": properties}}
    assert ("`sns.amazonaws.com`", "`xray:PutTraceSegments`", "anything", "for topic `Orders`") in rows(resources)


def test_who_may_call_a_function() -> None:
    properties = {
        "FunctionName": att("BillFn"),
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": att("Hourly"),
    }
    resources = orders()["Resources"] | {
        "Hourly": {"Type": "AWS::Events::Rule"},
        "Call": {"Type": "AWS::Lambda::Permission", "Properties": properties},
    }
    expected = ("`events.amazonaws.com`", "`lambda:InvokeFunction`", "function of `BillFn`", "for rule `Hourly`")
    assert expected in rows(resources)
