"""Whatever differs between two versions of a resource is told, if only as an update in place."""

import copy
from typing import Any

import pytest

from fanout import names
from fanout.diff.compare import compare
from fanout.template.template import Template
from fanout.template.values import External, Reference, shown

Json = dict[str, Any]
KEY: Json = {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}}}
SURROUNDINGS: Json = {
    "Parameters": {"Unknown": {"Type": "String"}},
    "Conditions": {"Maybe": {"Fn::Equals": [{"Ref": "Unknown"}, "a"]}},
}


def queue(**properties: Any) -> Json:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def alarm(topic: str) -> Json:
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [topic], "MetricName": "m"}}


def policy(action: str) -> Json:
    document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    return {"Type": "AWS::IAM::UserPolicy", "Properties": {"UserName": "form", "PolicyDocument": document}}


def told(before: Json | None, after: Json | None) -> list[tuple[str, str]]:
    """Kind and message of what is said of one resource."""
    resources = ({**KEY, "It": each} if each else KEY for each in (before, after))
    sides = (Template(copy.deepcopy({**SURROUNDINGS, "Resources": each}), name="Shop") for each in resources)
    return [(each.kind, each.message) for each in compare(*sides)]


REDRIVE = {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:111122223333:dead", "maxReceiveCount": 1}


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (queue(MessageRetentionPeriod=60), queue(MessageRetentionPeriod={"Ref": "Unknown"}), "MessageRetentionPeriod"),
        (queue(VisibilityTimeout=900), queue(VisibilityTimeout={"Fn::ImportValue": "v"}), "VisibilityTimeout"),
        (queue(), queue(RedrivePolicy=REDRIVE), "RedrivePolicy"),
        (queue(), queue(KmsMasterKeyId={"Ref": "Key"}), "KmsMasterKeyId"),
        (queue(), {**queue(), "Condition": "Maybe"}, "Condition"),
        (alarm("one"), alarm("another"), "AlarmActions"),
    ],
)
def test_what_no_comparison_has_a_word_for_is_an_update(before: Json, after: Json, names: str) -> None:
    assert told(before, after) == [("resource-updated", f"{after['Type']} updated in place: {names}")]


def test_what_a_comparison_has_told_is_not_told_again() -> None:
    before, after = queue(VisibilityTimeout=60, RedrivePolicy=REDRIVE), queue(VisibilityTimeout=90, DelaySeconds=1)
    kinds = [("dead-letter-queue-lost", ""), ("resource-updated", "AWS::SQS::Queue updated in place: DelaySeconds")]
    found = told(before, after)
    assert [kind for kind, _ in found] == [kinds[0][0], kinds[1][0], "visibility-raised"]
    assert kinds[1] in found


@pytest.mark.parametrize(
    ("before", "after", "danger"),
    [
        (queue(KmsMasterKeyId={"Ref": "Key"}), queue(KmsMasterKeyId="alias/aws/sqs"), True),
        (queue(KmsMasterKeyId={"Ref": "Key"}), queue(KmsMasterKeyId="arn:aws:kms:eu-west-1:1:key/2"), True),
        (queue(), queue(KmsMasterKeyId="alias/aws/sqs"), True),
        (queue(KmsMasterKeyId={"Ref": "Key"}), queue(KmsMasterKeyId={"Fn::GetAtt": ["Key", "Arn"]}), False),
        (queue(KmsMasterKeyId={"Ref": "Key"}), queue(KmsMasterKeyId={"Fn::Transform": "unseen"}), False),
    ],
)
def test_another_key_of_a_queue_is_a_danger(before: Json, after: Json, danger: bool) -> None:
    assert [kind for kind, _ in told(before, after)] == ["encryption-begins" if danger else "resource-updated"]


def test_a_key_that_is_switched_off_is_a_danger() -> None:
    key = KEY["Key"]
    off = {**key, "Properties": {**key["Properties"], "Enabled": False}}
    assert [kind for kind, _ in told(key, off)] == ["delivery-refused"]
    assert [kind for kind, _ in told(off, key)] == ["resource-updated"]


def test_a_right_of_a_user_that_is_lost_is_a_danger_and_its_policy_does_not_go_unsaid() -> None:
    assert "statement-lost" in [kind for kind, _ in told(policy("sns:Publish"), policy("sns:ListTopics"))]
    assert told(policy("sns:Publish"), None) == [("resource-removed", "AWS::IAM::UserPolicy")]


@pytest.mark.parametrize("type_", ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"])
def test_a_nested_stack_that_goes_or_is_made_anew_is_a_danger(type_: str) -> None:
    nested = {"Type": type_, "Properties": {"TemplateURL": "https://s3/x.yaml"}}
    sides: list[Json] = [{"Resources": each} for each in ({**KEY, "N": nested}, KEY, {**KEY, "M": nested})]
    old, without, moved = (Template(each, name="Shop") for each in sides)
    assert [(each.kind, each.resource, each.danger) for each in compare(old, without)] == [("stack-removed", "N", True)]
    assert [(each.kind, each.resource, each.danger) for each in compare(old, moved)] == [("stack-replaced", "M", True)]


def test_keys_of_several_types_as_in_yaml_are_compared() -> None:
    before, after = ({"Type": "AWS::X::Y", "Properties": {1: each, "a": each}} for each in (1, 2))
    assert [kind for kind, _ in told(before, after)] == ["resource-updated"]


def test_a_function_whose_tracing_a_parameter_decides_is_compared() -> None:
    def template(mode: str) -> Template:
        function = {"Type": "AWS::Lambda::Function", "Properties": {"TracingConfig": {"Mode": {"Ref": "Mode"}}}}
        return Template({"Parameters": {"Mode": {"Type": "String", "Default": mode}}, "Resources": {"F": function}})

    assert [each.kind for each in compare(template("Active"), template("PassThrough"))] == ["traces-end"]


def test_a_circuit_breaker_that_goes_may_leave_its_mapping_off_and_that_is_told() -> None:
    """What closes an open circuit goes with it, and CloudFormation leaves a mapping alone whose template says the same."""
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "It"}}}

    def side(**variables: Any) -> Template:
        properties = {"Timeout": 9, "Environment": {"Variables": variables}}
        function = {"Type": "AWS::Lambda::Function", "Properties": properties}
        return Template({"Resources": {"It": function, "Mapping": mapping}}, name="Shop")

    guarded = {names.CIRCUIT_FAILURES: "20"}
    gone = [(each.kind, each.resource, each.message) for each in compare(side(**guarded), side())]
    assert ("circuit-removed", "Mapping", "It has no circuit breaker any more") in gone
    for before, after in ((side(), side(**guarded)), (side(**guarded), side(**guarded, MORE="1"))):
        assert [each.kind for each in compare(before, after)] == ["function-updated"]


def test_what_only_the_deployment_knows_is_named_within_a_list_too() -> None:
    queue = Template({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}).resources["Queue"]
    told = [None, "a", 2.0, {"b": Reference(queue, "Arn")}, External("AWS::Region")]
    assert shown(told) == "[None, 'a', 2, {'b': Queue.Arn}, AWS::Region]"
