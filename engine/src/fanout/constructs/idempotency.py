"""The records of a stack's tasks: what became of each event, by its ids, and nothing of what was in it.

`fanout.runtime.record` has the shape. The table has the name and the key that it had when it held completed events only.
"""

from functools import partial

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from fanout import names
from fanout.constructs.agreed import agree
from fanout.constructs.cdk_cache import fact, once
from fanout.constructs.keys import table_key
from fanout.constructs.settings import DEAD_LETTER_RETENTION_DAYS, Encryption, Settings

_ID = "CompletedEvents"
_OF_OLD_FUNCTIONS = ["dynamodb:DeleteItem", "dynamodb:PutItem"]
"""A role changes before its function does: without them, one of an engine before 0.4 fails for that moment. Until 0.5."""


def records(scope: Construct, settings: Settings) -> dynamodb.Table:
    """The one table of the scope's stack: paid by request, encrypted, forgetting by itself."""
    agree(scope, settings, "encryption")
    return once(scope, _ID, lambda stack: _table(stack, settings))


def records_of(stack: Stack) -> dynamodb.Table | None:
    """None where no task of `stack` keeps any."""
    table = fact(stack, "node").try_find_child(_ID)
    return table if isinstance(table, dynamodb.Table) else None


def let_look(stack: Stack, operator: iam.ManagedPolicy) -> None:
    """Lets `operator` read records by event id and find them by reference, where a task of `stack` keeps any."""
    table = records_of(stack)
    if table is None:
        return
    arn = fact(table, "table_arn")
    index = f"{arn}/index/{names.REFERENCE_INDEX}"
    allow = partial(iam.Grant.add_to_principal, grantee=operator)
    allow(actions=["dynamodb:BatchGetItem", "dynamodb:GetItem"], resource_arns=[arn])
    allow(actions=["dynamodb:Query"], resource_arns=[index])
    if key := fact(table, "encryption_key"):
        key.grant(operator, "kms:Decrypt")


def _table(stack: Stack, settings: Settings) -> dynamodb.Table:
    key = table_key(stack, settings)
    table = dynamodb.Table(
        stack,
        _ID,
        partition_key=_text(names.RECORD_KEY),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else dynamodb.TableEncryption.DEFAULT,
        encryption_key=key,
        time_to_live_attribute=names.RECORD_EXPIRES,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=settings.keeps
        ),
        removal_policy=settings.removal_policy,
    )

    table.add_global_secondary_index(
        index_name=names.REFERENCE_INDEX,
        partition_key=_text(names.RECORD_REFERENCE),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
    CfnOutput(stack, names.RECORDS_TABLE_OUTPUT, value=fact(table, "table_name"))
    return table


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def variables(scope: Construct, settings: Settings, *, claims: bool) -> dict[str, str]:
    """Where a task keeps its records, and for how many seconds."""
    days = settings.queue_retention_days + DEAD_LETTER_RETENTION_DAYS + 1
    return {
        names.COMPLETED_TABLE: fact(records(scope, settings), "table_name"),
        names.COMPLETED_SECONDS: str(86_400 * days),
        **({} if claims else {names.IDEMPOTENT: "false"}),
    }


def let_remember(scope: Construct, role: iam.Role, settings: Settings, *, task: str, claims: bool) -> None:
    """What becomes of an event at the task is recorded; with `claims`, one that it has completed is not worked on again.

    Until no copy of it can be left: longer than a message can wait in its queue, and then as a dead letter until somebody
    redrives it. It may change items of its own task only:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    table = records(scope, settings)
    iam.Grant.add_to_principal(
        grantee=role,
        actions=["dynamodb:UpdateItem", *(_OF_OLD_FUNCTIONS if claims else [])],
        resource_arns=[fact(table, "table_arn")],
        conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{task}#*"]}},
    )
    if settings.encryption is Encryption.CUSTOMER_KEYS and (key := fact(table, "encryption_key")):
        key.grant(role, "kms:Decrypt", "kms:GenerateDataKey")
