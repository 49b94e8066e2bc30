"""Everything in which environments differ, as data. A stack never asks which environment it is in."""

import re
import warnings
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, Self

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import RetentionDays
from aws_cdk.aws_sns import TracingConfig
from aws_cdk.region_info import RegionInfo

from fanout.batching import BatchingMode
from fanout.constructs.errors import ConfigurationError, expect
from fanout.constructs.kinds import check_fields
from fanout.constructs.retry import Retry

DEAD_LETTER_RETENTION_DAYS = 14
"""SQS's maximum. A dead letter's age counts from when it was first sent, so it must outlive the queue's messages."""
PROVEN_PARTITION = "aws"
LONGEST_QUEUE_RETENTION_DAYS = DEAD_LETTER_RETENTION_DAYS - 1
MOST_ACTIONS = 5
"""Of one alarm: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}")


Tracing = Literal["active", "pass-through"]
"""Whether X-Ray gets segments, or the publisher's trace header is only handed on."""


class Encryption(Enum):
    """Who holds the keys of topic, queues and archive."""

    SQS_MANAGED = "sqs-managed"
    CUSTOMER_KEYS = "customer-keys"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One environment. What is not given is as production needs it; `development` and `local` differ from that.

    An app with fields of its own derives from this class, and extends `validate`.
    """

    name: str
    owner: str
    """Who answers for a subscriber that names nobody else; every alarm says so."""
    account: str | None = None
    """Twelve digits once pinned: credentials of any other account are then refused. None: whoever deploys."""
    region: str | None = None
    encryption: Encryption = Encryption.CUSTOMER_KEYS
    tracing: Tracing = "pass-through"
    """Of topic and functions, unless a subscriber says otherwise. `active` while somebody looks: $5 a million events at the
    topic, and as much at each subscriber: docs/adr/0047-half-the-bill.md."""
    topic_tracing: TracingConfig | None = None
    """Deprecated: the topic alone, where `tracing` is not meant for it."""
    tracing_policy: Literal["stack", "account"] = "stack"
    """Whose X-Ray resource policy lets the topic send: an account has room for five in a region. `account`: the one that
    its owner made for all topics there, by hand, which no stack takes away: docs/deploying.md#traces."""
    log_level: Literal["DEBUG", "INFO"] = "INFO"
    """INFO at least: each message's outcome is one line at INFO, and operators read it."""
    log_retention: RetentionDays = RetentionDays.ONE_YEAR
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    """RETAIN_ON_UPDATE_OR_DELETE keeps what has lived, and not what a failed deployment has just made: RETAIN leaves paid
    keys and secrets behind each failed first try. DESTROY: all goes with the stack."""
    alarm_recipients: tuple[str, ...] = ()
    """E-mail addresses, or ARNs of SNS topics that exist already, of the stack's own Region."""
    alarms: Literal["essential", "full"] = "full"
    """`essential`: what no machine can mend, $0.20 per subscriber and month. `full`: why, and earlier, $2.60."""
    metrics: Literal["essential", "full"] = "essential"
    """`essential`: what alarms and dashboard ask for. `full`: also the attempts and the time from event to done, as metrics in
    place of fields in the log: $0.60 per subscriber and month, and as much for each measured group."""
    heartbeat: timedelta | None = timedelta(minutes=5)
    """How often every subscriber has to acknowledge an event that a schedule publishes: whole minutes, 1 to 60. $0.40 of
    those alarms per subscriber and month, and $0.30 of a metric. None: never. A subscriber in another stack says the same."""
    queue_retention_days: int = 7
    max_concurrency: int = 50
    """Invocations at a time per subscriber, unless a subscriber says otherwise: 2 to 1000."""
    retry: Retry = field(default_factory=Retry)
    batching: BatchingMode = "latency"
    """Of every subscriber that does not say otherwise. `latency`: an event is worked on as it comes. `cost`: it may wait 20
    seconds for others, which is cheaper from one event a second on: docs/adr/0028-batching-and-polling.md."""
    publisher_accounts: tuple[str, ...] = ()
    """Other accounts whose services may publish; theirs must allow it too, with a policy of their own."""
    subscriber_accounts: tuple[str, ...] = ()
    """Other accounts whose `Subscriber`s may subscribe, each with its own queues, or functions."""
    ordered: bool = False
    """A FIFO topic and FIFO queues; each task handles the events of one group one after the other."""
    generation: int = 1
    """Raise it when the name of an ordered topic is taken by one that a former stack left behind: CloudFormation names every
    other resource, and would name a FIFO topic without the .fifo that it must end with."""
    expected_hours: tuple[int, int] | None = None
    """(7, 19): from 7:00 to 19:00 UTC on weekdays, each hour without an event is an alarm. None: silence is fine."""
    measured_groups: int = 0
    """So many groups have metrics of their own in each container of a task, the rest are "other". Each of them and each
    task costs up to $1.20 a month, $1.80 with `metrics="full"`: four or six custom metrics, paid for the hours in which they
    are sent."""
    tracebacks: bool = False
    """An error's traceback in its log line, where the data is made up: it can quote what a task works on."""
    workers: Literal["fargate", "elsewhere"] = "fargate"
    """Where the tasks with `compute=Worker(...)` run. `elsewhere`: on a machine of one's own, by `fanout work`, with a role
    that the stack makes; nothing of ECS is deployed then."""
    deploy_with: Literal["bootstrap-roles", "cli-credentials"] = "bootstrap-roles"
    dependencies: Literal["aws", "this-machine"] = "aws"
    """What the wheels of a task's requirements.txt are for: Lambda, or, on the embedded AWS, the Python that runs this."""

    def __post_init__(self) -> None:
        if self.topic_tracing is not None:
            said = f"settings {self.name}: topic_tracing goes: write tracing='active' or 'pass-through', of topic and functions"
            warnings.warn(said, DeprecationWarning, stacklevel=3)

    @property
    def traces_topic(self) -> bool:
        return self.topic_tracing is TracingConfig.ACTIVE if self.topic_tracing else self.tracing == "active"

    @classmethod
    def production(cls, name: str, *, owner: str, alarm_recipients: tuple[str, ...], **others: Any) -> Self:
        """Keeps what it holds when it is removed, with its own keys, all alarms and a heartbeat."""
        return cls._made(name, others, owner=owner, alarm_recipients=alarm_recipients)

    @classmethod
    def development(cls, name: str, *, owner: str, **others: Any) -> Self:
        """Cheap, and all gone when it is removed: AWS's keys, essential alarms, no heartbeat, debug logs for a week."""
        return cls._made(
            name,
            others,
            owner=owner,
            encryption=Encryption.SQS_MANAGED,
            log_level="DEBUG",
            log_retention=RetentionDays.ONE_WEEK,
            removal_policy=RemovalPolicy.DESTROY,
            alarms="essential",
            heartbeat=None,
            tracing="active",
            queue_retention_days=4,
            max_concurrency=5,
        )

    @classmethod
    def local(cls, name: str = "local", *, owner: str, **others: Any) -> Self:
        """For the embedded AWS: as in development, with three attempts within seconds. Not for an account of AWS."""
        return cls.development(
            name,
            **{
                "owner": owner,
                "tracing": "pass-through",
                "log_retention": RetentionDays.ONE_DAY,
                "queue_retention_days": 1,
                "retry": Retry(attempts=3, backoff=[timedelta(seconds=1), timedelta(seconds=2)]),
                "measured_groups": 20,
                "tracebacks": True,
                "workers": "elsewhere",
                "deploy_with": "cli-credentials",
                "dependencies": "this-machine",
                **others,
            },
        )

    @classmethod
    def _made(cls, name: str, others: dict[str, Any], **preset: Any) -> Self:
        known = {each.name for each in fields(cls)}
        for other in others:
            if other not in known:
                raise ConfigurationError(
                    f"settings {name}: no field {other!r}: expected one of {', '.join(sorted(known))}"
                )
        try:
            return cls(**{"name": name, **preset, **others})
        except TypeError as error:  # a field without a default, of the app's own class
            raise ConfigurationError(f"settings {name}: {error}") from None

    @property
    def keeps(self) -> bool:
        """Whether what holds data outlives its stack."""
        return self.removal_policy is not RemovalPolicy.DESTROY

    def validate(self) -> None:
        """Raises ConfigurationError, in one line that names the setting, for the first bad value."""
        check_fields(f"settings {self.name}", self, of=Settings)
        self.expect(re.fullmatch(r"[a-z][a-z0-9-]{0,30}", self.name), "name", "a short lower-case word")
        self.expect(self.account is None or re.fullmatch(r"\d{12}", self.account), "account", "12 digits, or None")
        self.expect(self.region is None or self.region in _regions(), "region", "an AWS region, or None")
        self.expect(
            self.region is None or RegionInfo.get(self.region).partition == PROVEN_PARTITION,
            "region",
            "a region of the partition aws: this engine was never proven in China, GovCloud or another partition",
        )
        self.expect(
            self.removal_policy in (RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, RemovalPolicy.DESTROY),
            "removal_policy",
            "RETAIN_ON_UPDATE_OR_DELETE, or DESTROY (RETAIN also keeps what a failed first deployment made, and it is paid for)",
        )
        self.expect(
            1 <= self.queue_retention_days <= LONGEST_QUEUE_RETENTION_DAYS,
            "queue_retention_days",
            f"1 to {LONGEST_QUEUE_RETENTION_DAYS} days, fewer than the 14 of dead letters",
        )
        self.expect(2 <= self.max_concurrency <= 1000, "max_concurrency", "2 to 1000 (AWS refuses 1)")
        for name in ("publisher_accounts", "subscriber_accounts"):
            accounts = getattr(self, name)
            self.expect(all(re.fullmatch(r"\d{12}", each) for each in accounts), name, "accounts of 12 digits each")
        for recipient in self.alarm_recipients:
            self.expect(
                EMAIL.fullmatch(recipient) or _TOPIC_ARN.fullmatch(recipient),
                "alarm_recipients",
                f"e-mail addresses or SNS topic ARNs, not {recipient!r}",
            )
        told = self.alarm_recipients
        self.expect(len({*told}) == len(told), "alarm_recipients", "each of them once")
        named = sum(each.startswith("arn:") for each in told)
        self.expect(
            named < MOST_ACTIONS,
            "alarm_recipients",
            f"at most {MOST_ACTIONS - 1} topic ARNs: an alarm tells {MOST_ACTIONS}, the stack's own among them",
        )
        self.expect(1 <= self.generation <= 999, "generation", "1 to 999, counted up")
        self.expect(1 <= len(self.owner.strip()) <= 60, "owner", "a team or person, in 60 characters")
        self.expect(_is_heartbeat(self.heartbeat), "heartbeat", "1 to 60 whole minutes, or None")
        self.expect(_are_hours(self.expected_hours), "expected_hours", "(first, last) with 0 <= first < last <= 24")
        self.expect(0 <= self.measured_groups <= 100, "measured_groups", "0 to 100, as each costs money")
        self.retry.validate(f"settings {self.name}")

    def expect(self, holds: object, setting: str, expected: str) -> None:
        """Raises ConfigurationError in one line that names the entry, the setting and its value, unless `holds`."""
        expect(f"settings {self.name}", setting, holds, getattr(self, setting), expected)


def _regions() -> list[str]:
    return [region.name for region in RegionInfo.regions]


def _are_hours(hours: tuple[int, int] | None) -> bool:
    return hours is None or (len(hours) == 2 and 0 <= hours[0] < hours[1] <= 24)


def _is_heartbeat(every: timedelta | None) -> bool:
    minute = timedelta(minutes=1)
    return every is None or (minute <= every <= 60 * minute and not every % minute)
