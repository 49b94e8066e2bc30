"""What the tasks of a stack remember: the ids of events they have completed, and nothing of what was in them."""

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from fanout import names
from fanout.constructs.cdk_cache import once
from fanout.constructs.keys import table_key
from fanout.constructs.settings import DEAD_LETTER_RETENTION_DAYS, Encryption, Settings

KEY = "task_event"
"""The partition key: `<task>#<event id>`."""


def completed_events(scope: Construct, settings: Settings) -> dynamodb.Table:
    """The one table of the scope's stack: paid by request, encrypted, forgetting by itself."""
    return once(scope, "CompletedEvents", lambda stack: _table(stack, settings))


def _table(stack: Stack, settings: Settings) -> dynamodb.Table:
    key = table_key(stack, settings)
    return dynamodb.Table(
        stack,
        "CompletedEvents",
        partition_key=dynamodb.Attribute(name=KEY, type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else dynamodb.TableEncryption.DEFAULT,
        encryption_key=key,
        time_to_live_attribute="expires_at",
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=settings.keeps
        ),
        removal_policy=settings.removal_policy,
    )


def remember(scope: Construct, function: lambda_.Function, *, task: str, settings: Settings) -> None:
    """An event id that the task has completed is not worked on again, until no copy of it can be left.

    That is longer than a message can wait: in its queue, and then as a dead letter until somebody redrives it. The
    function may change items of its own task only:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    table = completed_events(scope, settings)
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            resources=[table.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{task}#*"]}},
        )
    )
    if settings.encryption is Encryption.CUSTOMER_KEYS and table.encryption_key:
        table.encryption_key.grant(function, "kms:Decrypt", "kms:GenerateDataKey")
    days = settings.queue_retention_days + DEAD_LETTER_RETENTION_DAYS + 1
    function.add_environment(names.COMPLETED_TABLE, table.table_name)
    function.add_environment(names.COMPLETED_SECONDS, str(86_400 * days))
