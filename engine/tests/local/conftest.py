"""One deployment per session: OrderEvents-local, on an embedded AWS of its own that nothing else uses."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest

from fanout.local.emulator.connection import Connection, without_real_aws
from fanout.local.emulator.emulator import Emulator
from fanout.local.evidence import Evidence
from fanout.local.program import environment
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.local.webhook.receiver import Receiver
from fanout.ops.aws.stack import Stack
from tests.places import APP, ENGINE, NODE_MODULES

T = TypeVar("T")


@dataclass
class Deployed:
    """The deployed stack and every way to look at it. Tests share it: count your own event ids, never everything."""

    run: Run
    evidence: Evidence

    @property
    def stack(self) -> Stack:
        return self.evidence.stack

    @property
    def connection(self) -> Connection:
        return self.run.connection

    @property
    def session(self) -> boto3.Session:
        """Of the root user: its clients know the address and its certificate."""
        return self.run.connection.session

    @property
    def emulator(self) -> Emulator:
        return self.run.emulator

    @property
    def receiver(self) -> Receiver:
        """Answers 200 unless told otherwise; each test finds it healed."""
        return self.run.receiver

    def session_with(self, policies: Mapping[str, Mapping[str, Any]], *managed: str) -> boto3.Session:
        """Credentials of a fresh user that holds these inline policies and managed policy ARNs, and nothing else."""
        iam = self.session.client("iam")
        name = f"user-{os.urandom(4).hex()}"
        iam.create_user(UserName=name)
        for policy, document in policies.items():
            iam.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
        for arn in managed:
            iam.attach_user_policy(UserName=name, PolicyArn=arn)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self.connection.session_of(key["AccessKeyId"], key["SecretAccessKey"])

    def logs(self, task: str) -> list[dict[str, Any]]:
        """Every structured line the task's function wrote so far, oldest first."""
        return self.evidence.logs(task)

    def wait_until(self, look: Callable[[], T | None], what: str, deadline: float = 30.0) -> T:
        """The first truthy answer of `look`; an error that says `what` did not happen after `deadline` seconds."""
        return wait_until(look, what=what, deadline=deadline, every=0.1)

    def outcomes(self, task: str, event_id: str) -> list[str]:
        """`done` and `failed` of one event, one for each attempt, oldest first."""
        return [each.outcome for each in self.evidence.attempts(task) if each.event_id == event_id]

    def wait_until_done(self, event_id: str, *tasks: str, deadline: float = 30.0) -> None:
        """At each of `tasks`, or at all."""
        for task in tasks or self.stack.tasks:

            def is_done(task: str = task) -> bool:
                return "done" in self.outcomes(task, event_id)

            self.wait_until(is_done, f"{event_id} to be done by {task}", deadline)

    def wait_until_dead(self, event_id: str, task: str, deadline: float = 30.0) -> None:
        def is_dead() -> bool:
            return any(event_id in letter.get("Body", "") for letter in self.evidence.dead_letters(task))

        self.wait_until(is_dead, f"{event_id} in the dead-letter queue of {task}", deadline)

    def cdk(self, *arguments: str, cwd: Path = APP) -> "subprocess.CompletedProcess[str]":
        """The real CLI, pointed at this embedded AWS."""
        cdk = NODE_MODULES / ".bin" / "cdk"
        return subprocess.run(
            [str(cdk), *arguments],
            cwd=cwd,
            env=environment(self.connection),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="session")
def a_deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    run = Run(tmp_path_factory.mktemp("deployed"), preferred_port=0)
    try:
        with run.state.lock(waiting=lambda: None):
            evidence = run.up()
        yield Deployed(run, evidence)
    finally:
        run.down()


@pytest.fixture
def deployed(a_deployment: Deployed) -> Iterator[Deployed]:
    """Healthy, and without the dead letters of the test before."""
    sqs = a_deployment.session.client("sqs")
    for task in a_deployment.stack.tasks:
        sqs.purge_queue(QueueUrl=a_deployment.stack.subscriber(task).dead_letter_queue_url)
    yield a_deployment
    a_deployment.receiver.heal()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run of its own that nothing was started in yet, without a deployment; gone after the test."""
    made = Run(tmp_path / "state", preferred_port=0)
    made.state.create()
    yield made
    made.down()


@pytest.fixture(scope="session")
def program_environment() -> dict[str, str]:
    """This machine's environment without its own AWS settings, for programs that a test starts."""
    return {**without_real_aws(os.environ), "PYTHONPATH": str(ENGINE)}
