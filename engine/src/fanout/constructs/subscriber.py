"""The one construct: all that one task needs to receive every event of a topic, and to lose none of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Unpack

from aws_cdk import CfnOutput, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fanout import names
from fanout.constructs import idempotency
from fanout.constructs.alarms.subscriber import subscriber_alarms
from fanout.constructs.beating import await_heartbeats
from fanout.constructs.cdk_cache import days, fact, name_of_stack, path_of, seconds, stack_of
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.compute import Compute, Function
from fanout.constructs.deprecated import OldArguments, modern, modern_topic
from fanout.constructs.distance import check_reach, distance
from fanout.constructs.emits import Emits, check_emits, variables
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.event_types import types_got
from fanout.constructs.filter import Filter, check_filter, check_values
from fanout.constructs.keys import queue_key
from fanout.constructs.kinds import check_kind
from fanout.constructs.registry import announce
from fanout.constructs.replayable import check_replay, tell_replay
from fanout.constructs.retry import Retry
from fanout.constructs.settings import DEAD_LETTER_RETENTION_DAYS, Settings, Tracing
from fanout.constructs.shared_task import Share, tell_shared
from fanout.constructs.subscriber_checks import check_environment, check_order_in_time, check_parts, claims_events
from fanout.constructs.task_queue import subscribe, task_queue, tell_fair
from fanout.constructs.topic import AnyTopic
from fanout.constructs.unheard import hear
from fanout.packaging.zip_contents import check_task
from fanout.project import find_root


class Subscriber(Construct):
    """Queue, dead-letter queue, raw subscription, function and mapping of one task.

    `topic` carries the settings of its environment; `settings` are those of this subscriber alone. `task` is a folder in
    lambdas/ with a `handler.py`. `handles` are the types of events that it gets, by default all that its handler reads.
    `only` lets through the events whose attributes have one of these values.
    `idempotent=True` is for a task whose target itself ignores what it has seen: it claims no event, which saves a write.
    `owner` is named by its alarms, which settings choose. `undeliverable` is for a topic of another Region alone: the ARN of
    a queue there, of this account, where SNS leaves what it cannot deliver. `emits` are the topics to which the task may
    publish further events with `fanout.runtime.emit`, by their type. `tracing` is of its function alone. `replayable=True`: archived events may be sent to it,
    old as they are (not to a task that mails or pays); `backfill`: how far back `fanout replay --backfill` reaches, once.

    Derived, so that nobody types them: visibility = 6 x timeout + window, as AWS asks
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html); 14 days for dead letters, always longer
    than the queue's retention; maxReceiveCount = attempts. Behind a FIFO topic queue and dead-letter queue are FIFO too,
    and the events of one group keep their order. Wrong arguments raise ConfigurationError at synth.

    What the task may do beyond its own queue is granted where the two parties meet:
    `bucket.grant_put(subscriber.role)`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        topic: AnyTopic | sns.ITopic,
        task: str,
        handles: Sequence[str] | None = None,
        only: Filter | None = None,
        compute: Compute | None = None,
        retry: Retry | None = None,
        idempotent: bool = False,
        circuit_breaker: CircuitBreaker | None = None,
        environment: Mapping[str, str] | None = None,
        owner: str | None = None,
        replayable: bool = False,
        backfill: timedelta | None = None,
        settings: Settings | None = None,
        undeliverable: str | None = None,
        emits: Emits | None = None,
        tracing: Tracing | None = None,
        **deprecated: Unpack[OldArguments],
    ) -> None:
        super().__init__(scope, id_)
        self.owner_id = f"subscriber {id_}"
        """As errors name it."""
        check_kind(self.owner_id, "settings", settings, Settings | None)
        topic = modern_topic(self.owner_id, topic, settings)
        given = modern(self.owner_id, deprecated, settings or topic.settings)
        self.task = task
        self.topic, self.ordered = topic.topic, fact(topic.topic, "fifo")
        self.schedule_group, self.fair_by = topic.schedule_group, topic.fair_by
        self.attachments = topic.attachments
        self.settings = settings or topic.settings
        if tracing:
            self.settings = replace(self.settings, tracing=tracing)
        check_kind(self.owner_id, "task", task, str)
        check_task(find_root(), task)
        check_values(self.owner_id, asked := given.get("only", only) or {})
        self.only: Filter = self._types(handles, topic, asked) | {**asked}
        self.compute: Compute = given.get("compute", compute) or Function()
        self.retry = retry or self.settings.retry
        self.circuit_breaker = circuit_breaker
        self.environment: Mapping[str, str] = given.get("environment", environment) or {}
        self.owner = owner or self.settings.owner
        self.replayable, self.backfill = replayable, backfill
        self._validate()
        if emits:
            check_emits(self.owner_id, find_root(), emits)
        stack = stack_of(self, scope)
        path_of(self, scope, id_)
        self.away = distance(self.owner_id, self.topic, stack, undeliverable)
        if self.away.region and not self.is_queued:
            raise ConfigurationError(
                f"{self.owner_id}: the topic is in {self.away.region}, and one that calls its task was never proven across Regions:"
                f" deploy it to {self.away.region}, or take Function"
            )

        self.stack_name = name_of_stack(self)
        self._queues(undeliverable)
        claims = claims_events(self.owner_id, given.get("idempotent", idempotent))
        self.record_variables: Mapping[str, str] = idempotency.variables(self, self.settings, claims=claims)
        self.consumer = self.compute.consumer(self, self)
        if tracing and not self.consumer.has_function:
            raise ConfigurationError(f"{self.owner_id}: tracing is of a function, and it runs on {self.consumer.KIND}")
        idempotency.let_remember(self, self.role, self.settings, task=task, claims=claims)
        if emits:
            self._let_emit(emits)
        if self.attachments:
            self.attachments.serve(self.owner_id, self.role, self.settings)
            self.consumer.set_variable(names.ATTACHMENTS_BUCKET, self.attachments.bucket.bucket_name)
        self.consumer.start(circuit_breaker)
        self.alarms = subscriber_alarms(self, self, self.settings)
        if "heartbeat-missed" in self.alarms:
            await_heartbeats(self.topic)
        tell_shared(task, Share(self, self.topic, self._gets, claims))
        self._outputs(id_ if scope is stack else path_of(self).replace("/", ""))
        announce(self)

    def _queues(self, undeliverable: str | None) -> None:
        """Those that its way to run has."""
        self.key, self.queue_url, self.dead_letter_queue_url = None, "", ""
        if not self.buries:
            return
        self.key = queue_key(self, self.settings, topic=self.topic, principal=self.away.principal)
        make = partial(task_queue, self, settings=self.settings, ordered=self.ordered, key=self.key)
        self._dead_letter_queue = make("DeadLetterQueue", retention=days(DEAD_LETTER_RETENTION_DAYS))
        self.dead_letter_queue_url = self._dead_letter_queue.queue_url
        if not self.is_queued:
            return
        self._queue = make(
            "Queue",
            retention=days(self.settings.queue_retention_days),
            visibility=seconds(self.visibility),
            dead_letters=sqs.DeadLetterQueue(queue=self._dead_letter_queue, max_receive_count=self.retry.attempts),
        )
        if self.fair_by:
            tell_fair(self._queue, self.fair_by)
        tell_replay(self._queue, replayable=self.replayable, backfill=self.backfill)
        self.queue_url = self._queue.queue_url
        self._subscription = subscribe(
            self,
            self.topic,
            self._queue,
            self._dead_letter_queue,
            only=self.only,
            settings=self.settings,
            away=self.away,
            undeliverable=undeliverable,
            heartbeats=self.hears_heartbeats,
        )

    @property
    def hears_heartbeats(self) -> bool:
        return not self.compute.sleeps(self.settings)

    @property
    def is_queued(self) -> bool:
        """Whether its events wait in a queue of its own."""
        return self.compute.queued

    @property
    def buries(self) -> bool:
        """Whether it has a dead-letter queue."""
        return self.compute.buries

    @property
    def attempts(self) -> int:
        """Of an event that always fails."""
        return self.compute.attempts(self.retry)

    @property
    def subscription(self) -> sns.Subscription:
        return self._subscription if self.is_queued else self.consumer.subscription

    @property
    def role(self) -> iam.Role:
        """What the task works as, however it runs: what it may do beyond its own queue is granted to it."""
        return self.consumer.role

    @property
    def function(self) -> lambda_.Function:
        """Raises ConfigurationError where the task runs on no function."""
        return self.consumer.function

    @property
    def mapping(self) -> lambda_.EventSourceMapping:
        """Raises ConfigurationError where the task is fed by none."""
        return self.consumer.mapping

    def _let_emit(self, emits: Emits) -> None:
        for name, value in variables(find_root(), emits).items():
            self.consumer.set_variable(name, value)
        for topic in dict.fromkeys(each.topic for each in emits.values()):
            check_reach(f"{self.owner_id}: emits", topic, stack_of(self))
            topic.grant_publish(self.role)

    def _types(self, handles: Sequence[str] | None, topic: AnyTopic, asked: Filter) -> dict[str, Sequence[str]]:
        """A filter where the topic carries more types of event than it gets."""
        types = types_got(self.owner_id, find_root(), self.task, handles=handles, carried=topic.types)
        chosen = asked.get("type")
        if handles is not None and chosen is not None:
            raise ConfigurationError(f"{self.owner_id}: handles and only['type'] say the same: leave one of them out")
        self._gets = frozenset(types.got if chosen is None else chosen if isinstance(chosen, Sequence) else ())
        if types.got:
            hear(self, self.topic, {*chosen} if isinstance(chosen, Sequence) else {*types.got})
        return {"type": types.values} if types.values else {}

    @property
    def timeout(self) -> int:
        """Seconds."""
        return self.compute.longest_attempt

    @property
    def window(self) -> int:
        """Seconds that a message waits for others."""
        return self.compute.window(self.settings, ordered=self.ordered)

    @property
    def visibility(self) -> int:
        """Seconds for which the queue hides a message that is being worked on."""
        return self.compute.visibility(self.settings, ordered=self.ordered)

    @property
    def retention(self) -> int:
        """Seconds for which the queue keeps a message."""
        return 86_400 * self.settings.queue_retention_days

    @property
    def max_concurrency(self) -> int:
        return self.compute.bound(self.settings)

    @property
    def queue(self) -> sqs.Queue:
        """Raises ConfigurationError where the topic calls the task."""
        if not self.is_queued:
            raise ConfigurationError(f"{self.owner_id}: it has no queue, as the topic calls it")
        return self._queue

    @property
    def dead_letter_queue(self) -> sqs.Queue:
        """Raises ConfigurationError where what fails is dropped."""
        if not self.buries:
            raise ConfigurationError(f"{self.owner_id}: it has no dead-letter queue, as drop_is_ok says")
        return self._dead_letter_queue

    def _validate(self) -> None:
        """Raises ConfigurationError for what AWS would refuse or what would lose messages."""
        owner, settings = self.owner_id, self.settings
        settings.validate()
        check_parts(owner, self.compute, self.retry, self.circuit_breaker, self.owner)
        self.compute.validate(owner, settings, ordered=self.ordered)
        self.retry.validate(owner, timeout=self.timeout, window=self.window)
        check_filter(owner, self.only, settings, alone=not self.hears_heartbeats and settings.heartbeat is not None)
        check_environment(owner, self.environment)
        check_replay(owner, replayable=self.replayable, backfill=self.backfill, queued=self.is_queued)
        if self.circuit_breaker:
            self.circuit_breaker.validate(owner)
        if self.is_queued:
            times = {"timeout": self.timeout, "visibility": self.visibility, "retention": self.retention}
            check_order_in_time(owner, self.retry, **times)

    def _outputs(self, prefix: str) -> None:
        """What an operator's tools find this subscriber by."""
        Tags.of(self).add(names.TASK_TAG, self.task)
        found = {
            names.QUEUE_URL_OUTPUT: self.queue_url,
            names.DEAD_LETTER_QUEUE_URL_OUTPUT: self.dead_letter_queue_url,
            **self.consumer.outputs(),
        }
        described = f"{names.OF_TASK}{self.task}{names.WITH_BACKFILL if self.backfill else ''}"
        first = names.QUEUE_URL_OUTPUT if self.is_queued else names.FUNCTION_NAME_OUTPUT
        for name, value in found.items():
            if value:
                said = described if name == first else None
                CfnOutput(stack_of(self), f"{prefix}{name}", value=value, description=said)
