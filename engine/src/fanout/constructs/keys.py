"""Customer-managed keys, where settings ask for them: one each for the topic, all queues, the archive, attachments and the tables.

One key for topic and queues would be a cycle, as the queues' key policy names the topic that the other key encrypts. Keys rotate
every year, and stay behind like the data they protect where settings keep data.
"""

from functools import partial

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout.constructs.agreed import agree
from fanout.constructs.cdk_cache import SNS, fact, of_stack, path_of
from fanout.constructs.registry import late_any
from fanout.constructs.settings import Encryption, Settings


def topic_key(scope: Construct, settings: Settings) -> kms.Key | None:
    """The key of the topic in `scope`; None when SNS's own encryption in transit and at rest is enough."""
    return _key(scope, "Key", "Events in the topic", settings)


def archive_key(scope: Construct, settings: Settings) -> kms.Key | None:
    """The key of the archive in `scope`; None when S3 holds the key."""
    return _key(scope, "Key", "Events in the archive", settings)


def table_key(stack: Stack, settings: Settings) -> kms.Key | None:
    """The key of the table of records; None when DynamoDB's own is enough."""
    return _key(stack, "TableKey", "Ids of completed events", settings)


def entries_key(scope: Construct, settings: Settings) -> kms.Key | None:
    """The key of the table of entries in `scope`; None when DynamoDB's own is enough."""
    return _key(scope, "Key", "What people sent", settings)


def attachments_key(scope: Construct, settings: Settings) -> kms.Key | None:
    """The key of attachments in `scope`; None when S3 holds the key."""
    return _key(scope, "Key", "Answers and files beside events", settings)


def queue_key(
    scope: Construct, settings: Settings, *, topic: sns.ITopic, principal: iam.ServicePrincipal = SNS
) -> kms.Key | None:
    """The one key of all queues and dead-letter queues in `scope`'s stack, which `topic` may use to deliver, as `principal`.

    SNS needs both rights for the queue and for the dead-letter queue of the subscription, or it drops the message:
    https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html
    """
    agree(scope, settings, "encryption")
    found = of_stack(scope, "key of the queues", lambda stack: _QueueKey(stack, settings))
    found.let_deliver(topic, principal)
    return found.key


class _QueueKey:
    """The topics it lets deliver are known at synth, so that their order is not that of a stack's lines."""

    def __init__(self, stack: Stack, settings: Settings) -> None:
        self.topics: dict[iam.ServicePrincipal, dict[str, sns.ITopic]] = {}
        self.key = _key(stack, "QueueKey", "Events in the queues", settings)

    def let_deliver(self, topic: sns.ITopic, principal: iam.ServicePrincipal) -> None:
        """A principal is that of a Region: it has a statement of its own."""
        if not self.key:
            return
        if principal not in self.topics:
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    principals=[principal],
                    resources=["*"],
                    conditions={"ArnEquals": {"aws:SourceArn": late_any(partial(self._arns, principal))}},
                )
            )
        self.topics.setdefault(principal, {}).setdefault(path_of(topic), topic)

    def _arns(self, principal: iam.ServicePrincipal) -> str | list[str]:
        topics = self.topics[principal]
        arns = [fact(topics[path], "topic_arn") for path in sorted(topics)]
        return arns[0] if len(arns) == 1 else arns


def _key(scope: Construct, id_: str, description: str, settings: Settings) -> kms.Key | None:
    if settings.encryption is Encryption.SQS_MANAGED:
        return None
    return kms.Key(
        scope, id_, description=description, enable_key_rotation=True, removal_policy=settings.removal_policy
    )
