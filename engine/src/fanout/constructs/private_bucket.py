"""A bucket for personal data. Imported by a stack that has one."""

from collections.abc import Sequence

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from fanout.constructs.settings import Settings


def private_bucket(
    scope: Construct,
    id_: str,
    *,
    settings: Settings,
    key: kms.IKey | None,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    cors: Sequence[s3.CorsRule] | None = None,
) -> s3.Bucket:
    """Nobody's but its account's, versioned, over TLS only; encrypted with `key`, or by S3. It stays where settings keep data."""
    return s3.Bucket(
        scope,
        id_,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=True if key else None,
        enforce_ssl=True,
        lifecycle_rules=lifecycle_rules,
        cors=cors,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=settings.removal_policy,
        versioned=True,
    )
