"""What every template promises about who may do what, and about what is readable on the way and at rest."""

import json
from typing import Any

import pytest

from tests.infra.reading import (
    Synth,
    Template,
    actions,
    of_type,
    statements,
    statements_about,
    target,
)

STATEFUL = (
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::SecretsManager::Secret",
    "AWS::Logs::LogGroup",
)
EVERY_TASK = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
OWN_WORK = {
    "SendConfirmation": {"ses:SendEmail"},
    "ArchiveSubmission": {"s3:PutObject"},
    "NotifyWebhook": {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
}
WITH_KEYS = {
    "SendConfirmation": {"kms:Decrypt"},
    "ArchiveSubmission": {"kms:Decrypt", "kms:GenerateDataKey"},
    "NotifyWebhook": {"kms:Decrypt"},
}


def denies_plain_http(statement: dict[str, Any]) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    )


@pytest.mark.parametrize(
    ("kind", "policy", "key", "action"),
    [
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
    ],
)
def test_everything_is_reached_over_tls_only(template: Template, kind: str, policy: str, key: str, action: str) -> None:
    for id_ in of_type(template, kind):
        denied = [each for each in statements_about(template, policy, id_, key=key) if denies_plain_http(each)]
        assert [actions(each) for each in denied] == [[action]], id_


def test_queues_are_encrypted_in_so_many_words(template: Template) -> None:
    for queue in of_type(template, "AWS::SQS::Queue").values():
        properties = queue["Properties"]
        assert properties.get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in properties


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_with_customer_keys_the_topic_may_use_the_key_of_every_queue_it_delivers_to(name: str, synth: Synth) -> None:
    template = synth[name]
    topic = template["Outputs"]["TopicArn"]["Value"]
    queue_keys = {
        target(each["Properties"]["KmsMasterKeyId"]) for each in of_type(template, "AWS::SQS::Queue").values()
    }
    topic_key = target(template["Resources"][topic["Ref"]]["Properties"]["KmsMasterKeyId"])
    assert len(queue_keys) == 1 and topic_key not in queue_keys
    for key in queue_keys:
        for_sns = [
            each
            for each in statements(template["Resources"][key])
            if each["Principal"] == {"Service": "sns.amazonaws.com"}
        ]
        assert [set(actions(each)) for each in for_sns] == [{"kms:Decrypt", "kms:GenerateDataKey"}]
        assert for_sns[0]["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}
    for each in of_type(template, "AWS::KMS::Key").values():
        assert each["Properties"]["EnableKeyRotation"] is True


@pytest.mark.parametrize(("name", "keys"), [("dev", False), ("local", False), ("staging", True), ("prod", True)])
def test_the_publisher_policy_is_all_a_form_service_needs(name: str, keys: bool, synth: Synth) -> None:
    template = synth[name]
    topic = template["Outputs"]["TopicArn"]["Value"]
    (policy,) = of_type(template, "AWS::IAM::ManagedPolicy").values()
    publish, *key_rights = statements(policy)
    assert (actions(publish), publish["Resource"]) == (["sns:Publish"], topic)
    assert len(key_rights) == keys
    for each in key_rights:
        assert set(actions(each)) == {"kms:Decrypt", "kms:GenerateDataKey*"}
        assert each["Resource"] == template["Resources"][topic["Ref"]]["Properties"]["KmsMasterKeyId"]


@pytest.mark.parametrize(("name", "keys"), [("dev", False), ("local", False), ("staging", True), ("prod", True)])
def test_a_function_may_do_its_task_and_nothing_else(name: str, keys: bool, synth: Synth) -> None:
    roles = of_type(synth[name], "AWS::IAM::Policy")
    for task, own in OWN_WORK.items():
        (policy,) = [each for id_, each in roles.items() if id_.startswith(task)]
        granted = {action for statement in statements(policy) for action in actions(statement)}
        assert granted == EVERY_TASK | own | (WITH_KEYS[task] if keys else set())


def test_only_x_ray_is_granted_on_everything(template: Template) -> None:
    for policy in of_type(template, "AWS::IAM::Policy").values():
        anywhere = [each for each in statements(policy) if "*" in json.dumps(each["Resource"]).replace('/*"', "")]
        assert [set(actions(each)) for each in anywhere] == [{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}]


def test_a_role_writes_to_its_own_log_group_only(template: Template) -> None:
    for id_, policy in of_type(template, "AWS::IAM::Policy").items():
        (logs,) = [each for each in statements(policy) if "logs:PutLogEvents" in actions(each)]
        assert id_.startswith(target(logs["Resource"]).partition("LogGroup")[0])
    for role in of_type(template, "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_production_keeps_its_data_when_the_stack_goes(synth: Synth) -> None:
    for kind in STATEFUL:
        for id_, each in of_type(synth["prod"], kind).items():
            if id_.startswith("AlarmTopic"):
                continue
            assert (each["DeletionPolicy"], each["UpdateReplacePolicy"]) == ("Retain", "Retain"), id_


def test_no_variable_of_a_function_is_a_secret(template: Template) -> None:
    for function in of_type(template, "AWS::Lambda::Function").values():
        text = json.dumps(function["Properties"]["Environment"]["Variables"])
        assert "resolve:secretsmanager" not in text and "SecretString" not in text


def test_the_archive_is_private_versioned_and_encrypted(template: Template) -> None:
    (bucket,) = of_type(template, "AWS::S3::Bucket").values()
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]
    (policy,) = of_type(template, "AWS::S3::BucketPolicy").values()
    assert any(denies_plain_http(each) for each in statements(policy))
