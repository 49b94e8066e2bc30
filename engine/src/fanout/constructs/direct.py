"""The topic calls the task's function: no queue waits for it, and what it misses for long is gone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from aws_cdk import CfnResource
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout import names
from fanout.constructs.cdk_cache import SNS, seconds
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.compute import Time, in_seconds
from fanout.constructs.consumer import Consumer, Host, beside, let_bury, variables
from fanout.constructs.errors import ConfigurationError, expect
from fanout.constructs.filter import filter_policy
from fanout.constructs.function import task_function
from fanout.constructs.kinds import check_fields
from fanout.constructs.retry import Retry
from fanout.constructs.settings import Settings

HANDLER = "fanout.runtime.direct.handle"
BESIDE = ("direct.py",)
"""Of the runtime, in the zips of direct tasks alone."""
DELAYS = (60, 120)
"""Seconds: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""


@dataclass(frozen=True, kw_only=True)
class Direct:
    """A Lambda function on the topic itself. `retries` come after one minute and after two more, for errors of the function;
    what Lambda could not begin for `maximum_age` is given up.

    What is given up, and what SNS cannot hand to Lambda, is a dead letter; with `drop_is_ok`, which says why, it is dropped.
    `concurrency` is reserved for the function, which cannot take more of the account's then.
    """

    timeout: Time = timedelta(seconds=30)
    memory_mib: int = 256
    retries: int = 2
    maximum_age: Time = timedelta(hours=6)
    concurrency: int | None = None
    drop_is_ok: str | None = None

    @property
    def queued(self) -> bool:
        return False

    @property
    def buries(self) -> bool:
        return self.drop_is_ok is None

    def attempts(self, retry: Retry) -> int:
        return self.retries + 1

    @property
    def longest_attempt(self) -> int:
        return in_seconds(self.timeout)

    def window(self, settings: Settings, *, ordered: bool) -> int:
        return 0

    def visibility(self, settings: Settings, *, ordered: bool) -> int:
        return 0

    def bound(self, settings: Settings) -> int:
        return self.concurrency or settings.max_concurrency

    def sleeps(self, settings: Settings) -> bool:
        return False

    def validate(self, owner: str, settings: Settings, *, ordered: bool) -> None:
        """SNS hands events of a FIFO topic to queues alone: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html"""
        if ordered:
            raise ConfigurationError(
                f"{owner}: compute is Direct and the topic is FIFO: SNS calls no function from it: take Function, whose queue keeps order"
            )
        check_fields(owner, self, of=Direct)
        age, timeout = in_seconds(self.maximum_age), in_seconds(self.timeout)
        expect(owner, "timeout", 3 <= timeout <= 900, timeout, "3 to 900 seconds")
        expect(owner, "memory_mib", 128 <= self.memory_mib <= 10_240, self.memory_mib, "128 to 10240")
        expect(owner, "retries", 0 <= self.retries <= 2, self.retries, "0, 1 or 2: Lambda makes no more")
        expect(owner, "maximum_age", 60 <= age <= 21_600, age, "60 to 21600 seconds")
        expect(
            owner,
            "concurrency",
            self.concurrency is None or self.concurrency >= 1,
            self.concurrency,
            "1 or more, or None",
        )
        reason = self.drop_is_ok
        expect(owner, "drop_is_ok", reason is None or reason.strip(), reason, "why an event may be dropped, or None")

    def consumer(self, scope: Construct, host: Host) -> Consumer:
        return DirectConsumer(scope, host, self)


class DirectConsumer(Consumer):
    KIND = "Lambda, called by its topic"

    def __init__(self, scope: Construct, host: Host, direct: Direct) -> None:
        super().__init__(host)
        self._scope, self._direct = scope, direct
        self.maximum_age = in_seconds(direct.maximum_age)
        self.memory_mib = direct.memory_mib
        made = task_function(
            scope,
            task=host.task,
            description=f"Runs {host.task} for each event, called by the topic",
            settings=host.settings,
            timeout=seconds(direct.longest_attempt),
            memory_mib=direct.memory_mib,
            variables=self._variables(),
            handler=HANDLER,
            beside=(*BESIDE, *beside(host)),
            concurrency=direct.concurrency,
        )
        self._function, self.role, self.log_group = made.function, made.role, made.log_group
        if direct.buries:
            let_bury(host, self.role)

    def _variables(self) -> dict[str, str]:
        found = variables(self._host, messages_at_once=1)
        return {
            **found,
            names.RETRY_DELAYS: ",".join(map(str, DELAYS[: self._direct.retries])),
            names.RETRY_JITTER: "0",
        }

    @property
    def function(self) -> lambda_.Function:
        return self._function

    def outputs(self) -> dict[str, str]:
        subscription = cast(CfnResource, self._subscription.node.default_child)
        return {**super().outputs(), names.SUBSCRIPTION_ARN_OUTPUT: subscription.ref}

    def set_variable(self, name: str, value: str) -> None:
        self._function.add_environment(name, value)

    def start(self, circuit_breaker: CircuitBreaker | None) -> None:
        if circuit_breaker:
            raise ConfigurationError(
                f"{self._host.owner_id}: circuit_breaker needs a queue in which events wait: take it away, or take Function"
            )
        configured = lambda_.CfnEventInvokeConfig(
            self._scope,
            "Asynchronous",
            function_name=self._function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=self._direct.retries,
            maximum_event_age_in_seconds=self.maximum_age,
            destination_config=self._destination(),
        )
        if self._direct.drop_is_ok and not self._direct.retries:
            _acknowledge(configured, "function-tried-once", self._direct.drop_is_ok)
        self._subscribe()

    def _destination(self) -> lambda_.CfnEventInvokeConfig.DestinationConfigProperty | None:
        if not self._direct.buries:
            return None
        queue = self._host.dead_letter_queue.queue_arn
        failed = lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=queue)
        return lambda_.CfnEventInvokeConfig.DestinationConfigProperty(on_failure=failed)

    @property
    def subscription(self) -> sns.Subscription:
        return self._subscription

    def _subscribe(self) -> None:
        host = self._host
        self._function.add_permission(
            "Topic", principal=SNS, source_arn=host.topic.topic_arn, action="lambda:InvokeFunction"
        )
        self._subscription = sns.Subscription(
            self._scope,
            "Subscription",
            topic=host.topic,
            protocol=sns.SubscriptionProtocol.LAMBDA,
            endpoint=self._function.function_arn,
            dead_letter_queue=host.dead_letter_queue if self._direct.buries else None,
            filter_policy=filter_policy(host.only, host.settings),
        )
        if self._direct.buries:
            self._subscription.node.add_dependency(host.dead_letter_queue.node.find_child("Policy"))
        elif self._direct.drop_is_ok:
            _acknowledge(self._subscription, "subscription-without-dead-letter-queue", self._direct.drop_is_ok)
            _acknowledge(self._function, "function-without-failure-destination", self._direct.drop_is_ok)


def _acknowledge(construct: Construct, rule: str, reason: str) -> None:
    resource = construct if isinstance(construct, CfnResource) else construct.node.default_child
    if isinstance(resource, CfnResource):
        resource.add_metadata(names.METADATA, {names.ACKNOWLEDGE_METADATA: [{"rule": rule, "reason": reason}]})
