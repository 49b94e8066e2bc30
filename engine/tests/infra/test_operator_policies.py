"""What the two policies for operators allow, and that it ends at the stack."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as Synthesized

from fanout.constructs.direct import Direct
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.operators.policies import OperatorPolicies
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from fanout.template.sizes import size_of
from fanout.template.template import Template as CheckedTemplate
from stacks import settings
from tests.infra.conftest import cdk_context
from tests.infra.reading import Template, actions, dead_letter_queues, of_type, statements, target, task_queues

CHANGES = {
    "sqs:DeleteMessage",
    "sqs:SendMessage",
    "lambda:TagResource",
    "lambda:UpdateEventSourceMapping",
    "lambda:UntagResource",
    "sns:Publish",
}
KEYS = {"kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKey*"}


def policy(template: Template, output: str) -> list[dict[str, Any]]:
    return statements(template["Resources"][target(template["Outputs"][output]["Value"])])


def queues_of(granted: list[dict[str, Any]], action: str) -> set[str]:
    """The logical ids of what `action` is allowed on."""
    found = [each["Resource"] for each in granted if action in actions(each)]
    return {target(one) for each in found for one in (each if isinstance(each, list) else [each])}


def test_looking_changes_nothing(template: Template) -> None:
    allowed = {action for each in policy(template, "OperatorReadPolicyArn") for action in actions(each)}
    assert not allowed & CHANGES
    assert all(
        action.split(":")[1].startswith(("BatchGet", "Get", "List", "Describe", "Filter", "Query"))
        for action in allowed - {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "kms:Decrypt"}
    )


def test_who_hears_of_alarms_may_be_asked(template: Template) -> None:
    granted = queues_of(policy(template, "OperatorReadPolicyArn"), "sns:ListSubscriptionsByTopic")
    told = target(template["Outputs"]["AlarmTopicArns"]["Value"])
    assert told in granted and template["Resources"][told]["Type"] == "AWS::SNS::Topic"


def test_no_operator_uses_up_an_attempt_of_an_event_that_is_alive(template: Template) -> None:
    granted = policy(template, "OperatorReadPolicyArn") + policy(template, "OperatorHealPolicyArn")
    for action in ("sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"):
        assert queues_of(granted, action) == set(dead_letter_queues(template)), action


def test_healing_sends_to_the_tasks_own_queues_and_nowhere_else(template: Template) -> None:
    granted = policy(template, "OperatorHealPolicyArn")
    assert queues_of(granted, "sqs:SendMessage") == set(task_queues(template))
    assert {action for each in granted for action in actions(each)} <= CHANGES | KEYS | {"lambda:GetEventSourceMapping"}


def test_records_are_read_by_id_and_found_by_the_index_alone(template: Template) -> None:
    granted = policy(template, "OperatorReadPolicyArn")
    (table,) = of_type(template, "AWS::DynamoDB::Table")
    (read,) = [each for each in granted if "dynamodb:BatchGetItem" in actions(each)]
    (query,) = [each for each in granted if "dynamodb:Query" in actions(each)]
    assert set(actions(read)) == {"dynamodb:BatchGetItem", "dynamodb:GetItem"} and target(read["Resource"]) == table
    assert query["Resource"] == {"Fn::Join": ["", [read["Resource"], "/index/by-reference"]]}
    key = template["Resources"][table]["Properties"]["SSESpecification"].get("KMSMasterKeyId")
    keys = queues_of(granted, "kms:Decrypt")
    assert key is None or target(key) in keys


def test_only_what_takes_no_resource_is_allowed_on_everything(template: Template) -> None:
    both = policy(template, "OperatorReadPolicyArn") + policy(template, "OperatorHealPolicyArn")
    anywhere = {action for each in both if each["Resource"] == "*" for action in actions(each)}
    assert anywhere == {
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "lambda:ListEventSourceMappings",
        "sns:GetSubscriptionAttributes",
        "tag:GetResources",
    }


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """About as many subscribers as fit into one stack."""
    folder: Path = tmp_path_factory.mktemp("forty")
    context = {**cdk_context(), "@aws-cdk/core:stackResourceLimit": 0}  # with keys and heartbeats they are 543
    app = cdk.App(context=context, outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "OrderEvents-staging")
    fullest = replace(settings.PROD, alarms="essential")
    topic = Topic.from_sns(sns.Topic(stack, "Topic"), settings=fullest)
    for number in range(40):
        Subscriber(stack, f"SynchronizeCrm{number}", topic=topic, task="archive_order")
    OperatorPolicies(stack, "Operator", topic=topic)
    Heartbeat(stack, "Heartbeat", topic=topic)
    app.synth()
    template: Template = json.loads((folder / "OrderEvents-staging.template.json").read_text())
    return template


@pytest.mark.long
def test_forty_subscribers_take_ten_policies_each_within_iams_limit(forty: Template) -> None:
    stack = CheckedTemplate(forty, name="OrderEvents-staging")
    policies = stack.of("AWS::IAM::ManagedPolicy")
    sizes = [size_of(stack, each.document("PolicyDocument")) for each in policies]
    assert len(sizes) == 10 and max(sizes) <= 6144
    outputs = [name for name in forty["Outputs"] if name.startswith("Operator")]
    assert len(outputs) == 10 and "OperatorReadPolicyArn7" in outputs and "OperatorHealPolicyArn3" in outputs


@pytest.mark.long
def test_every_one_of_forty_subscribers_can_be_looked_at_and_healed(forty: Template) -> None:
    dead: set[str] = set()
    healed: set[str] = set()
    for each in of_type(forty, "AWS::IAM::ManagedPolicy").values():
        dead |= queues_of(statements(each), "sqs:ReceiveMessage")
        healed |= queues_of(statements(each), "sqs:SendMessage")
    assert (dead, healed) == (set(dead_letter_queues(forty)), set(task_queues(forty)))


@pytest.mark.parametrize("first", ["operators", "subscribers"])
def test_the_key_of_the_queues_is_for_operators_whoever_comes_first_and_has_none(first: str) -> None:
    """One that drops what fails has no queue; so its stack has no key before the next subscriber."""
    stack = cdk.Stack(cdk.App(), "Orders-prod")
    topic = Topic.from_sns(sns.Topic(stack, "Topic"), settings=settings.PROD)
    if first == "operators":
        OperatorPolicies(stack, "Operator", topic=topic)
    dropping = Direct(drop_is_ok="a page is stale")
    Subscriber(stack, "Purge", topic=topic, task="notify_partner", compute=dropping)
    Subscriber(stack, "Archive", topic=topic, task="archive_order")
    if first == "subscribers":
        OperatorPolicies(stack, "Operator", topic=topic)
    template = dict(Synthesized.from_stack(stack).to_json())
    (key,) = [id_ for id_ in of_type(template, "AWS::KMS::Key") if id_.startswith("QueueKey")]
    for output, action in (("OperatorReadPolicyArn", "kms:Decrypt"), ("OperatorHealPolicyArn", "kms:GenerateDataKey")):
        assert key in queues_of(policy(template, output), action)
