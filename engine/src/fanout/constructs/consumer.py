"""What takes a task's events and works on them: one class for each way to run a task, and what each is told of its subscriber."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fanout import names
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.filter import Filter
from fanout.constructs.retry import Retry
from fanout.constructs.settings import Settings

if TYPE_CHECKING:
    from fanout.constructs.attachments import Attachments


class Host(Protocol):
    """A subscriber as its consumer sees it, once its queues are there. Times in seconds."""

    task: str
    stack_name: str
    settings: Settings
    retry: Retry
    topic: sns.ITopic
    ordered: bool
    environment: Mapping[str, str]
    record_variables: Mapping[str, str]
    circuit_breaker: CircuitBreaker | None
    only: Filter
    queue_url: str
    dead_letter_queue_url: str
    """Both "" where there is none."""
    key: kms.Key | None
    """Of the queues; None where AWS holds it."""
    attachments: "Attachments | None"
    """Of its topic."""

    @property
    def owner_id(self) -> str:
        """As errors name it: subscriber SendReceipt."""

    @property
    def queue(self) -> sqs.Queue:
        """Raises ConfigurationError where the topic itself calls the task."""

    @property
    def dead_letter_queue(self) -> sqs.Queue:
        """Raises ConfigurationError where events are dropped."""


def beside(host: Host) -> tuple[str, ...]:
    """Files of the runtime that few functions need."""
    asked = {"circuit_breaker.py": host.circuit_breaker, "claim_check.py": host.attachments}
    return tuple(name for name, asks in asked.items() if asks)


class Consumer(ABC):
    """`role` is what the task works as. Variables are set until the template is made."""

    KIND = ""
    """As in "it runs on ..."."""

    role: iam.Role
    log_group: logs.LogGroup | None
    """None where its logs are nobody's but its team's."""
    memory_mib: int
    cpu = 0
    """Of 1024 units to a vCPU, of workers."""

    def __init__(self, host: Host) -> None:
        self._host = host

    has_function = True
    service_names: tuple[str, str] | None = None
    """The cluster's and the service's, of workers on Fargate."""
    maximum_age: int | None = None
    """Seconds after which Lambda gives up what it could not begin, of a task that its topic calls."""

    @property
    def function(self) -> lambda_.Function:
        raise self._has_no("function")

    @property
    def mapping(self) -> lambda_.EventSourceMapping:
        raise self._has_no("event source mapping")

    @property
    def feeds(self) -> Sequence[Construct]:
        """What brings it its events, once it is deployed."""
        return ()

    @property
    def subscription(self) -> sns.Subscription:
        """Of a task that has no queue."""
        raise self._has_no("subscription of its own")

    def outputs(self) -> dict[str, str]:
        """What operators' tools find it by: the ends of their names, and their values."""
        return {names.FUNCTION_NAME_OUTPUT: self.function.function_name}

    @abstractmethod
    def set_variable(self, name: str, value: str) -> None:
        """Of the environment in which the task runs."""

    @abstractmethod
    def start(self, circuit_breaker: CircuitBreaker | None) -> None:
        """Called last, when all variables and rights of the engine are there: makes what feeds it."""

    def _has_no(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._host.owner_id}: it has no {what}, as it runs on {self.KIND}: grant what it needs to its role"
        )


def let_consume(host: Host, role: iam.Role) -> None:
    """May take from its own queue, and send to its own dead-letter queue what no retry can help."""
    host.queue.grant_consume_messages(role)
    let_bury(host, role)


def let_bury(host: Host, role: iam.Role) -> None:
    host.dead_letter_queue.grant(role, "sqs:SendMessage")  # `grant_send_messages` allows more
    if host.key:
        host.key.grant(role, "kms:Decrypt", "kms:GenerateDataKey")


def variables(host: Host, own: Mapping[str, str] | None = None, *, messages_at_once: int) -> dict[str, str]:
    """What every task with a queue is told, beside what its stack gives it; `own` is of its way to run."""
    return {
        **host.environment,
        names.STACK: host.stack_name,
        names.TASK: host.task,
        **({names.QUEUE_URL: host.queue_url} if host.queue_url else {}),
        **({names.DEAD_LETTER_QUEUE_URL: host.dead_letter_queue_url} if host.dead_letter_queue_url else {}),
        names.RETRY_DELAYS: ",".join(map(str, host.retry.delays())),
        names.RETRY_JITTER: str(host.retry.jitter),
        names.CONCURRENCY: str(messages_at_once),
        names.MEASURED_GROUPS: str(host.settings.measured_groups),
        names.METRICS: host.settings.metrics,
        **({names.TRACEBACKS: "true"} if host.settings.tracebacks else {}),
        **(own or {}),
        **host.record_variables,
    }
