"""What a worker is told and may do, wherever it runs."""

from aws_cdk import aws_iam as iam

from fanout import names
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.compute import in_seconds
from fanout.constructs.consumer import Consumer, Host, let_consume, variables
from fanout.constructs.worker.arguments import Arguments

SIGKILL_MARGIN = 5
"""Seconds by which it gives back what it could not finish before its machine kills it."""


class WorkerConsumer(Consumer):
    """Gathers its variables until `start`, which hands them over."""

    has_function = False

    def __init__(self, host: Host, worker: Arguments) -> None:
        super().__init__(host)
        self._worker = worker
        self.memory_mib, self.cpu = worker.memory_mib, worker.cpu
        own = {
            names.VISIBILITY: str(in_seconds(worker.visibility_time)),
            names.LONGEST_ATTEMPT: str(worker.longest_attempt),
            names.GRACE: str(max(3, in_seconds(worker.grace) - SIGKILL_MARGIN)),
        }
        self._variables = variables(host, own, messages_at_once=worker.messages_at_once)

    def set_variable(self, name: str, value: str) -> None:
        self._variables[name] = value

    def _let_work(self, role: iam.Role) -> None:
        """Its own queues, with their tags, by which an operator pauses it."""
        let_consume(self._host, role)
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sqs:ListQueueTags"], resources=[self._host.queue.queue_arn])
        )

    def _guard(self, breaker: CircuitBreaker | None) -> None:
        """In the process itself: it stops taking messages, and tries one after the cool-down."""
        if breaker:
            self._variables[names.CIRCUIT_FAILURES] = str(breaker.failures)
            self._variables[names.COOL_DOWN] = str(int(breaker.cool_down.total_seconds()))
