"""What a worker on this machine needs of a deployed subscriber: its variables, and its role's credentials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import FUNCTION, WORKER
from fanout.ops.aws.template import template_of


@dataclass(frozen=True)
class Place:
    """`role` None: there is none that can be assumed. `shared_with`: what takes messages too."""

    task: str
    variables: Mapping[str, str]
    role: str | None
    shared_with: str | None


def place_of(stack: Stack, task: str) -> Place:
    """Raises OpsError where a worker of somebody's shell has no business: at what is production, unless it is meant to be here."""
    subscriber = stack.subscriber(task)
    if subscriber.kind not in (FUNCTION, WORKER):
        raise OpsError(f"{subscriber.task} has no queue: there is nothing that a worker could take")
    parameter = stack.outputs.get(subscriber.id + names.WORKER_PARAMETER_OUTPUT)
    service = stack.outputs.get(subscriber.id + names.SERVICE_ARN_OUTPUT)
    role = stack.outputs.get(subscriber.id + names.WORKER_ROLE_ARN_OUTPUT)
    if (parameter is None or service is not None) and _is_production(stack):
        raise OpsError(
            f"{stack.name} is production: {subscriber.task} runs where it was deployed, and not in a shell;"
            " debug it in another environment"
        )
    if parameter is None and subscriber.kind == WORKER:
        return Place(subscriber.task, subscriber.variables, role, "its service on Fargate")
    if parameter is None:
        function = subscriber.function
        variables = function.get("Environment", {}).get("Variables", {})
        return Place(subscriber.task, variables, role, function["FunctionName"])
    return Place(subscriber.task, _variables(stack.aws, parameter), role, service)


def use_role(aws: Aws, role: str, task: str) -> None:
    """Every client that this process makes from now on has the role's credentials, which are renewed as they end."""
    source = aws.session.get_credentials()
    if source is None:
        raise OpsError("no usable AWS credentials: run `aws sso login`, set AWS_PROFILE, or give --profile")
    found: Any = botocore.session.get_session()
    found.set_config_variable("region", aws.region)
    fetcher = AssumeRoleCredentialFetcher(
        found.create_client, source, role, extra_args={"RoleSessionName": f"fanout-work-{task}"[:64]}
    )
    found.get_component("credential_provider").insert_before("env", _Assumed(fetcher))
    boto3.setup_default_session(botocore_session=found)


class _Assumed(CredentialProvider):
    METHOD = CANONICAL_NAME = "fanout-work"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, "assume-role")


def _variables(aws: Aws, parameter: str) -> dict[str, str]:
    found = aws.ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"].get("Value", "")
    try:
        return {str(name): str(value) for name, value in json.loads(found).items()}
    except (ValueError, AttributeError):
        raise OpsError(f"the parameter {parameter} is no JSON object of variables: deploy the stack again") from None


def _is_production(stack: Stack) -> bool:
    """It says so of itself, or is protected."""
    (described,) = stack.aws.cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    said = template_of(stack).get("Metadata", {}).get(names.METADATA, {}).get(names.PRODUCTION_METADATA)
    return bool(said) or bool(described.get("EnableTerminationProtection"))
