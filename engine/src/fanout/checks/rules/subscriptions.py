"""Subscriptions: how a message comes from a topic into a queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fanout import names
from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.alarms import alarmed
from fanout.template.exclusive import open_condition
from fanout.template.messaging import Subscription, all_subscriptions, is_fifo, policies_of, subscriptions
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import TOPIC
from fanout.template.values import UNKNOWN, Missing, Value

_DEAD_LETTERS = "https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html"
_RAW = "https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html"
_SUBSCRIBE = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"
_FIFO = "https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html"
_HTTP = "https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html"
_SUBSCRIPTION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sns-subscription.html"
_ARCHIVE = "https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html"
_DEPENDS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"


@rule(
    "subscription-without-dead-letter-queue",
    consequence=Consequence.LOST,
    what="A subscription has a RedrivePolicy.",
    why="SNS does not try again after a client error: a queue that was deleted, a queue policy or a key that refuses SNS, a"
    " message over the queue's size limit. Without a dead-letter queue of the subscription the message is gone at once.",
    fix="Set RedrivePolicy.deadLetterTargetArn to the task's dead-letter queue (CDK: SqsSubscription(...,"
    " dead_letter_queue=...)).",
    link=_DEAD_LETTERS,
)
def subscription_without_dead_letter_queue(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        if each.is_inline:
            continue  # it cannot have one: subscription-inline
        if each.loses and (each.dead_letter_queue is None or isinstance(each.dead_letter_queue, Missing)):
            yield Problem(each.resource, "no RedrivePolicy: what SNS cannot deliver is discarded")


@rule(
    "subscription-not-raw",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="A queue's subscription delivers the raw message.",
    why="Otherwise the body is SNS's envelope with the message inside as a string, and the attributes are not attributes of"
    " the queue's message: the function must unwrap twice, and a redrive by hand sends an envelope.",
    fix="Set RawMessageDelivery to true (CDK: raw_message_delivery=True) and read the body as the message.",
    link=_RAW,
)
def subscription_not_raw(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        raw = False if each.is_inline else each.resource.flag("RawMessageDelivery")
        if each.protocol == "sqs" and raw is False:
            yield Problem(each.resource, "RawMessageDelivery is off: the queue gets SNS's envelope")


@rule(
    "subscription-twice",
    consequence=Consequence.DOUBLED,
    what="A queue is subscribed to a topic once.",
    why="SNS keeps one subscription for a topic and an endpoint: the second one fails when its attributes differ, or both"
    " resources own the same subscription, and removing one removes it for both.",
    fix="Keep one subscription; join the filters.",
    link=_SUBSCRIBE,
)
def subscription_twice(template: Template) -> Iterator[Problem]:
    for first, extra in template.linked.remember(_twice):
        if extra.template is template:
            yield Problem(extra, f"the same topic and endpoint as {first.path}")


def _twice(linked: Linked) -> list[tuple[Resource, Resource]]:
    """Each subscription of what an earlier one, the first, already subscribed; not two under open conditions that differ."""
    pairs: dict[Any, dict[str | None, Resource]] = defaultdict(dict)
    found: list[tuple[Resource, Resource]] = []
    for each in all_subscriptions(linked):
        if UNKNOWN not in (each.topic, each.endpoint) and None not in (each.topic, each.endpoint):
            earlier = pairs[str(each.protocol), each.topic, each.endpoint]
            condition = open_condition(each.resource)
            first = earlier.get(None) or earlier.get(condition) if condition else next(iter(earlier.values()), None)
            if first:
                found.append((first, each.resource))
            earlier.setdefault(condition, each.resource)
    return found


@rule(
    "topic-and-queue-of-other-type",
    consequence=Consequence.REFUSED,
    what="A standard topic feeds standard queues only.",
    why="AWS refuses to subscribe a FIFO queue to a standard topic. A FIFO topic may feed a standard queue.",
    fix="Make both FIFO, or the queue standard.",
    link=_FIFO,
)
def topic_and_queue_of_other_type(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        if each.queue is not None and isinstance(each.topic, Resource):
            if is_fifo(each.topic) is False and is_fifo(each.queue) is True:
                yield Problem(each.resource, f"{each.topic.id} is a standard topic, {each.queue.id} a FIFO queue")


@rule(
    "subscription-before-policy",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="A subscription is created after the policy that lets its topic into the queue.",
    why="Between the two, SNS is refused. That is a client error: every message published in these seconds is discarded"
    " or goes to the dead-letter queue.",
    fix="Add the queue policy to the subscription's DependsOn (CDK's SqsSubscription does so).",
    link=_DEPENDS,
)
def subscription_before_policy(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        if each.queue is not None:
            yield from _before(each, each.queue, "the queue's policy")


@rule(
    "subscription-before-dead-letter-policy",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="A subscription is created after the policy of its dead-letter queue.",
    why="Until the policy exists, what cannot be delivered cannot go to the dead-letter queue either: it is discarded.",
    fix="Add the dead-letter queue's policy to the subscription's DependsOn.",
    link=_DEPENDS,
)
def subscription_before_dead_letter_policy(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        if each.loses and isinstance(each.dead_letter_queue, Resource):
            yield from _before(each, each.dead_letter_queue, "the dead-letter queue's policy")


@rule(
    "subscription-over-http",
    consequence=Consequence.LEAKED,
    what="A subscription to a web address is HTTPS.",
    why="Over plain HTTP everybody on the way reads the messages, and can change them.",
    fix="Set Protocol to https, and Endpoint to an https:// address.",
    link=_HTTP,
)
def subscription_over_http(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        if each.protocol == "http":
            yield Problem(each.resource, "Protocol is http: messages travel in plain text")


@rule(
    "subscription-inline",
    consequence=Consequence.LOST,
    what="A program's subscription is a resource of its own, not written inside its topic.",
    why="Inside a topic it has no RedrivePolicy, no raw delivery and no filter: what cannot be delivered is discarded. CloudFormation"
    " does not remove it with the topic's entry either.",
    fix="Write it as AWS::SNS::Subscription.",
    link=_SUBSCRIPTION,
)
def subscription_inline(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        if each.is_inline and each.loses:
            yield Problem(each.resource, f"a subscription by {each.protocol} is written inside the topic")


@rule(
    "raw-event-leaves",
    consequence=Consequence.LEAKED,
    what="An event goes to a web address, a mailbox, a phone, an app or a stream only where a reason is written down.",
    why="The whole event, with whatever personal data is in it, leaves what its tasks control: it lies in a mailbox, on a phone, at a"
    " partner's or in a stream's files, and no deletion reaches it there. A topic that alarms publish to, or that has people alone,"
    " is for people.",
    fix="Let a function send what the receiver needs and no more; or acknowledge this finding with the reason why the raw event may"
    " go there (Delivery(..., reason=...) does).",
    link=_HTTP,
)
def raw_event_leaves(template: Template) -> Iterator[Problem]:
    told = alarmed(template)
    programs = template.linked.remember(_topics_of_programs)
    for each in subscriptions(template):
        person = each.protocol in ("email", "email-json", "sms")
        program = each.protocol in ("http", "https", "application", "firehose")
        if each.topic in told or not (person or program):
            continue
        if program or each.topic in programs or _has_a_reason(each):
            yield Problem(each.resource, f"hands each message on by {each.protocol}, as it was published")


def _topics_of_programs(linked: Linked) -> set[Value]:
    return {each.topic for each in all_subscriptions(linked) if each.loses}


def _has_a_reason(subscription: Subscription) -> bool:
    """Whoever gives one for a mailbox says that events go there, which a template without their tasks does not show."""
    ours = subscription.resource.metadata.get(names.METADATA)
    return isinstance(ours, dict) and "raw-event-leaves" in str(ours.get(names.ACKNOWLEDGE_METADATA))


@rule(
    "order-lost-behind-topic",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="A queue behind a FIFO topic is FIFO.",
    why="A standard queue is allowed there, and keeps no order and drops no duplicates: what the topic promises ends at it, without a"
    " word.",
    fix="Make the queue FIFO, or acknowledge this finding: order does not matter to this task.",
    link=_FIFO,
)
def order_lost_behind_topic(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        if each.queue is not None and isinstance(each.topic, Resource):
            if is_fifo(each.topic) is True and is_fifo(each.queue) is False:
                yield Problem(each.resource, f"{each.topic.id} is a FIFO topic, {each.queue.id} a standard queue")


@rule(
    "archive-blocks-deletion",
    consequence=Consequence.REFUSED,
    severity=Severity.WARNING,
    what="A FIFO topic with an archive is one that nobody wants to delete or replace.",
    why="SNS refuses to delete a topic that has an ArchivePolicy: a deletion or a replacement ends in DELETE_FAILED.",
    fix="Before it is deleted, deploy it once with ArchivePolicy: {}; acknowledge this finding to say that it is known.",
    link=_ARCHIVE,
)
def archive_blocks_deletion(template: Template) -> Iterator[Problem]:
    for topic in template.of(TOPIC):
        policy = topic.document("ArchivePolicy")
        kept = topic.body.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
        if isinstance(policy, dict) and policy and not kept:
            yield Problem(topic, "has an ArchivePolicy: SNS does not delete such a topic")


def _before(subscription: Subscription, queue: Resource, what: str) -> Iterator[Problem]:
    template = subscription.resource.template
    here = [policy for policy, _ in policies_of(queue) if policy.template is template]
    waits_for = template.remember(_created_before).get(subscription.resource.id, set())
    if here and not any(policy.id in waits_for for policy in here):
        yield Problem(subscription.resource, f"may be created before {what} {here[0].id}")


def _created_before(template: Template) -> dict[str, set[str]]:
    """What each subscription waits for, directly or not, by DependsOn and by reference."""
    found = {}
    for resource in {each.resource.id: each.resource for each in subscriptions(template)}.values():
        seen: set[str] = set()
        waiting = [resource.id]
        while waiting:
            for dependency in template.dependencies.get(waiting.pop(), ()):
                if dependency not in seen:
                    seen.add(dependency)
                    waiting.append(dependency)
        found[resource.id] = seen
    return found
