"""SNS's other endpoints: a web address, a mailbox, a phone, an app or a stream that gets each event as it was published."""

import re
from collections.abc import Sequence
from typing import Literal, cast, get_args

from aws_cdk import CfnOutput, CfnResource, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.alarm import Alarm, ring
from fanout.constructs.alarms.runbook import Place
from fanout.constructs.cdk_cache import SNS, days, stack_of
from fanout.constructs.distance import distance
from fanout.constructs.errors import ConfigurationError, expect
from fanout.constructs.event_types import has_several, schemas_of
from fanout.constructs.filter import MOST, Filter, check_filter, events_only
from fanout.constructs.keys import queue_key
from fanout.constructs.kinds import check_kind
from fanout.constructs.metric import MINUTE, of_queue
from fanout.constructs.registry import announce
from fanout.constructs.settings import DEAD_LETTER_RETENTION_DAYS, EMAIL, Settings
from fanout.constructs.subscriber_checks import check_responsible
from fanout.constructs.task_queue import task_queue
from fanout.constructs.topic import AnyTopic, Topic
from fanout.constructs.unheard import hear
from fanout.project import find_root

Protocol = Literal["https", "email", "sms", "application", "firehose"]
_ENDPOINTS: dict[Protocol, tuple[re.Pattern[str], str]] = {
    "https": (
        re.compile(r"https://(?![^/?#]*@)[^\s/?#:]+(:\d+)?(/[^\s#]*)?"),
        "https://HOST/PATH without a user or password",
    ),
    "email": (EMAIL, "one e-mail address"),
    "sms": (re.compile(r"\+[1-9]\d{6,14}"), "a phone number in E.164, as +15550100"),
    "application": (
        re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:endpoint/[A-Za-z0-9_]+/[^\s/]+/[^\s/]+"),
        "arn:aws:sns:REGION:ACCOUNT:endpoint/PLATFORM/APP/ID",
    ),
    "firehose": (
        re.compile(r"arn:aws[a-z-]*:firehose:[a-z0-9-]+:\d{12}:deliverystream/[A-Za-z0-9_.-]{1,64}"),
        "arn:aws:firehose:REGION:ACCOUNT:deliverystream/NAME",
    ),
}
_INTO_STREAM = ["DescribeDeliveryStream", "ListTagsForDeliveryStream", "PutRecord", "PutRecordBatch"]
SMALL = 262_144
"""Bytes. A topic for larger events takes queues and functions only:
https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"""
RULE = "raw-event-leaves"


class Delivery(Construct):
    """A subscription that hands each event on as it was published, with all that is in it, to where no task of ours stands.

    `reason` says why the raw event may leave, personal data included; the catalogue shows it. `only` lets through the
    events whose attributes have one of these values; heartbeats and probes never leave. What SNS gives up (after 3 retries
    within a minute by HTTPS, 6 hours by e-mail, SMS and push, 23 days to a stream) waits in a dead-letter queue with an
    alarm: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html

    An address by HTTPS or e-mail gets nothing until it confirms, and SNS forgets it after 48 hours without. A stream is
    given the raw event, everything else SNS's envelope, which alone is signed. `endpoint` may be a token.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        topic: AnyTopic,
        protocol: Protocol,
        endpoint: str,
        reason: str,
        only: Filter | None = None,
        owner: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(scope, id_)
        stack_of(self, scope)
        self.settings = settings or topic.settings
        self.topic, self.protocol, self.endpoint, self.reason = topic.topic, protocol, endpoint, reason
        self.only: Filter = only or {}
        owner = owner or self.settings.owner
        self._validate(topic, owner)

        self.key = queue_key(self, self.settings, topic=self.topic)
        kept = days(DEAD_LETTER_RETENTION_DAYS)
        self.dead_letter_queue = task_queue(
            self, "DeadLetterQueue", self.settings, ordered=False, key=self.key, retention=kept
        )
        self.role = self._role() if protocol == "firehose" else None
        self.subscription = self._subscription()
        self.alarm = self._alarm(owner)
        self._outputs(scope)
        self._hear()
        announce(self)

    def _hear(self) -> None:
        """What a partner gets is taken by somebody, where an app asks that of each type."""
        if has_several(root := find_root()):
            chosen = self.only.get("type")
            hear(self, self.topic, {*chosen} if isinstance(chosen, Sequence) else {*schemas_of(root)})

    def _validate(self, topic: AnyTopic, responsible: str) -> None:
        owner, protocols = f"delivery {self.node.id}", get_args(Protocol)
        self.settings.validate()
        check_responsible(owner, responsible)
        expect(owner, "protocol", self.protocol in protocols, self.protocol, f"one of {', '.join(protocols)}")
        expect(
            owner,
            "reason",
            isinstance(self.reason, str) and self.reason.strip(),
            self.reason,
            "why the raw event, with the personal data in it, may leave",
        )
        pattern, shape = _ENDPOINTS[self.protocol]
        check_kind(owner, "endpoint", self.endpoint, str)
        right = Token.is_unresolved(self.endpoint) or pattern.fullmatch(self.endpoint)
        expect(owner, "endpoint", right, self.endpoint, shape)
        if self.topic.fifo:
            raise ConfigurationError(
                f"{owner}: the topic is FIFO, and SNS delivers from those to queues only: let a Subscriber's task send it"
            )
        if isinstance(topic, Topic) and (topic.max_bytes or 0) > SMALL:
            raise ConfigurationError(
                f"{owner}: max_bytes of its topic is {topic.max_bytes}, and above {SMALL} SNS delivers to queues and"
                " functions only: let a Subscriber's task send it"
            )
        check_filter(owner, self.only, self.settings, alone=True)
        expect(owner, "only", len({*self.only, "type"}) <= MOST, len(self.only), "at most 4 attributes besides `type`")
        distance(owner, self.topic, stack_of(self), None)

    def _role(self) -> iam.Role:
        """https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html"""
        role = iam.Role(self, "Role", assumed_by=SNS)
        actions = [f"firehose:{each}" for each in _INTO_STREAM]
        role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[self.endpoint]))
        return role

    def _subscription(self) -> sns.Subscription:
        made = sns.Subscription(
            self,
            "Subscription",
            topic=self.topic,
            protocol=sns.SubscriptionProtocol[self.protocol.upper()],
            endpoint=self.endpoint,
            raw_message_delivery=True if self.protocol == "firehose" else None,
            dead_letter_queue=self.dead_letter_queue,
            subscription_role_arn=self.role.role_arn if self.role else None,
            filter_policy=events_only(self.only),
        )
        made.node.add_dependency(self.dead_letter_queue.node.find_child("Policy"))
        if self.role:
            made.node.add_dependency(self.role)  # its rights, too: SNS asks for them when it subscribes
        self._subscribed = cast(CfnResource, made.node.default_child)
        known = {"rule": RULE, "reason": self.reason}
        self._subscribed.add_metadata(names.METADATA, {names.ACKNOWLEDGE_METADATA: [known]})
        return made

    def _alarm(self, owner: str) -> cloudwatch.CfnAlarm:
        place = Place(scope=self, settings=self.settings, owner=owner, task=self.node.id)
        letters = Alarm(
            kind="delivery-dead-letter",
            means=f"SNS has given up an event by {self.protocol}; it waits in the delivery's dead-letter queue.",
            metric=of_queue(self.dead_letter_queue, "ApproximateNumberOfMessagesVisible", "Maximum", MINUTE),
            periods=5,
            datapoints=1,
        )
        return ring(self, letters, place, self.settings)

    def _outputs(self, scope: Construct) -> None:
        stack = stack_of(self)
        prefix = self.node.id if scope is stack else self.node.path.replace("/", "")
        CfnOutput(stack, f"{prefix}{names.DELIVERY_ARN_OUTPUT}", value=self._subscribed.ref)
        CfnOutput(stack, f"{prefix}{names.DEAD_LETTER_QUEUE_URL_OUTPUT}", value=self.dead_letter_queue.queue_url)
