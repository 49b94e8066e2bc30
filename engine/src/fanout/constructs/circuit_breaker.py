"""Optional for a subscriber: while its dependency is down, its events wait in the queue with all their attempts."""

from dataclasses import dataclass
from datetime import timedelta

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from fanout import names
from fanout.constructs.cdk_cache import fact, of_stack
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.function import task_function
from fanout.constructs.kinds import check_fields
from fanout.constructs.registry import in_order, late_list
from fanout.constructs.settings import Settings

CLOSER = "close_circuits"
CLOSE_CIRCUITS = "fanout.runtime.close_circuits.handle"
_CLOSES = [
    "lambda:GetEventSourceMapping",
    "lambda:ListTags",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateEventSourceMapping",
]


@dataclass(frozen=True, kw_only=True)
class CircuitBreaker:
    """After `failures` in a row in one container the mapping is switched off, and after `cool_down` on again.

    If the dependency is still down then, it costs the messages that are tried one attempt each (at most
    max_concurrency x batch_size of them), and the circuit opens again.
    """

    failures: int = 20
    cool_down: timedelta = timedelta(minutes=5)

    def validate(self, owner: str) -> None:
        """Raises ConfigurationError in one line that starts with `owner`."""
        check_fields(owner, self, of=CircuitBreaker, within="circuit_breaker.")
        if not 2 <= self.failures <= 1000:
            raise ConfigurationError(f"{owner}: circuit_breaker.failures is {self.failures}: expected 2 to 1000")
        if not timedelta(minutes=1) <= self.cool_down <= timedelta(days=1):
            raise ConfigurationError(
                f"{owner}: circuit_breaker.cool_down is {self.cool_down}: expected one minute to one day"
            )


def protect(
    scope: Construct,
    breaker: CircuitBreaker,
    *,
    function: lambda_.Function,
    role: iam.Role,
    mapping: lambda_.EventSourceMapping,
    settings: Settings,
) -> None:
    """Lets `function` switch its `mapping` off, and has the stack's one closer look after it every minute."""
    from aws_cdk import aws_events as events  # every synth would wait for these two, and few need them
    from aws_cdk import aws_events_targets as targets

    function.add_environment(names.CIRCUIT_FAILURES, str(breaker.failures))
    arn = fact(mapping, "event_source_mapping_arn")
    # Not in the role's default policy: function -> policy -> mapping -> function would be a cycle.
    iam.Policy(
        scope,
        "CircuitPolicy",
        roles=[role],
        statements=[
            iam.PolicyStatement(actions=["lambda:ListEventSourceMappings"], resources=["*"]),
            iam.PolicyStatement(
                actions=["lambda:ListTags", "lambda:TagResource", "lambda:UpdateEventSourceMapping"], resources=[arn]
            ),
        ],
    )
    closer = of_stack(scope, "closer of circuits", lambda stack: _Closer(stack, settings))
    closer.mappings.append(mapping)
    asked = {"mapping": mapping.event_source_mapping_id, "cool_down_seconds": int(breaker.cool_down.total_seconds())}
    events.Rule(
        scope,
        "CircuitRule",
        schedule=events.Schedule.rate(Duration.minutes(1)),
        targets=[
            targets.LambdaFunction(closer.function, event=events.RuleTargetInput.from_object(asked), retry_attempts=0)
        ],
    )


class _Closer:
    """The stack's one function that switches mappings on again; it may do so with those of guarded subscribers alone."""

    def __init__(self, stack: Stack, settings: Settings) -> None:
        self.mappings: list[lambda_.EventSourceMapping] = []
        self.function = task_function(
            Construct(stack, "CloseCircuits"),
            task=None,
            description="Switches mappings on again whose circuit has cooled down",
            settings=settings,
            timeout=Duration.seconds(30),
            memory_mib=256,
            variables={names.TASK: CLOSER},
            handler=CLOSE_CIRCUITS,
        ).function
        self.function.add_to_role_policy(iam.PolicyStatement(actions=_CLOSES, resources=late_list(self._arns)))

    def _arns(self) -> list[str]:
        return [fact(mapping, "event_source_mapping_arn") for mapping in in_order(self.mappings)]
