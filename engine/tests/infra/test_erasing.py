"""Who may erase one person's data: a policy of its own, where somebody asks for it, and no more rights than that takes."""

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from fanout.constructs import Encryption, OperatorPolicies, Subscriber, Topic
from stacks import settings
from stacks.archive import Archive
from tests.infra.conftest import cdk_context


def made(*, erases: bool, late: bool = False, **more: Any) -> dict[str, Any]:
    """The template of a stack with one task and an archive; `late`: the task comes after the policy."""
    chosen = replace(settings.DEV, **more)
    stack = cdk.Stack(cdk.App(context=cdk_context()), "Stack")
    topic = Topic(stack, "Orders", settings=chosen)
    archive = Archive(stack, "Archive", settings=chosen)

    def subscribe() -> None:
        Subscriber(stack, "SendReceipt", topic=topic, task="send_receipt")

    if not late:
        subscribe()
    operators = OperatorPolicies(stack, "Operator", topic=topic)
    if erases:
        operators.let_erase(archive.bucket)
    if late:
        subscribe()
    return dict(Template.from_stack(stack).to_json())


def statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    found = [each for id_, each in template["Resources"].items() if id_.startswith("OperatorErasePolicy")]
    return [each for one in found for each in one["Properties"]["PolicyDocument"]["Statement"]]


def test_nothing_is_there_where_nobody_asks() -> None:
    plain = made(erases=False)
    assert statements(plain) == [] and "OperatorErasePolicyArn" not in plain["Outputs"]
    asked = made(erases=True)
    assert "OperatorErasePolicyArn" in asked["Outputs"]
    new = asked["Resources"].keys() - plain["Resources"].keys()
    assert len(new) == 1 and plain["Resources"] == {
        id_: each for id_, each in asked["Resources"].items() if id_ not in new
    }


def test_it_may_remove_versions_and_write_tombstones_alone() -> None:
    found = statements(made(erases=True))
    actions = {
        action for each in found for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert actions == {
        "dynamodb:UpdateItem",
        "s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion",
    }  # fmt: skip
    assert all(each["Resource"] != "*" for each in found)
    (tombstones,) = [each for each in found if each["Action"] == "dynamodb:UpdateItem"]
    assert tombstones["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["erased#*"]}}


def test_a_task_that_comes_later_makes_no_other_policy() -> None:
    assert len(statements(made(erases=True, late=True))) == len(statements(made(erases=True)))


def test_with_customer_keys_it_may_use_them() -> None:
    found = statements(made(erases=True, encryption=Encryption.CUSTOMER_KEYS))
    keys = [each["Resource"]["Fn::GetAtt"][0] for each in found if "kms:" in str(each["Action"])]
    assert len(set(keys)) == 2, keys
