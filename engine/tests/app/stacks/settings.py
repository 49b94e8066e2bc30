"""The environments this app is deployed to, as data. A stack never asks which environment it is in."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from fanout.constructs import ConfigurationError
from stacks.order_settings import OrderSettings

OWNER = "orders team"

DEV = OrderSettings.development(
    "dev",
    owner=OWNER,
    email_sender="orders-dev@example.com",
    webhook_url="https://hooks.example.com/dev/orders",
    archive_days=30,
)

STAGING = OrderSettings.production(
    "staging",
    owner=OWNER,
    alarm_recipients=("orders-team@example.com",),
    log_retention=RetentionDays.ONE_MONTH,
    removal_policy=RemovalPolicy.DESTROY,
    queue_retention_days=4,
    max_concurrency=10,
    email_sender="orders-staging@example.com",
    webhook_url="https://hooks.example.com/staging/orders",
    archive_days=90,
)

PROD = OrderSettings.production(
    "prod",
    owner=OWNER,
    alarm_recipients=("orders-on-call@example.com",),
    email_sender="orders@example.com",
    webhook_url="https://hooks.example.com/orders",
    archive_days=365,
)

LOCAL = OrderSettings.local(
    owner=OWNER,
    email_sender="orders@example.com",
    webhook_url="ssm:/fanout/local/webhook-url",
    archive_days=7,
)

ALL = (DEV, STAGING, PROD, LOCAL)


def chosen(names: Sequence[str]) -> tuple[OrderSettings, ...]:
    """The entries with these names, or all of them. Raises ConfigurationError for a name that no entry has."""
    known = [entry.name for entry in ALL]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"no settings entry {name!r}: expected one of {', '.join(known)}")
    return tuple(entry for entry in ALL if not names or entry.name in names)
