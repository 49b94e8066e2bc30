"""The one construct: all that one task needs to receive every event of a topic, and to lose none of them."""

from collections.abc import Mapping
from typing import Unpack

from aws_cdk import CfnOutput, Duration, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.subscriber import subscriber_alarms
from fanout.constructs.cdk_cache import SNS, days, name_of_stack, seconds, stack_of
from fanout.constructs.circuit_breaker import CircuitBreaker, protect
from fanout.constructs.compute import Function, in_seconds
from fanout.constructs.deprecated import OldArguments, modern, modern_topic
from fanout.constructs.event_types import types_taken
from fanout.constructs.filter import Filter, check_filter, filter_policy
from fanout.constructs.function import task_function
from fanout.constructs.idempotency import remember
from fanout.constructs.keys import queue_key
from fanout.constructs.registry import announce
from fanout.constructs.retry import Retry
from fanout.constructs.settings import DEAD_LETTER_RETENTION_DAYS, Encryption, Settings
from fanout.constructs.subscriber_checks import check_environment, check_order_in_time, check_region
from fanout.constructs.topic import AnyTopic
from fanout.packaging.zip_contents import check_task
from fanout.project import find_root

LARGEST_MESSAGE = 1_048_576
"""Bytes; written out, as a queue below its topic's limit drops what is larger, and CloudFormation's reset is 262144."""


class Subscriber(Construct):
    """Queue, dead-letter queue, raw subscription, function and mapping of one task.

    `topic` carries the settings of its environment; `settings` are those of this subscriber alone. `task` is a folder in
    lambdas/ with a `handler.py`. `only` lets through the events whose attributes have one of these values.
    `idempotent=True` is for a task whose target itself ignores what it has seen: it claims no event, which saves a write.
    `owner` is named by its alarms, which settings choose.

    Derived, so that nobody types them: visibility = 6 x timeout + window, as AWS asks
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html); 14 days for dead letters, always longer
    than the queue's retention; maxReceiveCount = attempts. Behind a FIFO topic queue and dead-letter queue are FIFO too,
    and the events of one group keep their order. Wrong arguments raise ConfigurationError at synth.

    What the task may do beyond its own queue is granted where the two parties meet:
    `bucket.grant_put(subscriber.function)`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        topic: AnyTopic | sns.ITopic,
        task: str,
        only: Filter | None = None,
        compute: Function | None = None,
        retry: Retry | None = None,
        idempotent: bool = False,
        circuit_breaker: CircuitBreaker | None = None,
        environment: Mapping[str, str] | None = None,
        owner: str | None = None,
        settings: Settings | None = None,
        **deprecated: Unpack[OldArguments],
    ) -> None:
        super().__init__(scope, id_)
        topic = modern_topic(f"subscriber {id_}", topic, settings)
        given = modern(f"subscriber {id_}", deprecated, settings or topic.settings)
        self.task = task
        self.topic, self.ordered = topic.topic, topic.topic.fifo
        self.schedule_group = topic.schedule_group
        self.settings = settings or topic.settings
        self.only: Filter = self._types() | dict(given.get("only", only) or {})
        self.compute: Function = given.get("compute", compute) or Function()
        self.retry = retry or self.settings.retry
        self.circuit_breaker = circuit_breaker
        self.environment: Mapping[str, str] = given.get("environment", environment) or {}
        self.owner = owner or self.settings.owner
        self._validate()

        self.stack_name = name_of_stack(self)
        self._key = queue_key(self, self.settings, topic=self.topic)
        self.dead_letter_queue = self._queue("DeadLetterQueue", retention=days(DEAD_LETTER_RETENTION_DAYS))
        self.queue = self._queue(
            "Queue",
            retention=days(self.settings.queue_retention_days),
            visibility=seconds(self.visibility),
            dead_letters=sqs.DeadLetterQueue(queue=self.dead_letter_queue, max_receive_count=self.retry.attempts),
        )
        self._urls = self.queue.queue_url, self.dead_letter_queue.queue_url
        self.subscription = self._subscription()
        self.function = self._function()
        claims = not given.get("idempotent", idempotent)
        remember(self, self.function, task=task, claims=claims, settings=self.settings)
        self.mapping = self._mapping()
        if circuit_breaker:
            protect(self, circuit_breaker, function=self.function, mapping=self.mapping, settings=self.settings)
        self.alarms = subscriber_alarms(self, self, self.settings)
        self._outputs(scope)
        announce(self)

    def _types(self) -> dict[str, list[str]]:
        """A filter where the app has more types of event than the task takes."""
        taken = types_taken(find_root(), self.task)
        return {"type": list(taken)} if taken else {}

    @property
    def timeout(self) -> int:
        """Seconds."""
        return self.compute.longest_attempt

    @property
    def window(self) -> int:
        """Seconds that a message waits for others."""
        return in_seconds(self.compute.batching_for(self.settings, ordered=self.ordered).window)

    @property
    def visibility(self) -> int:
        """Seconds for which the queue hides a message that is being worked on."""
        return 6 * self.timeout + self.window

    @property
    def retention(self) -> int:
        """Seconds for which the queue keeps a message."""
        return 86_400 * self.settings.queue_retention_days

    @property
    def max_concurrency(self) -> int:
        return self.compute.bound(self.settings)

    def _validate(self) -> None:
        """Raises ConfigurationError for what AWS would refuse or what would lose messages."""
        owner, settings = f"subscriber {self.node.id}", self.settings
        check_task(find_root(), self.task)
        settings.validate()
        self.compute.validate(owner, settings, ordered=self.ordered)
        self.retry.validate(owner, timeout=self.timeout, window=self.window)
        check_filter(owner, self.only, settings)
        check_environment(owner, self.environment)
        if self.circuit_breaker:
            self.circuit_breaker.validate(owner)
        times = {"timeout": self.timeout, "visibility": self.visibility, "retention": self.retention}
        check_order_in_time(owner, self.retry, **times)
        check_region(owner, self.topic, stack_of(self))

    def _queue(
        self,
        id_: str,
        *,
        retention: Duration,
        visibility: Duration | None = None,
        dead_letters: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        managed = self.settings.encryption is Encryption.SQS_MANAGED
        return sqs.Queue(
            self,
            id_,
            fifo=self.ordered or None,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP if self.ordered else None,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID if self.ordered else None,
            encryption=sqs.QueueEncryption.SQS_MANAGED if managed else sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            max_message_size_bytes=LARGEST_MESSAGE,
            retention_period=retention,
            visibility_timeout=visibility,
            dead_letter_queue=dead_letters,
            removal_policy=self.settings.removal_policy,
        )

    def _subscription(self) -> sns.Subscription:
        """Raw, with the task's dead-letter queue for what SNS cannot deliver, and only once both queues let SNS in.

        Written out where `topic.add_subscription` would do, because that puts the stack's name into the logical id.
        """
        queue_arn = self.queue.queue_arn
        allowed = self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[SNS],
                resources=[queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": self.topic.topic_arn}},
            )
        )
        subscription = sns.Subscription(
            self,
            "Subscription",
            topic=self.topic,
            protocol=sns.SubscriptionProtocol.SQS,
            endpoint=queue_arn,
            raw_message_delivery=True,
            dead_letter_queue=self.dead_letter_queue,  # whose policy it lets itself into
            filter_policy=filter_policy(self.only, self.settings),
        )
        if allowed.policy_dependable:
            subscription.node.add_dependency(
                allowed.policy_dependable, self.dead_letter_queue.node.find_child("Policy")
            )
        return subscription

    def _function(self) -> lambda_.Function:
        """May take from its own queue, and send to its own dead-letter queue what no retry can help."""
        function = task_function(
            self,
            task=self.task,
            description=f"Runs {self.task} for each event",
            settings=self.settings,
            timeout=seconds(self.timeout),
            memory_mib=self.compute.memory_mib,
            variables={**self.environment, **self._own_environment()},
        )
        self.queue.grant_consume_messages(function)
        function.add_to_role_policy(  # `grant_send_messages` allows more
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.dead_letter_queue.queue_arn])
        )
        if self._key:
            self._key.grant(function, "kms:Decrypt", "kms:GenerateDataKey")
        return function

    def _own_environment(self) -> dict[str, str]:
        return {
            names.STACK: self.stack_name,
            names.TASK: self.task,
            names.QUEUE_URL: self._urls[0],
            names.DEAD_LETTER_QUEUE_URL: self._urls[1],
            names.RETRY_DELAYS: ",".join(map(str, self.retry.delays())),
            names.RETRY_JITTER: str(self.retry.jitter),
            names.CONCURRENCY: str(self.compute.messages_at_once),
            names.MEASURED_GROUPS: str(self.settings.measured_groups),
            **({names.TRACEBACKS: "true"} if self.settings.tracebacks else {}),
        }

    def _mapping(self) -> lambda_.EventSourceMapping:
        return lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=self.compute.batching_for(self.settings, ordered=self.ordered).size,
            max_batching_window=seconds(self.window) if self.window else None,
            max_concurrency=self.max_concurrency,
            report_batch_item_failures=True,
        )

    def _outputs(self, scope: Construct) -> None:
        """What an operator's tools find this subscriber by."""
        stack = stack_of(self)
        prefix = self.node.id if scope is stack else self.node.path.replace("/", "")
        Tags.of(self).add(names.TASK_TAG, self.task)
        CfnOutput(stack, f"{prefix}{names.QUEUE_URL_OUTPUT}", value=self._urls[0])
        CfnOutput(stack, f"{prefix}{names.DEAD_LETTER_QUEUE_URL_OUTPUT}", value=self._urls[1])
        CfnOutput(stack, f"{prefix}{names.FUNCTION_NAME_OUTPUT}", value=self.function.function_name)
