"""The environments this app is deployed to, as data. A stack never asks which environment it is in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from fanout.constructs import ConfigurationError, Settings

OWNER = "forms team"
SSM_PREFIX = "ssm:"


@dataclass(frozen=True, kw_only=True)
class FormSettings(Settings):
    """What the three tasks need beside what every subscriber needs."""

    email_sender: str
    """The address confirmations come from; it, or its domain, is a verified identity in SES."""
    webhook_url: str
    """An https URL, or `ssm:/name` of an SSM parameter that holds one and is read at each deployment."""

    def validate(self) -> None:
        super().validate()
        is_address = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.email_sender)
        self.expect(is_address, "email_sender", "the address confirmations come from")
        self.expect(_is_webhook(self.webhook_url), "webhook_url", "an https:// URL, or ssm:/name-of-a-parameter")


DEV = FormSettings.development(
    "dev",
    owner=OWNER,
    email_sender="forms-dev@example.com",
    webhook_url="https://hooks.example.com/dev/forms",
)

STAGING = FormSettings.production(
    "staging",
    owner=OWNER,
    alarm_recipients=("forms-team@example.com",),
    log_retention=RetentionDays.ONE_MONTH,
    removal_policy=RemovalPolicy.DESTROY,
    queue_retention_days=4,
    max_concurrency=10,
    email_sender="forms-staging@example.com",
    webhook_url="https://hooks.example.com/staging/forms",
)

PROD = FormSettings.production(
    "prod",
    owner=OWNER,
    alarm_recipients=("forms-on-call@example.com",),
    email_sender="forms@example.com",
    webhook_url="https://hooks.example.com/forms",
)

LOCAL = FormSettings.local(
    owner=OWNER,
    email_sender="forms@example.com",
    webhook_url="ssm:/fanout/local/webhook-url",
)

ALL = (DEV, STAGING, PROD, LOCAL)


def chosen(names: Sequence[str]) -> tuple[FormSettings, ...]:
    """The entries with these names, or all of them. Raises ConfigurationError for a name that no entry has."""
    known = [entry.name for entry in ALL]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"no settings entry {name!r}: expected one of {', '.join(known)}")
    return tuple(entry for entry in ALL if not names or entry.name in names)


def _is_webhook(url: str) -> bool:
    if url.startswith(SSM_PREFIX):
        return re.fullmatch(r"/[A-Za-z0-9_./-]+", url.removeprefix(SSM_PREFIX)) is not None
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname)
