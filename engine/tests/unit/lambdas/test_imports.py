"""What a cold start loads: each handler imports what is written here and nothing else, and makes its clients then."""

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from fanout import runtime
from tests.places import APP, ENGINE
from tests.unit.lambdas.conftest import VARIABLES

LAMBDAS = APP / "lambdas"

SDK = {"botocore.config", "botocore.session", "contextlib", "functools", "typing"}
LOG = {"contextvars", "datetime", "itertools", "json", "logging", "os", "re", "sys", "threading", "traceback"}
BATCH = {
    "base64", "collections", "collections.abc", "hashlib", "importlib", "inspect",
    "math", "queue", "random", "time", "types", "warnings",
}  # fmt: skip
IMPORTED = {
    "archive_order": SDK | LOG | BATCH | {"boto3", "botocore.exceptions"},
    "fanout.runtime.close_circuits": SDK | LOG | {"time"},
    "notify_partner": SDK | LOG | BATCH | {"hmac", "ssl", "urllib3", "urllib3.exceptions"},
    "send_receipt": SDK | LOG | BATCH | {"unicodedata"},
}
"""By task: the modules that it and `fanout.runtime` ask for. What those load in turn is Python's and the SDK's own affair."""

CLIENTS = {
    "archive_order": ["dynamodb", "s3"],
    "fanout.runtime.close_circuits": ["lambda"],
    "notify_partner": ["dynamodb", "secretsmanager"],
    "send_receipt": ["dynamodb", "sesv2"],
}
"""By task: the clients that are made in the init phase. Those for what goes wrong (sqs, lambda) wait until it does."""

PROGRAM = """
import builtins, importlib, json, sys
from unittest.mock import MagicMock

boto3, botocore, asked, real = MagicMock(), MagicMock(), set(), builtins.__import__
exceptions = MagicMock(ClientError=Exception, HTTPError=Exception)
sys.modules.update({"boto3": boto3, "urllib3": MagicMock(), "urllib3.exceptions": exceptions})
sys.modules.update({"botocore": MagicMock(), "botocore.config": MagicMock(), "botocore.exceptions": exceptions})
sys.modules["botocore.session"] = botocore


def noted(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__", "").partition(".")[0]
    if importer in OURS and not level and name.partition(".")[0] not in OURS:
        asked.add(name)
    return real(name, globals, locals, fromlist, level)


builtins.__import__ = noted
importlib.import_module(TASK if "." in TASK else TASK + ".handler")
makers = botocore.get_session().create_client, boto3.Session().client
made = [call.args[0] for maker in makers for call in maker.call_args_list]
print(json.dumps({"asked": sorted(asked), "made": sorted(made)}))
"""


@cache
def imported(task: str) -> dict[str, Any]:
    """By a process of its own, in which the SDK is a dummy."""
    table = {"FANOUT_COMPLETED_TABLE": "completed"} if "dynamodb" in CLIENTS[task] else {}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{LAMBDAS}:{ENGINE / 'src'}", **VARIABLES, **table}
    code = f"TASK, OURS = {task!r}, ('events', 'fanout', {task!r})\n{PROGRAM}"
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_every_handler_has_its_list() -> None:
    tasks = {path.parent.name for path in LAMBDAS.glob("*/handler.py")}
    assert tasks | {"fanout.runtime.close_circuits"} == set(IMPORTED) == set(CLIENTS)


@pytest.mark.parametrize("task", IMPORTED)
def test_a_handler_imports_what_is_written_and_nothing_else(task: str) -> None:
    assert set(imported(task)["asked"]) == IMPORTED[task]


@pytest.mark.parametrize("task", CLIENTS)
def test_a_client_that_every_message_needs_is_made_in_the_init_phase(task: str) -> None:
    assert imported(task)["made"] == CLIENTS[task]


@pytest.mark.parametrize("name", runtime.__all__)
def test_what_a_task_imports_is_no_module_of_the_same_name(name: str) -> None:
    """Importing a module sets it as its package's attribute, so `from fanout.runtime import emit` would bring fanout/runtime/emit.py."""
    program = f"from fanout.runtime import {name}\nassert type({name}) is not type(__builtins__), {name}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=APP, env=os.environ | VARIABLES, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
