"""Deploying with the real CDK CLI, as to AWS; only the address differs."""

import os
import re
import shlex
import subprocess
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from pathlib import Path

from fanout.local.console import Say
from fanout.local.emulator.connection import ACCOUNT, REGION, Connection
from fanout.local.emulator.state import State
from fanout.local.errors import LocalError
from fanout.local.program import end, environment, running
from fanout.project import find_cdk

ENTRY = "local"
"""The settings entry that is deployed here."""
ASSETS_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"

_RESOURCE = re.compile(r"\|\s*(\d+)(?:/(\d+))? \|.*\| \w+_(?:COMPLETE|IN_PROGRESS)\s+\| (AWS::\S+)")
_CAUSE = "‣"
"""Before what the CDK CLI says below the line that something failed."""
_REASON = re.compile(r"(error: .*|(?:❌|\[[-0-9:. ]+\] ❌).*|\w+(?:Error|Exception): .*)")


def prepare(connection: Connection) -> None:
    """What an account has before the first deployment, and this one has not after each start.

    Of `cdk bootstrap` the stack needs the assets bucket alone, as it deploys with the CLI's own credentials: making it
    takes milliseconds, a real bootstrap four seconds more.
    """
    s3 = connection.session.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ASSETS_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


class Early:
    """The CDK CLI, started while the stack is synthesized: what it runs in place of the app waits until the assembly is there.

    It needs half a second before it looks. `end` is called in the end, whatever became of it.
    """

    def __init__(self, connection: Connection, state: State) -> None:
        self._connection, self._state = connection, state
        self._cdk: subprocess.Popen[str] | None = None
        self._left = ExitStack()

    def start(self) -> None:
        """When nothing is left of an assembly before: the CLI locks its folder. It does not outlive this process."""
        self._told.unlink(missing_ok=True)
        told, here = shlex.quote(str(self._told)), f"kill -0 {os.getpid()}"
        waits = f"until [ -e {told} ]; do {here} || exit 1; sleep 0.05; done"
        self._cdk = self._left.enter_context(_cdk(self._connection, self._state, waits))

    def take(self) -> subprocess.Popen[str] | None:
        """Told that the assembly is there; None where none was started, or it was ended."""
        if self._cdk:
            self._told.touch()
        return self._cdk

    def end(self) -> None:
        if self._cdk:
            end(self._cdk)
        self._cdk = None
        self._left.close()
        self._told.unlink(missing_ok=True)

    @property
    def _told(self) -> Path:
        return self._state.folder / "assembly.there"


def deploy(connection: Connection, state: State, say: Say, app: str, early: Early | None = None) -> None:
    """Creates the stack, or changes in place what differs from the last time. `say` hears how far it is.

    `app` is a synthesized assembly, or the command that makes one; `early` may have been started for an assembly.
    """
    log = state.log("deploy")
    synthesizes = not Path(app).is_dir()
    if early and synthesizes:
        early.end()
    started = early.take() if early else None
    running_cdk = nullcontext(started) if started else _cdk(connection, state, app, synthesizes=synthesizes)
    with log.open("w") as file, running_cdk as cdk:
        assert cdk.stdout is not None
        for line in cdk.stdout:
            file.write(line)
            if progress := _progress(line):
                say(progress)
        cdk.wait()
    if cdk.returncode:
        raise LocalError(f"cdk deploy failed: {reason(log)}; all it said is in {log}")


def _cdk(
    connection: Connection, state: State, app: str, *, synthesizes: bool = False
) -> AbstractContextManager[subprocess.Popen[str]]:
    cdk_cli = find_cdk()
    if not cdk_cli.exists():
        raise LocalError(f"{cdk_cli} does not exist: `make install` first")
    command = [str(cdk_cli), "deploy", "--all", "--require-approval", "never", "--method", "direct"]
    command += ["--progress", "events", "--app", app, "--ci", "--output", str(state.assembly)]
    told = environment(connection)
    if not synthesizes:  # of what an app runs in Node, the paths differ each time
        told["NODE_COMPILE_CACHE"] = str(state.folder / "node")
    return running(command, told)


def _progress(line: str) -> str:
    if found := _RESOURCE.search(line):
        return f"resource {found[1]}{f' of {found[2]}' if found[2] else ''}: {found[3]}"
    for mark, meaning in {"Synthesis time": "comparing and uploading the code", "deploying": "deploying"}.items():
        if mark in line:
            return meaning
    return ""


def reason(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    causes = [line.removeprefix(_CAUSE).strip() for line in lines if line.startswith(_CAUSE)]
    told = next(iter([*causes, *(found[1] for line in lines if (found := _REASON.search(line)))]), None)
    return (told or (lines[-1] if lines else "it said nothing"))[:500]
