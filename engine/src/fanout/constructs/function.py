"""The function of one task, with a role that may write to its own log group and trace, and nothing more."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from fanout.constructs.cdk_cache import LAMBDA
from fanout.constructs.settings import Settings
from fanout.constructs.task_code import ARCHITECTURE, RUNTIME, dependencies, task_code

CLOSE_CIRCUITS = "fanout.runtime.close_circuits.handle"


def task_function(
    scope: Construct,
    *,
    task: str | None,
    description: str,
    settings: Settings,
    timeout: Duration,
    memory_mib: int,
    variables: Mapping[str, str],
) -> lambda_.Function:
    """`task` is a folder of the app; None is the engine's own closer of circuits.

    Makes Function, Role and LogGroup in `scope`. The role has no managed policy: those allow every log group."""
    log_group = logs.LogGroup(
        scope, "LogGroup", retention=settings.log_retention, removal_policy=settings.removal_policy
    )
    role = iam.Role(scope, "Role", assumed_by=LAMBDA)
    log_group.grant_write(role)
    return lambda_.Function(
        scope,
        "Function",
        description=description,
        code=task_code(task),
        handler=f"{task}.handler.handle" if task else CLOSE_CIRCUITS,
        layers=[dependencies(scope)],
        runtime=RUNTIME,
        architecture=ARCHITECTURE,
        timeout=timeout,
        memory_size=memory_mib,
        tracing=lambda_.Tracing.ACTIVE,
        logging_format=lambda_.LoggingFormat.JSON,
        application_log_level_v2=lambda_.ApplicationLogLevel[settings.log_level],
        log_group=log_group,
        role=role,
        environment=dict(variables),
    )
