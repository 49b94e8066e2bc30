"""Whether each handler can be imported as Lambda would: what fails there before any event is seen is told here."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fanout
from fanout import names
from fanout.local.emulator.connection import Connection
from fanout.local.errors import LocalError
from fanout.local.handlers import importer
from fanout.ops.aws.stack import Stack
from fanout.packaging.dependencies import dependencies_of
from fanout.packaging.targets import local_target
from fanout.project import find_root

NOWHERE = {
    "AWS_ENDPOINT_URL": "https://127.0.0.1:9",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_MAX_ATTEMPTS": "1",
}
"""For a handler that is imported without any AWS."""
PATIENCE = 30.0
"""Seconds for one import: three times what Lambda gives it, as this machine may be slower."""


@dataclass(frozen=True)
class Handler:
    """`variables` are those of the deployed function, or of the template."""

    task: str
    handler: str
    variables: Mapping[str, str]
    layers: int = 0


@dataclass(frozen=True)
class Failure:
    task: str
    error: str
    place: str
    traceback: str

    def __str__(self) -> str:
        root = f"{find_root()}/"
        where = f"{self.place.removeprefix(root)}: " if self.place else ""
        return f"{self.task} cannot start: {where}{self.error}"


class Importer:
    """A process that imports one handler after the other, each in a fork of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def failures(self, handlers: Sequence[Handler]) -> list[Failure]:
        return [found for each in handlers if (found := self.failure(each))]

    def failure(self, handler: Handler) -> Failure | None:
        module, _, attribute = handler.handler.rpartition(".")
        root = find_root()
        packages = dependencies_of(root, handler.task, local_target())
        paths = [str(root / "lambdas"), *([str(packages / "python")] if packages else [])]
        request = {
            "module": module,
            "attribute": attribute,
            "paths": paths,
            "variables": dict(handler.variables),
            "patience": PATIENCE,
        }
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise LocalError("the process that imports handlers ended: start again") from error
        missing = answer["error"].startswith((importer.STRANGER, "ModuleNotFoundError"))
        if missing and handler.layers > bool(packages):  # it may be in a layer of the user's own
            return None
        return Failure(handler.task, **answer) if answer["error"] else None


@contextmanager
def importing() -> Iterator[Importer]:
    """It loads the SDK while its user does something else. Nothing is on its path because this shell's PYTHONPATH names it."""
    engine = str(Path(next(iter(fanout.__path__))).parent)
    command = [sys.executable, "-E", "-P", importer.__file__, engine]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield Importer(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with the child that it has forked, which would write to nobody


def deployed_handlers(stack: Stack, connection: Connection) -> list[Handler]:
    """Of the tasks that have a function; a worker imports its handler when it is started."""
    return [handler_of(stack, each.task, connection) for each in stack.subscribers if each.function_name]


def handler_of(stack: Stack, task: str, connection: Connection) -> Handler:
    configuration = stack.subscriber(task).function
    variables = configuration.get("Environment", {}).get("Variables", {})
    # As the embedded AWS starts it: with the one authority that its servers are trusted by.
    named = {
        "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
        "SSL_CERT_FILE": str(connection.authority),
    }
    return Handler(
        task,
        configuration["Handler"],
        {**connection.variables, **named, **variables},
        len(configuration.get("Layers", [])),
    )


def with_rights_of_its_role(stack: Stack, task: str, connection: Connection) -> Handler:
    """With credentials of its function's role, as on AWS: what the role may not do is refused here too."""
    handler, role = handler_of(stack, task, connection), stack.subscriber(task).function["Role"]
    sts = connection.session.client("sts")
    held = sts.assume_role(RoleArn=role, RoleSessionName="fanout-run")["Credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": held["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": held["SecretAccessKey"],
        "AWS_SESSION_TOKEN": held["SessionToken"],
    }
    return replace(handler, variables={**handler.variables, **keys})


def synthesized_handlers(template: Path) -> list[Handler]:
    """Of a template; what is known only once it is deployed is a word in its place."""
    try:
        resources: dict[str, Any] = json.loads(template.read_text("utf-8"))["Resources"]
    except (OSError, ValueError, KeyError) as error:
        raise LocalError(f"{template} is no template: run `make synth` first") from error
    functions = (each["Properties"] for each in resources.values() if each["Type"] == "AWS::Lambda::Function")
    return sorted((found for each in functions if (found := _synthesized(each))), key=lambda handler: handler.task)


def _synthesized(properties: dict[str, Any]) -> Handler | None:
    variables = properties.get("Environment", {}).get("Variables", {})
    task = variables.get(names.TASK)
    if not isinstance(task, str) or not properties["Handler"].startswith(f"{task}."):
        return None
    known = {name: value if isinstance(value, str) else "known-when-deployed" for name, value in variables.items()}
    return Handler(task, properties["Handler"], {**NOWHERE, **known}, len(properties.get("Layers", [])))
