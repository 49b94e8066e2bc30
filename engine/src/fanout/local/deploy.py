"""Deploying with the real CDK CLI, as to AWS; only the address differs."""

import re
from contextlib import suppress
from pathlib import Path

from fanout.local.console import Say
from fanout.local.emulator.connection import ACCOUNT, REGION, Connection
from fanout.local.emulator.state import State
from fanout.local.errors import LocalError
from fanout.local.program import environment, running
from fanout.project import find_cdk

ENTRY = "local"
"""The settings entry that is deployed here."""
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


def deploy(connection: Connection, state: State, say: Say, app: str) -> None:
    """Creates the stack, or changes in place what differs from the last time. `say` hears how far it is.

    `app` is a synthesized assembly, or the command that makes one.
    """
    cdk_cli = find_cdk()
    if not cdk_cli.exists():
        raise LocalError(f"{cdk_cli} does not exist: `make install` first")
    log = state.log("deploy")
    command = [
        str(cdk_cli),
        "deploy",
        "--all",
        "--require-approval",
        "never",
        "--method",
        "direct",
        "--progress",
        "events",
    ]
    command += ["--app", app, "--ci", "--output", str(state.assembly)]
    told = environment(connection)
    if Path(app).is_dir():  # of what else Node would run, the paths differ each time
        told["NODE_COMPILE_CACHE"] = str(state.folder / "node")
    with log.open("w") as file, running(command, told) as cdk:
        assert cdk.stdout is not None
        for line in cdk.stdout:
            file.write(line)
            if progress := _progress(line):
                say(progress)
    if cdk.returncode:
        raise LocalError(f"cdk deploy failed: {reason(log)}; all it said is in {log}")


def _progress(line: str) -> str:
    if found := _RESOURCE.search(line):
        return f"resource {found[1]}{f' of {found[2]}' if found[2] else ''}: {found[3]}"
    for mark, meaning in {"Synthesis time": "comparing and uploading the code", "deploying": "deploying"}.items():
        if mark in line:
            return meaning
    return ""


def reason(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    told = next((found[1] for line in lines if (found := _REASON.search(line))), None)
    return (told or (lines[-1] if lines else "it said nothing"))[:500]
