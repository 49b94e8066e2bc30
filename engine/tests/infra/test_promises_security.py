"""What every template promises about who may do what, and about what is readable on the way and at rest."""

import json
from typing import Any

import pytest

from tests.infra.reading import (
    Resource,
    Synth,
    Template,
    actions,
    of_type,
    statements,
    statements_about,
    target,
    task_queues,
)

STATEFUL = (
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::Logs::LogGroup",
)
EVERY_TASK = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:SendMessage",
    "dynamodb:UpdateItem",
}
TRACE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""Where settings trace."""
CLAIM = {"dynamodb:PutItem", "dynamodb:DeleteItem"}
"""Of the functions that an update replaces, until 0.5."""
OWN_WORK = {
    "SendReceipt": {"ses:SendEmail"} | CLAIM,
    "ArchiveOrder": {"s3:PutObject"},
    "NotifyPartner": {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"} | CLAIM,
}
WITH_KEYS = {"kms:Decrypt", "kms:GenerateDataKey"}


def of_functions(template: Template) -> dict[str, Resource]:
    """Policies of the functions' roles. The schedule of the heartbeats has one too: tests/infra/test_heartbeat.py."""
    policies = of_type(template, "AWS::IAM::Policy")
    return {id_: each for id_, each in policies.items() if not id_.startswith("HeartbeatRole")}


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
def test_the_publisher_policy_is_all_a_publishing_service_needs(name: str, keys: bool, synth: Synth) -> None:
    template = synth[name]
    topic = template["Outputs"]["TopicArn"]["Value"]
    policy = template["Resources"][target(template["Outputs"]["PublisherPolicyArn"]["Value"])]
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
        traced = TRACE if name == "dev" else set()
        assert granted == EVERY_TASK | own | traced | (WITH_KEYS if keys else set())


def test_a_function_sends_to_its_own_dead_letter_queue_only(template: Template) -> None:
    for policy in of_functions(template).values():
        (send,) = [each for each in statements(policy) if "sqs:SendMessage" in actions(each)]
        (receive,) = [each for each in statements(policy) if "sqs:ReceiveMessage" in actions(each)]
        own = template["Resources"][target(receive["Resource"])]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
        assert send["Resource"] == own
        assert not [each for each in statements(policy) if "sns:Publish" in actions(each)]


def test_a_function_remembers_under_its_own_tasks_name_only(template: Template) -> None:
    remembering = 0
    for policy in of_type(template, "AWS::IAM::Policy").values():
        for each in statements(policy):
            if "dynamodb:UpdateItem" in actions(each):
                remembering += 1
                (keys,) = each["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                assert keys in ("archive_order#*", "send_receipt#*", "notify_partner#*")
    assert remembering == 3


def test_a_task_whose_target_can_tell_is_recorded_and_claims_nothing(template: Template) -> None:
    variables = {
        each["Properties"]["Environment"]["Variables"].get("FANOUT_TASK"): each["Properties"]["Environment"][
            "Variables"
        ]
        for each in of_type(template, "AWS::Lambda::Function").values()
    }
    for task, claims in (("archive_order", False), ("send_receipt", True), ("notify_partner", True)):
        assert variables[task]["FANOUT_COMPLETED_TABLE"] == template["Outputs"]["RecordsTableName"]["Value"]
        assert ("FANOUT_IDEMPOTENT" not in variables[task]) == claims
        assert claims or variables[task]["FANOUT_IDEMPOTENT"] == "false"


def test_records_are_found_by_reference_and_by_ids_alone(template: Template) -> None:
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    (index,) = table["Properties"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by-reference" and index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert index["KeySchema"] == [{"AttributeName": "reference", "KeyType": "HASH"}]
    assert table["Properties"]["KeySchema"] == [{"AttributeName": "task_event", "KeyType": "HASH"}]


def test_completed_events_are_remembered_longer_than_a_copy_can_wait(template: Template) -> None:
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    longest = max(each["Properties"]["MessageRetentionPeriod"] for each in task_queues(template).values())
    for function in of_type(template, "AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        if "FANOUT_COMPLETED_TABLE" in variables:
            assert int(variables["FANOUT_COMPLETED_SECONDS"]) >= longest + 14 * 86_400


def test_production_can_restore_what_it_remembers(synth: Synth) -> None:
    (table,) = of_type(synth["prod"], "AWS::DynamoDB::Table").values()
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_only_x_ray_is_granted_on_everything_and_only_where_settings_trace(template: Template) -> None:
    traced = bool(of_type(template, "AWS::XRay::ResourcePolicy"))
    for policy in of_functions(template).values():
        anywhere = [each for each in statements(policy) if "*" in json.dumps(each["Resource"]).replace('/*"', "")]
        assert [set(actions(each)) for each in anywhere] == [TRACE] * traced


def test_a_role_writes_to_its_own_log_group_only(template: Template) -> None:
    for id_, policy in of_functions(template).items():
        (logs,) = [each for each in statements(policy) if "logs:PutLogEvents" in actions(each)]
        assert id_.startswith(target(logs["Resource"]).partition("LogGroup")[0])
    for role in of_type(template, "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_production_keeps_its_data_when_the_stack_goes(synth: Synth) -> None:
    for kind in STATEFUL:
        for id_, each in of_type(synth["prod"], kind).items():
            if id_.startswith("AlarmTopic"):
                continue
            assert (each["DeletionPolicy"], each["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), id_


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
