"""The Lambda function of a task, and the mapping that feeds it from the task's queue."""

from collections.abc import Sequence

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from fanout.constructs.cdk_cache import fact, seconds
from fanout.constructs.circuit_breaker import CircuitBreaker, protect
from fanout.constructs.consumer import Consumer, Host, beside, let_consume, variables
from fanout.constructs.function import task_function


class FunctionConsumer(Consumer):
    KIND = "Lambda"

    def __init__(
        self,
        scope: Construct,
        host: Host,
        *,
        timeout: int,
        memory_mib: int,
        messages_at_once: int,
        batch_size: int,
        window: int,
        max_concurrency: int,
    ) -> None:
        """`timeout` and `window` in seconds."""
        super().__init__(host)
        self._scope, self.memory_mib = scope, memory_mib
        self._batch_size, self._window, self._max_concurrency = batch_size, window, max_concurrency
        made = task_function(
            scope,
            task=host.task,
            description=f"Runs {host.task} for each event",
            settings=host.settings,
            timeout=seconds(timeout),
            memory_mib=memory_mib,
            variables=variables(host, messages_at_once=messages_at_once),
            beside=beside(host),
        )
        self._function, self.role, self.log_group = made.function, made.role, made.log_group
        let_consume(host, self.role)

    @property
    def function(self) -> lambda_.Function:
        return self._function

    @property
    def mapping(self) -> lambda_.EventSourceMapping:
        return self._mapping

    @property
    def feeds(self) -> Sequence[Construct]:
        return (self._mapping,)

    def set_variable(self, name: str, value: str) -> None:
        self._function.add_environment(name, value)

    def start(self, circuit_breaker: CircuitBreaker | None) -> None:
        self._mapping = lambda_.EventSourceMapping(
            self._scope,
            "Mapping",
            target=self._function,
            event_source_arn=fact(self._host.queue, "queue_arn"),
            batch_size=self._batch_size,
            max_batching_window=seconds(self._window) if self._window else None,
            max_concurrency=self._max_concurrency,
            report_batch_item_failures=True,
        )
        if circuit_breaker:
            protect(
                self._scope,
                circuit_breaker,
                function=self._function,
                role=self.role,
                mapping=self._mapping,
                settings=self._host.settings,
            )
