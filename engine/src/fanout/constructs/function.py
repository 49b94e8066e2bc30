"""The function of one task, with a role that may write to its own log group, trace where settings say so, and nothing more."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from fanout.constructs.cdk_cache import LAMBDA
from fanout.constructs.settings import Settings
from fanout.packaging.dependencies import dependencies_of
from fanout.packaging.targets import aws_target, local_target
from fanout.packaging.zip_contents import zip_contents
from fanout.project import find_root

RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64


@dataclass(frozen=True)
class TaskFunction:
    """A function with what was made for it."""

    function: lambda_.Function
    role: iam.Role
    log_group: logs.LogGroup


def task_function(
    scope: Construct,
    *,
    task: str | None,
    description: str,
    settings: Settings,
    timeout: Duration,
    memory_mib: int,
    variables: Mapping[str, str],
    handler: str | None = None,
    beside: tuple[str, ...] = (),
    concurrency: int | None = None,
    code: Path | None = None,
) -> TaskFunction:
    """`task` is a folder of the app; None: the engine alone, or the folder `code`, and `handler` is one of its own.
    `beside`: files of the runtime that few tasks need. `concurrency` is reserved for it.

    Makes Function, Role, LogGroup and, for a task with a requirements.txt, Dependencies in `scope`. The role has no
    managed policy: those allow every log group."""
    log_group = logs.LogGroup(
        scope, "LogGroup", retention=settings.log_retention, removal_policy=settings.removal_policy
    )
    role = iam.Role(scope, "Role", assumed_by=LAMBDA)
    log_group.grant_write(role)
    layer = _layer(scope, task, settings) if task else None
    traced = settings.tracing == "active"
    function = lambda_.Function(
        scope,
        "Function",
        description=description,
        code=lambda_.Code.from_asset(str(code or zip_contents(find_root(), task, beside=beside))),
        handler=handler or f"{task}.handler.handle",
        layers=[layer] if layer else None,
        runtime=RUNTIME,
        architecture=ARCHITECTURE,
        timeout=timeout,
        memory_size=memory_mib,
        tracing=lambda_.Tracing.ACTIVE if traced else None,
        logging_format=lambda_.LoggingFormat.JSON,
        application_log_level_v2=lambda_.ApplicationLogLevel[settings.log_level],
        log_group=log_group,
        role=role,
        environment=dict(variables),
        reserved_concurrent_executions=concurrency,
    )
    if not traced:
        _pass_through(function)
    return TaskFunction(function, role, log_group)


def _pass_through(function: lambda_.Function) -> None:
    """Said, so that an update ends what was active; and by L1, as the CDK's own PASS_THROUGH lets the role write to X-Ray."""
    resource = function.node.default_child
    if isinstance(resource, lambda_.CfnFunction):
        resource.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="PassThrough")


def _layer(scope: Construct, task: str, settings: Settings) -> lambda_.LayerVersion | None:
    """What the task's requirements.txt asks for, as `fanout install` made it."""
    target = local_target() if settings.dependencies == "this-machine" else aws_target()
    folder = dependencies_of(find_root(), task, target)
    if folder is None:
        return None
    return lambda_.LayerVersion(
        scope,
        "Dependencies",
        # What Python leaves there when the embedded AWS imports it is no part of it.
        code=lambda_.Code.from_asset(str(folder), exclude=["**/__pycache__"]),
        compatible_runtimes=[RUNTIME],
        compatible_architectures=[ARCHITECTURE],
        description=f"lambdas/{task}/requirements.txt",
    )
