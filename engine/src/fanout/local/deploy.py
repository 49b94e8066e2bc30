"""Deploying with the real CDK CLI, as to AWS; only the address differs."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from fanout.local.console import Say
from fanout.local.emulator.connection import ACCOUNT, REGION, Connection, without_real_aws
from fanout.local.emulator.state import State
from fanout.local.errors import LocalError
from fanout.local.interrupts import postponed
from fanout.project import find_cdk, find_root, stack_name

ENTRY = "local"
"""The settings entry that is deployed here."""
APP = f"python app.py {ENTRY}"
"""Makes no other environment's stack."""
DEADLINE = 300.0
ASSETS_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"

_RESOURCE = re.compile(r"\|\s*(\d+)(?:/(\d+))? \|.*\| \w+_(?:COMPLETE|IN_PROGRESS)\s+\| (AWS::\S+)")
_REASON = re.compile(r"(error: .*|(?:❌|\[[-0-9:. ]+\] ❌).*|\w+(?:Error|Exception): .*)")


def prepare(connection: Connection) -> None:
    """What an account has before the first deployment, and this one has not after each start.

    Of `cdk bootstrap` the stack needs the assets bucket alone, as it deploys with the CLI's own credentials: making it
    takes milliseconds, a real bootstrap four seconds more.
    """
    s3 = connection.session.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ASSETS_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def deploy(connection: Connection, state: State, say: Say, app: str = APP) -> None:
    """Creates the stack, or changes in place what differs from the last time. `say` hears how far it is."""
    cdk_cli = find_cdk()
    if not cdk_cli.exists():
        raise LocalError(f"{cdk_cli} does not exist: `make install` first")
    log = state.log("deploy")
    command = [
        str(cdk_cli),
        "deploy",
        stack_name(ENTRY),
        "--require-approval",
        "never",
        "--method",
        "direct",
        "--progress",
        "events",
    ]
    command += ["--app", app, "--ci", "--output", str(state.assembly)]
    say("synthesizing the stack")
    with log.open("w") as file, _running(command, environment(connection)) as cdk:
        assert cdk.stdout is not None
        for line in cdk.stdout:
            file.write(line)
            if progress := _progress(line):
                say(progress)
    if cdk.returncode:
        raise LocalError(f"cdk deploy failed: {_reason(log)}; all it said is in {log}")


def environment(connection: Connection) -> dict[str, str]:
    """For the CDK CLI: this machine's environment without its AWS settings, and the embedded AWS in their place."""
    inherited = without_real_aws(os.environ)
    path = os.pathsep.join([str(Path(sys.executable).parent), inherited.pop("PATH", os.defpath)])
    for name in ("PYTHONDONTWRITEBYTECODE", "FORCE_COLOR"):
        inherited.pop(name, None)
    # Without colours in its log, and without rules of a plugin that every synth would ask a registry for.
    return {"CDK_VALIDATION": "false", **inherited, **connection.variables, "PATH": path, "NO_COLOR": "1"}


@contextmanager
def _running(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """In a group of its own, which is gone when the block ends, in whatever way it ends."""
    process: subprocess.Popen[str] | None = None
    try:
        with postponed():
            process = subprocess.Popen(
                command,
                cwd=find_root(),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        watch = threading.Timer(DEADLINE, _end, [process])
        watch.daemon = True
        watch.start()
        try:
            yield process
            process.wait()
        finally:
            watch.cancel()
    finally:
        if process is not None:
            _end(process)
            if process.stdout:
                process.stdout.close()


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _progress(line: str) -> str:
    if found := _RESOURCE.search(line):
        return f"resource {found[1]}{f' of {found[2]}' if found[2] else ''}: {found[3]}"
    for mark, meaning in {"Synthesis time": "comparing and uploading the code", "deploying": "deploying"}.items():
        if mark in line:
            return meaning
    return ""


def _reason(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    told = next((found[1] for line in lines if (found := _REASON.search(line))), None)
    return (told or (lines[-1] if lines else "it said nothing"))[:500]
