"""The files a function runs: its task's folder beside `shared/`, and the layer of pinned dependencies under both."""

import hashlib
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.errors import ConfigurationError
from stacks.once import once

LAMBDAS = Path(__file__).parent.parent / "lambdas"
LAYER = LAMBDAS / ".layer"
RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64


def task_code(task: str) -> lambda_.Code:
    """The zip of one task: `shared/` and the task's folder, so that editing a task redeploys one function."""
    keep = ("shared", task)
    patterns = [pattern for folder in keep for pattern in (f"!{folder}", f"!{folder}/**")]
    return lambda_.Code.from_asset(str(LAMBDAS), exclude=["*", *patterns, "**/__pycache__"])


def check_task(task: str) -> None:
    """Raises ConfigurationError unless `lambdas/<task>/handler.py` exists."""
    if not (LAMBDAS / task).is_dir():
        raise ConfigurationError(f"task {task!r} has no folder: expected lambdas/{task}/handler.py")
    if not (LAMBDAS / task / "handler.py").is_file():
        raise ConfigurationError(f"task {task!r} has no handler: expected lambdas/{task}/handler.py")


def dependencies(scope: Construct) -> lambda_.LayerVersion:
    """The stack's one layer, made from what `make install` put into lambdas/.layer."""
    return once(scope, "Dependencies", _layer)


def _layer(stack: Stack) -> lambda_.LayerVersion:
    _check_layer()
    return lambda_.LayerVersion(
        stack,
        "Dependencies",
        code=lambda_.Code.from_asset(str(LAYER), exclude=["*", "!python", "!python/**", "**/__pycache__"]),
        compatible_runtimes=[RUNTIME],
        compatible_architectures=[ARCHITECTURE],
        description="lambdas/requirements.txt",
    )


def _check_layer() -> None:
    """The layer must be the one `lambdas/requirements.txt` asks for: its stamp holds that file's SHA-256."""
    stamp = LAYER / "requirements.sha256"
    wanted = hashlib.sha256((LAMBDAS / "requirements.txt").read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text().strip() != wanted:
        raise ConfigurationError("lambdas/.layer is not what lambdas/requirements.txt pins: run `make install`")
