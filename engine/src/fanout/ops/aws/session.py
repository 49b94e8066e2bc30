"""AWS as an operator's shell sees it: one session, one client per service, patient with throttling."""

import os
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from fanout.runtime.authorities import read_once

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

AT_ONCE = 16
"""Calls under way at a time, where a command asks about many things."""
ONE_ROUND = 96
"""The same, where each is one short question of one thing: forty subscribers' queues are asked for in one round."""
_CONNECTIONS = 128
"""Kept of a client: sixteen queues that are looked at, in eight lanes each."""
CONFIG = Config(
    user_agent="fanout",
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=_CONNECTIONS,
    retries={"mode": "standard", "total_max_attempts": 6},
)
"""Throttling is retried with backoff: https://docs.aws.amazon.com/boto3/latest/guide/retries.html
CloudTrail tells who asked by `user_agent`; botocore would put its own together anew for each call, a seventh of the call's work."""


_MAKING = RLock()

if TYPE_CHECKING:
    made_once = cached_property
else:

    class made_once(cached_property):
        """By one thread at a time: a session makes one client after the other. They read their authorities once.

        https://docs.aws.amazon.com/boto3/latest/guide/session.html#multithreading-or-multiprocessing-with-sessions
        """

        def __get__(self, instance, owner=None):
            with _MAKING:
                return read_once(super().__get__(instance, owner))


class Aws:
    """Clients are made when first used. An address other than AWS's comes from AWS_ENDPOINT_URL, as for any SDK."""

    def __init__(
        self, session: boto3.Session | None = None, *, profile: str | None = None, region: str | None = None
    ) -> None:
        # boto3 itself reads only AWS_DEFAULT_REGION
        self.session = session or boto3.Session(
            profile_name=profile, region_name=region or os.environ.get("AWS_REGION") or None
        )

    @property
    def is_aws(self) -> bool:
        """False for an embedded AWS, or any other address that AWS_ENDPOINT_URL names."""
        host = urlsplit(str(self.sqs.meta.endpoint_url)).hostname or ""
        return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".aws"))

    @property
    def region(self) -> str:
        return str(self.sqs.meta.region_name)

    @cached_property
    def caller(self) -> str:
        """Whose credentials these are."""
        return self.sts.get_caller_identity()["Arn"]

    @made_once
    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", config=CONFIG)

    @made_once
    def cloudwatch(self) -> "CloudWatchClient":
        return self.session.client("cloudwatch", config=CONFIG)

    @made_once
    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", config=CONFIG)

    @made_once
    def ecs(self) -> Any:
        return self.session.client("ecs", config=CONFIG)

    @made_once
    def iam(self) -> "IAMClient":
        return self.session.client("iam", config=CONFIG)

    @made_once
    def functions(self) -> "LambdaClient":
        return self.session.client("lambda", config=CONFIG)

    @made_once
    def logs(self) -> "CloudWatchLogsClient":
        return self.session.client("logs", config=CONFIG)

    @made_once
    def s3(self) -> "S3Client":
        return self.session.client("s3", config=CONFIG)

    @made_once
    def scheduler(self) -> Any:
        return self.session.client("scheduler", config=CONFIG)

    @made_once
    def secrets(self) -> Any:
        return self.session.client("secretsmanager", config=CONFIG)

    @made_once
    def sns(self) -> "SNSClient":
        return self.session.client("sns", config=CONFIG)

    @made_once
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", config=CONFIG)

    @made_once
    def ssm(self) -> "SSMClient":
        return self.session.client("ssm", config=CONFIG)

    @made_once
    def tagging(self) -> Any:
        return self.session.client("resourcegroupstaggingapi", config=CONFIG)

    @made_once
    def sts(self) -> "STSClient":
        return self.session.client("sts", config=CONFIG)
