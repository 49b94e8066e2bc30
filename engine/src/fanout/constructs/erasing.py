"""The rights of whoever erases one person's data, beside those of an operator who heals."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from fanout import names
from fanout.constructs.cdk_cache import fact
from fanout.constructs.idempotency import records_of

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3


def burial(stack: Stack, policy: iam.ManagedPolicy) -> Callable[[Any], None]:
    """Called for each subscriber, lets `policy` keep tombstones in the stack's records, once there are any; nothing else."""
    tables: list[str] = []

    def bury(_: Any) -> None:
        table = records_of(stack)
        if table is None or tables:
            return
        tables.append(fact(table, "table_arn"))
        own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{names.ERASED_PREFIX}#*"]}}
        arns = [fact(table, "table_arn")]
        iam.Grant.add_to_principal(grantee=policy, actions=["dynamodb:UpdateItem"], resource_arns=arns, conditions=own)
        if key := fact(table, "encryption_key"):
            key.grant(policy, "kms:Decrypt", "kms:GenerateDataKey")

    return bury


def grant(policy: iam.ManagedPolicy, archive: "s3.IBucket") -> None:
    """Looking into every version, and removing it; what Object Lock holds is not bypassed. `s3:DeleteObject` belongs to it:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    objects = ["s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    policy.add_statements(
        iam.PolicyStatement(actions=["s3:ListBucket", "s3:ListBucketVersions"], resources=[archive.bucket_arn]),
        iam.PolicyStatement(actions=objects, resources=[archive.arn_for_objects("*")]),
    )
    if archive.encryption_key:
        archive.encryption_key.grant(policy, "kms:Decrypt")
