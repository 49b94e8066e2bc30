"""Reads the SNS subscriptions that fill a subscriber's queue, and says which events their filters keep back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from fanout.aws_errors import code_of, one_line
from fanout.ops.aws.line import Line
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.publisher import Event
from fanout.template.filter_policy import keys, matches, refusing_keys


@dataclass(frozen=True)
class KnownEvent:
    """What is known of an event. `partial`: it has other attributes too, and its body is not known."""

    attributes: Mapping[str, Any] = field(repr=False)
    body: Mapping[str, Any] = field(repr=False, default_factory=dict)
    partial: bool = False

    @classmethod
    def from_event(cls, event: Event) -> "KnownEvent":
        return cls(event.attributes, json.loads(event.body))

    @classmethod
    def from_message(cls, message: DeadLetterMessage) -> "KnownEvent":
        kept = {name: _value(each) for name, each in message.published_attributes.items()}
        return cls(kept, message.event or {})

    @classmethod
    def from_line(cls, line: Line) -> "KnownEvent":
        """A log line has the event's group and reference alone."""
        return cls({name: value for name, value in line.ids.named if value is not None}, partial=True)


@dataclass(frozen=True)
class Subscription:
    """`policy` is empty where there is no filter."""

    topic_arn: str
    policy: dict[str, Any] = field(default_factory=dict)
    in_body: bool = False

    @property
    def keys(self) -> list[str]:
        """What the filter looks at."""
        return sorted(keys(self.policy))

    def lets_through(self, event: KnownEvent) -> bool | None:
        """None when the event, or an operator of the filter, is not known well enough."""
        return matches(self.policy, self._looked_at(event), partial=event.partial) if self.policy else True

    def refusing_keys(self, event: KnownEvent) -> list[str]:
        return refusing_keys(self.policy, self._looked_at(event), partial=event.partial)

    def _looked_at(self, event: KnownEvent) -> Mapping[str, Any]:
        return event.body if self.in_body else event.attributes


@dataclass(frozen=True)
class Listed:
    """One subscription of a topic as ListSubscriptionsByTopic has it, and its filter; `unseen` says why there is none here."""

    arn: str
    protocol: str
    endpoint: str = field(repr=False)
    filter: Subscription | None
    unseen: str = ""


def all_subscriptions(aws: Aws, topic_arn: str) -> list[Listed]:
    """Every one, of other stacks and accounts too. Raises what AWS says of the topic itself."""
    pages = aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    return [_listed_one(aws, topic_arn, each) for page in pages for each in page["Subscriptions"]]


def _listed_one(aws: Aws, topic_arn: str, each: Mapping[str, Any]) -> Listed:
    arn = each["SubscriptionArn"]
    if not arn.startswith("arn:"):
        return Listed(arn, each["Protocol"], each["Endpoint"], None, "it is not confirmed, and gets nothing")
    try:
        found = _subscription(aws, arn, topic_arn)
    except ClientError as error:
        return Listed(arn, each["Protocol"], each["Endpoint"], None, f"its filter cannot be read: {one_line(error)}")
    return Listed(arn, each["Protocol"], each["Endpoint"], found)


def _subscription(aws: Aws, arn: str, topic_arn: str) -> Subscription:
    attributes = aws.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    policy = json.loads(attributes.get("FilterPolicy") or "{}")
    return Subscription(topic_arn, policy, attributes.get("FilterPolicyScope") == "MessageBody")


def read_subscriptions(subscriber: DeployedSubscriber) -> list[Subscription]:
    """Of the topics that its queue lets in, or the one that calls it. Raises what AWS says, as for a topic of another account."""
    if subscriber.subscription_arn:
        return [
            _subscription(subscriber.aws, subscriber.subscription_arn, subscriber.subscription_arn.rpartition(":")[0])
        ]
    policy = json.loads(subscriber.attributes().get("Policy", "{}"))
    topics = {
        topic
        for each in policy.get("Statement", [])
        for topic in _listed(each.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn"))
    }
    return [found for topic in sorted(topics) for found in _of_topic(subscriber, topic)]


def subscription_state(subscriber: DeployedSubscriber) -> tuple[str, str | None]:
    """Of what has no queue: subscribed, pending or gone, and why it gets no events, which nobody is told otherwise. Raises what
    else AWS says. https://aws.amazon.com/about-aws/whats-new/2023/05/amazon-sns-automatic-deletion-unconfirmed-subscriptions/
    """
    try:
        told = subscriber.aws.sns.get_subscription_attributes(SubscriptionArn=subscriber.subscription_arn)["Attributes"]
    except ClientError as error:
        if code_of(error) not in ("NotFound", "NotFoundException", "InvalidParameter"):
            raise
        return "gone", (
            "its subscription is gone (never confirmed for 48 hours, or unsubscribed): it gets no events; take it out of the"
            " template, deploy, put it back, and confirm it"
        )
    if told.get("PendingConfirmation") == "true":
        return "pending", (
            "its subscription is not confirmed: it gets no events, and SNS forgets it after 48 hours; the receiver follows the"
            " link that SNS sent"
        )
    return "subscribed", None


def _of_topic(subscriber: DeployedSubscriber, topic_arn: str) -> list[Subscription]:
    sns, found = subscriber.aws.sns, []
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn):
        for each in page["Subscriptions"]:
            if each["Endpoint"].rsplit(":", 1)[-1] == subscriber.queue_name:
                found.append(_subscription(subscriber.aws, each["SubscriptionArn"], topic_arn))
    return found


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _value(attribute: Mapping[str, Any]) -> Any:
    """As a filter sees it: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html"""
    text = attribute.get("StringValue")
    if attribute.get("DataType") in ("Number", "String.Array") and isinstance(text, str):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
