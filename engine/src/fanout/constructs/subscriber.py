"""The one construct: all that one task needs to receive every event of a topic, and to lose none of them."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fanout import names
from fanout.constructs import subscriber_arguments as arguments
from fanout.constructs.alarms.subscriber import Watched, subscriber_alarms
from fanout.constructs.cdk_cache import SNS, days, name_of_stack, seconds, stack_of
from fanout.constructs.circuit_breaker import CircuitBreaker, protect
from fanout.constructs.function import task_function
from fanout.constructs.idempotency import remember
from fanout.constructs.keys import queue_key
from fanout.constructs.registry import announce
from fanout.constructs.retry import RetryPolicy
from fanout.constructs.settings import DEAD_LETTER_RETENTION_DAYS, Encryption, Settings
from fanout.costs.favour import Favour
from fanout.packaging.zip_contents import check_task
from fanout.project import find_root

TIMEOUT = 30
"""Seconds."""
LARGEST_MESSAGE = 1_048_576
"""Bytes; written out, as a queue below its topic's limit drops what is larger, and CloudFormation's reset is 262144."""


class Subscriber(Construct):
    """Queue, dead-letter queue, raw subscription, function and mapping of one task.

    `topic` may be imported by ARN and belong to another stack. `task` is a folder in lambdas/ with a
    `handler.py`. Derived, so that nobody types them: visibility = 6 x timeout + window, as AWS asks
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html); 14 days for dead letters, always longer
    than the queue's retention; maxReceiveCount = attempts. Wrong arguments raise ConfigurationError at synth.

    Behind a FIFO topic queue and dead-letter queue are FIFO too, and the events of one form keep their order.
    `favour` is latency or cost, and chooses `batching_window` and `batch_size` where they are not given.
    `max_concurrency` bounds invocations, `concurrency` the messages of one batch that are worked on at the same time.
    `owner` is named by its alarms, which settings choose.
    `idempotency=False` is for a task whose target itself ignores what it has seen: it saves two writes an event.

    What the task may do beyond its own queue is granted where the two parties meet:
    `bucket.grant_put(subscriber.function)`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        topic: sns.ITopic,
        task: str,
        settings: Settings,
        timeout: Duration | None = None,
        memory_mib: int = 256,
        retry: RetryPolicy | None = None,
        favour: Favour | None = None,
        batch_size: int | None = None,
        batching_window: Duration | None = None,
        max_concurrency: int | None = None,
        concurrency: int = 10,
        idempotency: bool = True,
        circuit_breaker: CircuitBreaker | None = None,
        attribute_filter: Mapping[str, sns.SubscriptionFilter] | None = None,
        variables: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        check_task(find_root(), task)
        self.task = task
        self._ordered = topic.fifo
        self.retry = retry or settings.retry
        stack, stack_name = stack_of(self), name_of_stack(self)
        lasting = TIMEOUT if timeout is None else int(timeout.to_seconds())
        gathering = arguments.gathering(f"subscriber {id_}", favour or settings.favour, ordered=self._ordered)
        batch_size = gathering.batch_size if batch_size is None else batch_size
        window = gathering.window if batching_window is None else int(batching_window.to_seconds())
        invocations = max_concurrency if max_concurrency is not None else settings.max_concurrency
        visibility = 6 * lasting + window
        arguments.check(
            f"subscriber {id_}",
            settings=settings,
            retry=self.retry,
            timeout=lasting,
            visibility=visibility,
            memory_mib=memory_mib,
            batch_size=batch_size,
            window=window,
            max_concurrency=invocations,
            concurrency=concurrency,
            attribute_filter=attribute_filter or {},
            variables=variables or {},
            ordered=self._ordered,
        )
        arguments.check_topic(f"subscriber {id_}", topic, stack)

        key = queue_key(stack, settings, topic=topic)
        self.dead_letter_queue = self._queue(
            "DeadLetterQueue", settings, key, retention=days(DEAD_LETTER_RETENTION_DAYS)
        )
        self.queue = self._queue(
            "Queue",
            settings,
            key,
            retention=days(settings.queue_retention_days),
            visibility=seconds(visibility),
            dead_letters=sqs.DeadLetterQueue(queue=self.dead_letter_queue, max_receive_count=self.retry.attempts),
        )
        queue_arn, urls = self.queue.queue_arn, (self.queue.queue_url, self.dead_letter_queue.queue_url)
        self.subscription = self._subscribe(topic, queue_arn, arguments.filter_policy(attribute_filter, settings))
        self.function = task_function(
            self,
            task=task,
            description=f"Runs {task} for each form event",
            settings=settings,
            timeout=seconds(lasting),
            memory_mib=memory_mib,
            variables={**(variables or {}), **self._own_variables(stack_name, urls, concurrency, settings)},
        )
        self.queue.grant_consume_messages(self.function)
        self._let_bury(key)
        if idempotency:
            remember(self, self.function, task=task, settings=settings)
        self.mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self.function,
            event_source_arn=queue_arn,
            batch_size=batch_size,
            max_batching_window=seconds(window) if window else None,
            max_concurrency=invocations,
            report_batch_item_failures=True,
        )
        if circuit_breaker:
            circuit_breaker.validate(f"subscriber {id_}")
            protect(self, circuit_breaker, function=self.function, mapping=self.mapping, settings=settings)
        self.max_concurrency, self.memory_mib = invocations, memory_mib
        self.watched = Watched(
            stack=stack_name,
            task=task,
            owner=owner or settings.owner,
            topic=topic,
            queue=self.queue,
            dead_letter_queue=self.dead_letter_queue,
            function=self.function,
            retry=self.retry,
            timeout=lasting,
            window=window,
            retention=86_400 * settings.queue_retention_days,
            filtered=bool(attribute_filter),
        )
        self.alarms = subscriber_alarms(self, self.watched, settings)
        self._tell(id_ if scope is stack else self.node.path.replace("/", ""), stack, urls)
        announce(self)

    def _queue(
        self,
        id_: str,
        settings: Settings,
        key: kms.IKey | None,
        *,
        retention: Duration,
        visibility: Duration | None = None,
        dead_letters: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        managed = settings.encryption is Encryption.SQS_MANAGED
        return sqs.Queue(
            self,
            id_,
            fifo=self._ordered or None,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP if self._ordered else None,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID if self._ordered else None,
            encryption=sqs.QueueEncryption.SQS_MANAGED if managed else sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            max_message_size_bytes=LARGEST_MESSAGE,
            retention_period=retention,
            visibility_timeout=visibility,
            dead_letter_queue=dead_letters,
            removal_policy=settings.removal_policy,
        )

    def _subscribe(
        self, topic: sns.ITopic, queue_arn: str, attribute_filter: Mapping[str, sns.SubscriptionFilter] | None
    ) -> sns.Subscription:
        """Raw, with the task's dead-letter queue for what SNS cannot deliver, and only once both queues let SNS in.

        Written out where `topic.add_subscription` would do, because that puts the stack's name into the logical id.
        """
        allowed = self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[SNS],
                resources=[queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": topic.topic_arn}},
            )
        )
        subscription = sns.Subscription(
            self,
            "Subscription",
            topic=topic,
            protocol=sns.SubscriptionProtocol.SQS,
            endpoint=queue_arn,
            raw_message_delivery=True,
            dead_letter_queue=self.dead_letter_queue,  # whose policy it lets itself into
            filter_policy=attribute_filter,
        )
        if allowed.policy_dependable:
            subscription.node.add_dependency(
                allowed.policy_dependable, self.dead_letter_queue.node.find_child("Policy")
            )
        return subscription

    def _own_variables(self, stack: str, urls: tuple[str, str], concurrency: int, settings: Settings) -> dict[str, str]:
        return {
            names.STACK: stack,
            names.TASK: self.task,
            names.QUEUE_URL: urls[0],
            names.DEAD_LETTER_QUEUE_URL: urls[1],
            names.RETRY_DELAYS: ",".join(map(str, self.retry.delays())),
            names.RETRY_JITTER: str(self.retry.jitter),
            names.CONCURRENCY: str(concurrency),
            names.MEASURED_GROUPS: str(settings.measured_forms),
        }

    def _let_bury(self, key: kms.IKey | None) -> None:
        """What no retry can help goes to the dead-letter queue at once (`grant_send_messages` allows more)."""
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.dead_letter_queue.queue_arn])
        )
        if key:
            key.grant(self.function, "kms:Decrypt", "kms:GenerateDataKey")

    def _tell(self, prefix: str, stack: Stack, urls: tuple[str, str]) -> None:
        """What an operator's tools find this subscriber by."""
        Tags.of(self).add(names.TASK_TAG, self.task)
        CfnOutput(stack, f"{prefix}{names.QUEUE_URL_OUTPUT}", value=urls[0])
        CfnOutput(stack, f"{prefix}{names.DEAD_LETTER_QUEUE_URL_OUTPUT}", value=urls[1])
        CfnOutput(stack, f"{prefix}{names.FUNCTION_NAME_OUTPUT}", value=self.function.function_name)
