"""Resources that hold something: messages, data, keys, or the ARN that others know."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.alarms import alarmed
from fanout.template.template import Resource, Template
from fanout.template.types import QUEUE, TOPIC

NAMES = {
    QUEUE: "QueueName",
    TOPIC: "TopicName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::SecretsManager::Secret": "Name",
}
"""Stateful types and the property that gives each a physical name."""

KEPT = (*NAMES, "AWS::KMS::Key", "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::EFS::FileSystem")
_SAFE = ("Retain", "RetainExceptOnCreate", "Snapshot")
_PAID = ("AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
"""Paid for by the month, whether anybody uses it or not."""
_NAMES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html"
_DELETION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html"


@rule(
    "physical-name",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="A resource that holds something has no physical name of its own.",
    why="Changing the name replaces the resource: a new empty queue, and the old one deleted with its messages. Any other"
    " replacement fails, because the name is taken.",
    fix="Remove the name and let CloudFormation make one; others find the resource by an output or an SSM parameter.",
    link=_NAMES,
)
def physical_name(template: Template) -> Iterator[Problem]:
    for each in _stateful(template, *NAMES):
        fifo_topic = each.type == TOPIC and each.flag("FifoTopic") is not False
        name = each.get(NAMES[each.type])
        if isinstance(name, str) and not fifo_topic:
            yield Problem(each, f"{NAMES[each.type]} is {name!r}")
        elif isinstance(name, str) and _is_kept(each, "DeletionPolicy"):  # CDK must name these
            message = f"TopicName is {name!r}, and when the stack is gone the topic stays and has it"
            yield Problem(each, message, fix="Have a number in the name that can be raised, and acknowledge this.")


@rule(
    "deleted-with-stack",
    consequence=Consequence.LOST,
    what="In a stack marked as production, what holds something stays when the stack or the resource is removed.",
    why="Removing a construct deletes the queue with the messages in it. CDK's default for queues is to delete.",
    fix="Set DeletionPolicy to RetainExceptOnCreate and UpdateReplacePolicy to Retain (CDK:"
    " removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE). With plain Retain a creation that fails leaves what it made.",
    link=_DELETION,
)
def deleted_with_stack(template: Template) -> Iterator[Problem]:
    if template.production:
        for each in _stateful(template, *KEPT):
            missing = [name for name in ("DeletionPolicy", "UpdateReplacePolicy") if not _is_kept(each, name)]
            if missing:
                yield Problem(each, f"{' and '.join(missing)} would delete it, and this stack is production")


@rule(
    "kept-at-failed-creation",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="What costs money, or has a name that can be taken, is not kept when the deployment that makes it fails.",
    why="DeletionPolicy Retain also holds when a creation is rolled back: each failed try leaves a key or a secret that is paid"
    " for and that no stack knows, and a name that the next try finds taken. Nothing was in it yet.",
    fix="Set DeletionPolicy to RetainExceptOnCreate; UpdateReplacePolicy stays Retain (CDK:"
    " removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE).",
    link=_DELETION,
)
def kept_at_failed_creation(template: Template) -> Iterator[Problem]:
    for each in _stateful(template, *KEPT):
        if each.body.get("DeletionPolicy") == "Retain":
            name = each.get(NAMES.get(each.type, ""))
            if each.type in _PAID:
                yield Problem(each, "DeletionPolicy is Retain: a failed creation leaves it, and it is paid for")
            elif isinstance(name, str):
                yield Problem(
                    each, f"DeletionPolicy is Retain: a failed creation leaves it, and the name {name!r} is taken"
                )


def _stateful(template: Template, *types: str) -> list[Resource]:
    """Resources of these types. A topic for alarms holds nothing, and no publisher knows it."""
    told = alarmed(template)
    return [each for each in template.of(*types) if each not in told]


def _is_kept(resource: Resource, attribute: str) -> bool:
    policy = resource.body.get(attribute)
    return policy in _SAFE if isinstance(policy, str) else policy is not None
