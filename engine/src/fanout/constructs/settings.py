"""Everything in which environments differ, as data. A stack never asks which environment it is in."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Literal
from urllib.parse import urlsplit

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays
from aws_cdk.aws_sns import TracingConfig
from aws_cdk.region_info import RegionInfo

from fanout.constructs.errors import ConfigurationError
from fanout.constructs.retry import RetryPolicy
from fanout.costs.favour import FAVOURS, Favour

DEAD_LETTER_RETENTION_DAYS = 14
"""SQS's maximum. A dead letter's age counts from when it was first sent, so it must outlive the queue's messages."""
LONGEST_QUEUE_RETENTION_DAYS = DEAD_LETTER_RETENTION_DAYS - 1
SSM_PREFIX = "ssm:"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")


class Encryption(Enum):
    """Who holds the keys of topic, queues and archive."""

    SQS_MANAGED = "sqs-managed"
    CUSTOMER_KEYS = "customer-keys"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One environment. A field without a default must be answered for every environment."""

    name: str
    account: str | None
    """Twelve digits once pinned: credentials of any other account are then refused. None: whoever deploys."""
    region: str | None
    encryption: Encryption
    topic_tracing: TracingConfig
    """ACTIVE: the topic sends segments to X-Ray. PASS_THROUGH: it only hands on the publisher's trace header."""
    log_level: Literal["DEBUG", "INFO"]
    """INFO at least: each message's outcome is one line at INFO, and operators read it."""
    log_retention: RetentionDays
    removal_policy: RemovalPolicy
    alarm_recipients: tuple[str, ...]
    """E-mail addresses, or ARNs of SNS topics that exist already."""
    alarms: Literal["essential", "full"]
    """`essential`: what no machine can mend, $0.20 per subscriber and month. `full`: why, and earlier, $2.40."""
    heartbeat: timedelta | None
    """How often every subscriber has to acknowledge an event that nobody submitted: whole minutes, 1 to 60. $0.40 of
    those alarms per subscriber and month, and $0.30 of a metric. None: never. A subscriber in another stack says the same."""
    owner: str
    """Who answers for a subscriber that names nobody else; every alarm says so."""
    email_sender: str
    """The address confirmations come from; it, or its domain, is a verified identity in SES."""
    webhook_url: str
    """An https URL, or `ssm:/name` of an SSM parameter that holds one and is read at each deployment."""
    queue_retention_days: int
    max_concurrency: int
    """Invocations at a time per subscriber, unless a subscriber says otherwise: 2 to 1000."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    favour: Favour = "latency"
    """Of every subscriber that does not say otherwise. `latency`: an event is worked on as it comes. `cost`: it may wait 20
    seconds for others, which is cheaper from one event a second on: docs/adr/0028-batching-and-polling.md."""
    publisher_accounts: tuple[str, ...] = ()
    """Other accounts whose form services may publish; theirs must allow it too, with a policy of their own."""
    subscriber_accounts: tuple[str, ...] = ()
    """Other accounts whose `Subscriber`s may subscribe, each with its own queues."""
    ordering: Literal["none", "per-form"] = "none"
    """`per-form`: a FIFO topic and FIFO queues; each task handles the events of one form one after the other."""
    expected_hours: tuple[int, int] | None = None
    """(7, 19): from 7:00 to 19:00 UTC on weekdays, each hour without an event is an alarm. None: silence is fine."""
    measured_forms: int = 0
    """So many forms have metrics of their own in each container of a task, the rest are "other". Each form and task costs
    up to $1.80 a month: six custom metrics, paid for the hours in which they are sent."""
    deploy_with: Literal["bootstrap-roles", "cli-credentials"] = "bootstrap-roles"
    dependencies: Literal["aws", "this-machine"] = "aws"
    """What the wheels of a task's requirements.txt are for: Lambda, or, on the embedded AWS, the Python that runs this."""

    def validate(self) -> None:
        """Raises ConfigurationError, in one line that names the setting, for the first bad value."""
        self._expect(re.fullmatch(r"[a-z][a-z0-9-]{0,30}", self.name), "name", "a short lower-case word")
        self._expect(self.account is None or re.fullmatch(r"\d{12}", self.account), "account", "12 digits, or None")
        self._expect(self.region is None or self.region in _regions(), "region", "an AWS region, or None")
        self._expect(
            1 <= self.queue_retention_days <= LONGEST_QUEUE_RETENTION_DAYS,
            "queue_retention_days",
            f"1 to {LONGEST_QUEUE_RETENTION_DAYS} days, fewer than the 14 of dead letters",
        )
        self._expect(2 <= self.max_concurrency <= 1000, "max_concurrency", "2 to 1000 (AWS refuses 1)")
        self._expect(self.favour in FAVOURS, "favour", " or ".join(map(repr, FAVOURS)))
        for name in ("publisher_accounts", "subscriber_accounts"):
            accounts = getattr(self, name)
            self._expect(all(re.fullmatch(r"\d{12}", each) for each in accounts), name, "accounts of 12 digits each")
        for recipient in self.alarm_recipients:
            self._expect(
                _EMAIL.fullmatch(recipient) or _TOPIC_ARN.fullmatch(recipient),
                "alarm_recipients",
                f"e-mail addresses or SNS topic ARNs, not {recipient!r}",
            )
        self._expect(1 <= len(self.owner.strip()) <= 60, "owner", "a team or person, in 60 characters")
        self._expect(self.alarms in ("essential", "full"), "alarms", "'essential' or 'full'")
        self._expect(_is_heartbeat(self.heartbeat), "heartbeat", "1 to 60 whole minutes, or None")
        self._expect(_are_hours(self.expected_hours), "expected_hours", "(first, last) with 0 <= first < last <= 24")
        self._expect(0 <= self.measured_forms <= 100, "measured_forms", "0 to 100, as each costs money")
        self._expect(_EMAIL.fullmatch(self.email_sender), "email_sender", "the address confirmations come from")
        self._expect(_is_webhook(self.webhook_url), "webhook_url", "an https:// URL, or ssm:/name-of-a-parameter")
        self._expect(self.dependencies in ("aws", "this-machine"), "dependencies", "'aws' or 'this-machine'")
        self.retry.validate(f"settings {self.name}")

    def _expect(self, holds: object, setting: str, expected: str) -> None:
        if not holds:
            raise ConfigurationError(
                f"settings {self.name}: {setting} is {getattr(self, setting)!r}: expected {expected}"
            )


def _regions() -> list[str]:
    return [region.name for region in RegionInfo.regions]


def _are_hours(hours: tuple[int, int] | None) -> bool:
    return hours is None or (len(hours) == 2 and 0 <= hours[0] < hours[1] <= 24)


def _is_heartbeat(every: timedelta | None) -> bool:
    minute = timedelta(minutes=1)
    return every is None or (minute <= every <= 60 * minute and not every % minute)


def _is_webhook(url: str) -> bool:
    if url.startswith(SSM_PREFIX):
        return re.fullmatch(r"/[A-Za-z0-9_./-]+", url.removeprefix(SSM_PREFIX)) is not None
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname)
