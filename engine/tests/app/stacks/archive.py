"""The bucket that keeps every order."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from fanout import names
from fanout.constructs.keys import archive_key
from fanout.constructs.private_bucket import private_bucket
from stacks.archive_settings import ArchiveSettings


class Archive(Construct):
    """A private, versioned bucket over TLS only; encrypted by S3, or with a customer key where settings ask for one.

    What is older than `archive_days` is deleted, and a week later the version that this leaves, then the marker of the
    deletion, for which S3 wants a rule of its own: https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html
    """

    def __init__(self, scope: Construct, id_: str, *, settings: ArchiveSettings) -> None:
        super().__init__(scope, id_)
        self._key = archive_key(self, settings)
        self.bucket = private_bucket(
            self,
            "Bucket",
            settings=settings,
            key=self._key,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(settings.archive_days),
                    noncurrent_version_expiration=Duration.days(7),
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                ),
                s3.LifecycleRule(expired_object_delete_marker=True),
            ],
        )
        CfnOutput(Stack.of(self), names.ARCHIVE_BUCKET_OUTPUT, value=self.bucket.bucket_name)

    def grant_write(self, grantee: iam.IGrantable) -> None:
        """Writing objects and nothing else: no reading, listing or deleting (`Bucket.grant_put` allows more)."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["s3:PutObject"], resource_arns=[self.bucket.arn_for_objects("*")]
        )
        if self._key:
            self._key.grant(grantee, "kms:GenerateDataKey")

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Listing and reading, for `fanout replay`: no older versions, which are of what was deleted."""
        iam.Grant.add_to_principal(grantee=grantee, actions=["s3:ListBucket"], resource_arns=[self.bucket.bucket_arn])
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["s3:GetObject"], resource_arns=[self.bucket.arn_for_objects("*")]
        )
        if self._key:
            self._key.grant(grantee, "kms:Decrypt")
