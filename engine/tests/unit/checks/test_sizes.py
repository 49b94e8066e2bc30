"""Sizes are those of the deployment at its longest, not those of the template."""

import json
from typing import Any

import pytest

from fanout.checks.engine import check_template
from fanout.physical_names import arn_length, name_length
from fanout.template.sizes import as_deployed, size_of
from fanout.template.template import Template


def template(**resources: Any) -> Template:
    return Template({"Resources": resources}, name="OrderEvents-staging")


def rules(body: Template) -> set[str]:
    return {each.rule for each in check_template(body) if each.rule.endswith("-too-large")}


@pytest.mark.parametrize(
    ("type_", "most"),
    [("AWS::SQS::Queue", 80), ("AWS::Lambda::Function", 64), ("AWS::IAM::Role", 64), ("AWS::SNS::Topic", 153)],
)
def test_a_made_name_has_stack_id_and_suffix_and_is_cut_where_the_service_cuts(type_: str, most: int) -> None:
    assert name_length(type_, "s" * 39, "l" * 99) == most
    assert name_length(type_, "stack", "Id") == len("stack-Id-ABCDEFGHIJKLM")


def test_a_reference_is_as_long_as_its_arn_url_or_name() -> None:
    body = template(
        Queue={"Type": "AWS::SQS::Queue"},
        Named={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
        Holder={
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Arn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "Url": {"Ref": "Queue"},
                "Name": {"Fn::GetAtt": ["Queue", "QueueName"]},
                "Named": {"Fn::GetAtt": ["Named", "Arn"]},
                "Text": {"Fn::Sub": "${AWS::Region}/${AWS::AccountId}/${AWS::StackName}"},
            },
        },
    )
    holder, name = body.resources["Holder"], len("OrderEvents-staging-Queue-ABCDEFGHIJKLM")
    sizes = {key: size_of(body, holder.get(key)) for key in ("Arn", "Url", "Name", "Named")}
    assert sizes == {
        "Arn": len("arn:aws:sqs:ap-northeast-1:123456789012:") + name,
        "Url": len("https://sqs.ap-northeast-1.amazonaws.com/123456789012/") + name,
        "Name": name,
        "Named": len("arn:aws:sqs:ap-northeast-1:123456789012:orders"),
    }
    assert as_deployed(body, holder.get("Text")) == "ap-northeast-1/123456789012/OrderEvents-staging"


def test_the_template_may_fit_where_the_deployment_does_not() -> None:
    """Eighty references are short in the template, and ARNs in IAM."""

    def policy(count: int) -> set[str]:
        queues = {f"Queue{number:02}": {"Type": "AWS::SQS::Queue"} for number in range(count)}
        arns = [{"Fn::GetAtt": [name, "Arn"]} for name in queues]
        document = {"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arns}]}
        holder = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
        return rules(template(**queues, Policy=holder))

    each = arn_length("AWS::SQS::Queue", "OrderEvents-staging", "Queue00") + len('"",')
    most = (6144 - len('{"Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":[]}]}') + 1) // each
    assert (policy(most), policy(most + 1)) == (set(), {"policy-too-large"})


def test_what_cannot_be_seen_counts_nothing() -> None:
    variables = {"A": {"Fn::ImportValue": "elsewhere"}, "B": {"Fn::GetAtt": ["Gone", "Arn"]}, "C": "x" * 4000}
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": variables}}}
    assert rules(template(Function=function)) == set()
    variables["C"] = "x" * 4100
    assert rules(template(Function=function)) == {"variables-too-large"}


@pytest.mark.parametrize(("widgets", "metrics", "found"), [(500, 5, False), (501, 1, True), (251, 10, True)])
def test_a_dashboard_has_so_many_widgets_and_metrics(widgets: int, metrics: int, found: bool) -> None:
    one = {"type": "metric", "properties": {"metrics": [["AWS/SQS", "Age"]] * metrics}}
    body = json.dumps({"widgets": [one] * widgets})
    board = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}}
    assert rules(template(Board=board)) == ({"alarms-too-large"} if found else set())
