"""Cold start: what the import of a task's handler takes of the processor, in a process of its own, 15 rounds in turn.

The process is `python -S`, so that nothing is free because our own `.venv` had loaded it, with the function's folder,
the layer and the SDK on its path, bytecode for all of it, and the modules that Lambda's runtime has loaded before it
imports a handler (https://github.com/aws/aws-lambda-python-runtime-interface-client, bootstrap.py). An import waits for
nothing but the disk, whose cache is warm, so its time on a quiet machine is the processor's.

First with dummies for the SDK and for urllib3, which the SDK loads anyway, over a handler that imports `json` alone, and
over the same where not even the runtime's modules are loaded; the peer is Powertools' Logger, Metrics and Batch. Then
whole, against a bare handler that makes the same clients by boto3.

And what bytecode saves: the same handler with none, and with the kind that `compileall` writes by default, which is
stale in Lambda, as the CDK's zips say that every file is of 1980.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from benchmarks.harness.measuring import APP, Say, Variant, interleaved, run
from benchmarks.harness.rows import Row, at_most, row
from fanout.packaging.dependencies import dependencies_of
from fanout.packaging.targets import local_target
from fanout.packaging.zip_contents import zip_contents

ROUNDS = 15
CLIENTS = {
    "archive_order": ["s3"],
    "notify_partner": ["dynamodb", "secretsmanager"],
    "send_receipt": ["dynamodb", "sesv2"],
}
"""By task: what it makes in the init phase (tests/unit/lambdas/test_imports.py)."""
BARE = "import json\ndef handle(event, context): ..."
RUNTIME = "import importlib, json, logging, os, sys, time, traceback\n"
POWERTOOLS = """
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
logger, metrics, processor = Logger(service="a"), Metrics(namespace="a", service="a"), BatchProcessor(EventType.SQS)
"""
NO_SDK = """
import sys
class Dummy(type(sys)):
    def __getattr__(self, name): return self
    def __call__(self, *arguments, **more): return self
for name in "boto3 botocore botocore.config botocore.exceptions botocore.session urllib3 urllib3.exceptions".split():
    sys.modules[name] = Dummy(name)
"""
TIMED = """
from time import process_time
began = process_time()
{code}
print((process_time() - began) * 1000)
"""
VARIABLES = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "ARCHIVE_BUCKET": "archive",
    "EMAIL_SENDER": "orders@example.com",
    "WEBHOOK_URL": "https://127.0.0.1:9/hook",
    "WEBHOOK_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook",
    "FANOUT_TASK": "a_task",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def measure(say: Say) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        assets = {kind: _asset(Path(folder) / kind, kind) for kind in ("bytecode", "stale", "none")}
        yield from _before_the_sdk(assets["bytecode"], say)
        yield from _whole(assets["bytecode"], say)
        yield from _bytecode(assets, say)


def _before_the_sdk(asset: Path, say: Say) -> Iterator[Row]:
    imports = {task: f"import {task}.handler" for task in CLIENTS}
    codes = {"bare": BARE, "Powertools": POWERTOOLS, **imports}
    variants = {name: _variant(asset, code, before=RUNTIME + NO_SDK) for name, code in codes.items()}
    strict = {f"{name}, json alone": _variant(asset, codes[name], before=NO_SDK) for name in ("bare", *CLIENTS)}
    times = interleaved({**variants, **strict}, rounds=ROUNDS, say=say)
    peer = times["Powertools"].over(times["bare"])
    for task in CLIENTS:
        over = times[task].over(times["bare"])
        yield row(f"{task} over a bare handler, before its SDK client", over, unit="ms", peer=peer, goal=at_most(30))
    for task in CLIENTS:
        over = times[f"{task}, json alone"].over(times["bare, json alone"])
        yield row(f"{task} over `import json` in an empty process, before its SDK client", over, unit="ms")


def _whole(asset: Path, say: Say) -> Iterator[Row]:
    variants: dict[str, Variant] = {}
    for task, clients in CLIENTS.items():
        make = "; ".join(f"boto3.client({each!r})" for each in clients)
        table = {"FANOUT_COMPLETED_TABLE": "completed"} if "dynamodb" in clients else {}
        variants[f"{task}, bare"] = _variant(asset, f"{BARE}\nimport boto3; {make}", before=RUNTIME)
        variants[task] = _variant(asset, f"import {task}.handler", before=RUNTIME, **table)
    variants["first failure"] = _variant(
        asset, "client('sqs')", before="from fanout.runtime.aws import client; client('s3')"
    )
    times = interleaved(variants, rounds=ROUNDS, say=say)
    for task in CLIENTS:
        peer, goal = times[f"{task}, bare"], at_most(1.1, of="peer")
        yield row(f"{task} whole, against a bare handler", times[task], unit="ms", peer=peer, goal=goal)
    yield row("the SQS client, which the first failure makes", times["first failure"], unit="ms")


def _bytecode(assets: dict[str, Path], say: Say) -> Iterator[Row]:
    """Of urllib3 as well: it comes from the task's layer, also for the SDK."""
    handlers = {
        kind: _variant(asset, "import notify_partner.handler", before=RUNTIME) for kind, asset in assets.items()
    }
    times = interleaved(handlers, rounds=ROUNDS, say=say)
    yield row("notify_partner whole, with bytecode", times["bytecode"], unit="ms", peer=times["none"])
    yield row("notify_partner whole, with stale bytecode", times["stale"], unit="ms", peer=times["none"])


def _asset(folder: Path, kind: str) -> Path:
    """What functions find in Lambda: the tasks' folders, the runtime and what the tasks need."""
    for task in CLIENTS:
        layer = dependencies_of(APP, task, local_target())
        for source in (zip_contents(APP, task), *([layer / "python"] if layer else [])):
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    if kind != "none":
        mode = "unchecked-hash" if kind == "bytecode" else "timestamp"
        run(
            [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", mode, str(folder)], environment=os.environ
        )
    if kind == "stale":
        for path in folder.rglob("*.py"):
            os.utime(path, (315_532_800, 315_532_800))
    return folder


def _variant(asset: Path, code: str, *, before: str = "", **variables: str) -> Variant:
    path = os.pathsep.join([str(asset), str(Path(boto3.__file__).parents[1])])
    environment = {**VARIABLES, **variables, "PATH": os.environ["PATH"], "PYTHONPATH": path}
    command = [sys.executable, "-S", "-c", before + TIMED.format(code=code)]
    return partial(_milliseconds, command, environment)


def _milliseconds(command: list[str], environment: dict[str, str]) -> float:
    return float(run(command, environment=environment))
