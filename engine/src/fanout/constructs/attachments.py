"""What stands beside the events of a topic: answers that are too large for one, and files. Imported by a stack that has them."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fanout import names
from fanout.constructs.agreed import only_one
from fanout.constructs.errors import expect
from fanout.constructs.keys import attachments_key
from fanout.constructs.kinds import check_kind
from fanout.constructs.parameters import tell
from fanout.constructs.private_bucket import private_bucket
from fanout.constructs.settings import DEAD_LETTER_RETENTION_DAYS, Settings

GUARDDUTY = ("GuardDutyMalwareScanStatus", "NO_THREATS_FOUND")
"""The tag of what was looked at and found harmless:
https://docs.aws.amazon.com/guardduty/latest/ug/how-malware-protection-for-s3-gdu-works.html"""


class Attachments(Construct):
    """A private, versioned bucket over TLS only, with a customer key where settings ask for one:

        claims/<reference>/<hash>.json    the answers of an event that is too large with them
        files/<reference>/<field>         a file that belongs to an entry
        uploads/...                       what was sent and belongs to none yet: a day

    Given to a `Topic` as `attachments=`, each of its tasks may read claims, which is how it gets such an event; files only who
    is granted them. `keep_days` from when it came: longer than any copy of its event, so queue, dead letters, and an archive too.
    `origins` are those of pages elsewhere whose scripts send files. `scanned` is the tag without which no task reads a file:
    what GuardDuty's malware protection sets, once you have switched it on for the bucket, is GUARDDUTY.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        keep_days: int,
        origins: Sequence[str] = (),
        scanned: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.settings, self._keep_days, self._scanned = settings, keep_days, scanned
        owner = f"attachments {id_}"
        only_one(self, "attachments")
        check_kind(owner, "keep_days", keep_days, int)
        check_kind(owner, "origins", origins, Sequence[str])
        check_kind(owner, "scanned", scanned, tuple[str, str] | None)
        pair = scanned is None or len(scanned) == 2
        expect(owner, "scanned", pair, scanned, "a tag and its value, as GUARDDUTY is, or None")
        self._check_kept(owner, settings)
        self.key = attachments_key(self, settings)
        self.bucket = private_bucket(
            self,
            "Bucket",
            settings=settings,
            key=self.key,
            lifecycle_rules=[
                *(_expires(each, keep_days, 7) for each in (names.CLAIMS_PREFIX, names.FILES_PREFIX)),
                _expires(names.UPLOADS_PREFIX, 1, 1),
                s3.LifecycleRule(
                    expired_object_delete_marker=True, abort_incomplete_multipart_upload_after=Duration.days(1)
                ),
            ],
            cors=[s3.CorsRule(allowed_methods=[s3.HttpMethods.POST], allowed_origins=[*origins])] if origins else None,
        )
        CfnOutput(Stack.of(self), names.ATTACHMENTS_BUCKET_OUTPUT, value=self.bucket.bucket_name)

    def serve(self, owner: str, role: iam.Role, settings: Settings) -> None:
        """What every task of the topic gets. Raises ConfigurationError where an event may wait longer for it than what it names stays."""
        self._check_kept(owner, settings)
        self._grant_read(role, names.CLAIMS_PREFIX, {})

    def grant_read_files(self, grantee: iam.IGrantable) -> None:
        """With `fanout.runtime.attached` a task reads them."""
        conditions = {}
        if self._scanned:
            tag, value = self._scanned
            conditions = {"StringEquals": {f"s3:ExistingObjectTag/{tag}": value}}
        self._grant_read(grantee, names.FILES_PREFIX, conditions)

    def by_name(self) -> "AttachmentsByName":
        """For the stack of an intake, which is deployed and removed by itself."""
        why = "What an intake puts files into"
        bucket = tell(self, "BucketParameter", self.settings, "attachments-bucket", self.bucket.bucket_name, why)
        if self.key is None:
            return AttachmentsByName(bucket)
        key = tell(self, "KeyParameter", self.settings, "attachments-key-arn", self.key.key_arn, why)
        return AttachmentsByName(bucket, key)

    def _check_kept(self, owner: str, settings: Settings) -> None:
        least = settings.queue_retention_days + DEAD_LETTER_RETENTION_DAYS + 1
        told = f"{least} to 3650, as an event may wait so long in a queue and as a dead letter"
        holds = least <= self._keep_days <= 3_650
        expect(owner, "keep_days of the attachments", holds, self._keep_days, told)

    def _grant_read(self, grantee: iam.IGrantable, prefix: str, conditions: dict[str, dict[str, str]]) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resource_arns=[self.bucket.arn_for_objects(f"{prefix}/*")],
            conditions=conditions or None,
        )
        if self.key:
            self.key.grant(grantee, "kms:Decrypt")


@dataclass(frozen=True)
class AttachmentsByName:
    """Names of SSM parameters: of the bucket's name, and of its key's ARN."""

    bucket: str
    key: str | None = None

    def bucket_name(self, scope: Construct) -> str:
        """A token, read at each deployment of the scope's stack."""
        return ssm.StringParameter.value_for_string_parameter(scope, self.bucket)

    def let_take(self, scope: Construct, role: iam.Role) -> None:
        """What an intake's function needs: to sign uploads, look at them, and put them with claims where they stay."""
        bucket = f"arn:{Stack.of(scope).partition}:s3:::{self.bucket_name(scope)}"
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"],
                resources=[
                    f"{bucket}/{each}/*" for each in (names.CLAIMS_PREFIX, names.FILES_PREFIX, names.UPLOADS_PREFIX)
                ],
            )
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"], resources=[f"{bucket}/{names.UPLOADS_PREFIX}/*"]
            )
        )
        role.add_to_principal_policy(  # without it S3 says of what is not there that it is forbidden
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket])
        )
        if self.key:
            key = ssm.StringParameter.value_for_string_parameter(scope, self.key)
            role.add_to_principal_policy(
                iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[key])
            )


def _expires(prefix: str, days: int, older: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        prefix=f"{prefix}/",
        expiration=Duration.days(days),
        noncurrent_version_expiration=Duration.days(older),
    )
