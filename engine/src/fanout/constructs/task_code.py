"""The files a function runs: its task's folder beside `shared/`, and the layer of pinned dependencies under both."""

import hashlib
import shutil
import tempfile
from functools import cache
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

import fanout
from fanout.constructs.cdk_cache import once
from fanout.constructs.errors import ConfigurationError
from fanout.project import find_root

LAMBDAS = find_root() / "lambdas"
LAYER = LAMBDAS / ".layer"
ENGINE = Path(fanout.__file__).parent
_IGNORED = shutil.ignore_patterns("__pycache__")
RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64


def task_code(task: str | None) -> lambda_.Code:
    """The zip of one task: the runtime and the task's folder, so that editing a task redeploys one function."""
    return lambda_.Code.from_asset(str(_staged(task)))


@cache
def _staged(task: str | None) -> Path:
    """A folder as the zip will have it; gone when this program ends."""
    folder = Path(_temporary().name) / (task or "runtime")
    package = folder / "fanout"
    package.mkdir(parents=True)
    for name in ("__init__.py", "names.py"):
        shutil.copyfile(ENGINE / name, package / name)
    shutil.copytree(ENGINE / "runtime", package / "runtime", ignore=_IGNORED)
    if task:
        shutil.copytree(LAMBDAS / task, folder / task, ignore=_IGNORED)
    return folder


@cache
def _temporary() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="fanout-")


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
