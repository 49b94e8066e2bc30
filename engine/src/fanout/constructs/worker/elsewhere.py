"""A worker that its team runs: the stack has its role and its variables, and where it runs is nobody's business here."""

import json
import re

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fanout import names
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.consumer import Host
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.taken_names import take_name
from fanout.constructs.worker.arguments import Arguments
from fanout.constructs.worker.consumer import WorkerConsumer
from fanout.project import prefix

MOST_CHARACTERS = 4_096
"""Of a parameter: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""
_TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")


class Elsewhere(WorkerConsumer):
    KIND = "a machine of your own"

    def __init__(self, scope: Construct, host: Host, worker: Arguments) -> None:
        super().__init__(host, worker)
        self._scope, self.log_group = scope, None
        self.role = iam.Role(
            scope,
            "Role",
            description=f"The worker of {host.task}: fanout work {host.task}",
            assumed_by=worker.assumed_by or iam.AccountPrincipal(Aws.ACCOUNT_ID),
        )
        self._let_work(self.role)

    def start(self, circuit_breaker: CircuitBreaker | None) -> None:
        self._guard(circuit_breaker)
        self._check_size()
        name = f"/{prefix()}/{self._host.settings.name}/workers/{self._host.task}"
        take_name(self._scope, "SSM parameter", name, "a task has one worker elsewhere: give one of them another task")
        self._parameter = ssm.StringParameter(
            self._scope,
            "Variables",
            parameter_name=name,
            string_value=Stack.of(self._scope).to_json_string(self._variables),
            description=f"What fanout work {self._host.task} is told",
        )
        self._parameter.grant_read(self.role)

    def _check_size(self) -> None:
        """Without what the deployment alone knows, so as it is at least."""
        text = json.dumps(self._variables, separators=(",", ":"), ensure_ascii=False)
        if (size := len(_TOKEN.sub("", text))) > MOST_CHARACTERS:
            raise ConfigurationError(
                f"{self._host.owner_id}: environment is {size} characters with what the engine adds: a worker elsewhere is"
                f" told {MOST_CHARACTERS}: let the task read what is long where it is"
            )

    def outputs(self) -> dict[str, str]:
        return {
            names.WORKER_ROLE_ARN_OUTPUT: self.role.role_arn,
            names.WORKER_PARAMETER_OUTPUT: self._parameter.parameter_name,
        }
