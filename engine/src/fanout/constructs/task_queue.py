"""The queue and the dead-letter queue of a task, and the subscription that fills them."""

from typing import cast

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fanout import names
from fanout.constructs.cdk_cache import fact
from fanout.constructs.distance import HERE, Distance
from fanout.constructs.filter import Filter, filter_policy
from fanout.constructs.settings import Encryption, Settings

LARGEST_MESSAGE = 1_048_576
"""Bytes; written out, as a queue below its topic's limit drops what is larger, and CloudFormation's reset is 262144."""


def task_queue(
    scope: Construct,
    id_: str,
    settings: Settings,
    *,
    ordered: bool,
    key: kms.Key | None,
    retention: Duration,
    visibility: Duration | None = None,
    dead_letters: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    managed = settings.encryption is Encryption.SQS_MANAGED
    return sqs.Queue(
        scope,
        id_,
        fifo=ordered or None,
        deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP if ordered else None,
        fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID if ordered else None,
        encryption=sqs.QueueEncryption.SQS_MANAGED if managed else sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        max_message_size_bytes=LARGEST_MESSAGE,
        retention_period=retention,
        visibility_timeout=visibility,
        dead_letter_queue=dead_letters,
        removal_policy=settings.removal_policy,
    )


def tell_fair(queue: sqs.Queue, fair_by: str) -> None:
    """Costs and documents read from a template; that its messages have groups stands nowhere else in it."""
    resource = queue.node.default_child
    if isinstance(resource, CfnResource):
        resource.add_metadata(names.METADATA, {names.FAIR_BY_METADATA: fair_by})


def subscribe(
    scope: Construct,
    topic: sns.ITopic,
    queue: sqs.Queue,
    dead_letter_queue: sqs.Queue,
    *,
    only: Filter,
    settings: Settings,
    away: Distance = HERE,
    undeliverable: str | None = None,
    heartbeats: bool = True,
) -> sns.Subscription:
    """Raw, with the task's dead-letter queue for what SNS cannot deliver, and only once both queues let SNS in.

    Written out where `topic.add_subscription` would do, because that puts the stack's name into the logical id.
    """
    queue_arn = fact(queue, "queue_arn")
    allowed = iam.Grant.add_to_principal_or_resource(
        grantee=_for(topic, away.principal), actions=["sqs:SendMessage"], resource=queue, resource_arns=[queue_arn]
    )
    undelivered = sqs.Queue.from_queue_arn(scope, "Undeliverable", undeliverable) if undeliverable else None
    subscription = sns.Subscription(
        scope,
        "Subscription",
        topic=topic,
        protocol=sns.SubscriptionProtocol.SQS,
        endpoint=queue_arn,
        raw_message_delivery=True,
        region=away.region,
        dead_letter_queue=undelivered or dead_letter_queue,  # whose policy it lets itself into
        filter_policy=filter_policy(only, settings, heartbeats=heartbeats),
    )
    own = [dead_letter_queue.node.find_child("Policy")] if undelivered is None else []
    subscription.node.add_dependency(allowed, *own)
    return subscription


def _for(topic: sns.ITopic, principal: iam.ServicePrincipal) -> iam.PrincipalWithConditions:
    """Whoever delivers, for this topic alone. The conditions of a grant itself never reach a resource's policy."""
    arn = fact(topic, "topic_arn")
    conditions = {"ArnEquals": {"aws:SourceArn": arn}}
    return cast(
        iam.PrincipalWithConditions,
        fact(principal, f"for {arn}", lambda: iam.PrincipalWithConditions(principal, conditions)),
    )
