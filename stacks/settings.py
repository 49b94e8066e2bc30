"""The environments this app is deployed to, as data. A stack never asks which environment it is in."""

from collections.abc import Sequence
from datetime import timedelta

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays
from aws_cdk.aws_sns import TracingConfig

from fanout.constructs.errors import ConfigurationError
from fanout.constructs.retry import RetryPolicy
from fanout.constructs.settings import Encryption, Settings

DEV = Settings(
    name="dev",
    account=None,
    region=None,
    encryption=Encryption.SQS_MANAGED,
    topic_tracing=TracingConfig.ACTIVE,
    log_level="DEBUG",
    log_retention=RetentionDays.ONE_WEEK,
    removal_policy=RemovalPolicy.DESTROY,
    alarm_recipients=(),
    alarms="essential",
    heartbeat=None,
    owner="forms team",
    email_sender="forms-dev@example.com",
    webhook_url="https://hooks.example.com/dev/forms",
    queue_retention_days=4,
    max_concurrency=5,
)

STAGING = Settings(
    name="staging",
    account=None,
    region=None,
    encryption=Encryption.CUSTOMER_KEYS,
    topic_tracing=TracingConfig.ACTIVE,
    log_level="INFO",
    log_retention=RetentionDays.ONE_MONTH,
    removal_policy=RemovalPolicy.DESTROY,
    alarm_recipients=("forms-team@example.com",),
    alarms="full",
    heartbeat=timedelta(minutes=5),
    owner="forms team",
    email_sender="forms-staging@example.com",
    webhook_url="https://hooks.example.com/staging/forms",
    queue_retention_days=4,
    max_concurrency=10,
)

PROD = Settings(
    name="prod",
    account=None,
    region=None,
    encryption=Encryption.CUSTOMER_KEYS,
    topic_tracing=TracingConfig.ACTIVE,
    log_level="INFO",
    log_retention=RetentionDays.ONE_YEAR,
    removal_policy=RemovalPolicy.RETAIN,
    alarm_recipients=("forms-on-call@example.com",),
    alarms="full",
    heartbeat=timedelta(minutes=5),
    owner="forms team",
    email_sender="forms@example.com",
    webhook_url="https://hooks.example.com/forms",
    queue_retention_days=7,
    max_concurrency=50,
)

LOCAL = Settings(
    name="local",
    account=None,
    region=None,
    encryption=Encryption.SQS_MANAGED,
    topic_tracing=TracingConfig.PASS_THROUGH,
    log_level="DEBUG",
    log_retention=RetentionDays.ONE_DAY,
    removal_policy=RemovalPolicy.DESTROY,
    alarm_recipients=(),
    alarms="essential",
    heartbeat=None,
    owner="forms team",
    email_sender="forms@example.com",
    webhook_url="ssm:/fanout/local/webhook-url",
    queue_retention_days=1,
    max_concurrency=5,
    retry=RetryPolicy(attempts=3, backoff=[timedelta(seconds=1), timedelta(seconds=2)]),
    measured_forms=20,
    deploy_with="cli-credentials",
    dependencies="this-machine",
)

ALL = (DEV, STAGING, PROD, LOCAL)


def chosen(names: Sequence[str]) -> tuple[Settings, ...]:
    """The entries with these names, or all of them. Raises ConfigurationError for a name that no entry has."""
    known = [each.name for each in ALL]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"no settings entry {name!r}: expected one of {', '.join(known)}")
    return tuple(each for each in ALL if not names or each.name in names)
