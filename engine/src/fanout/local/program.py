"""Runs the CDK, and the app's own program, as to AWS: only the address differs."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from fanout import names
from fanout.local.emulator.connection import ACCOUNT, Connection, without_real_aws
from fanout.ops.interrupt import postponed
from fanout.project import find_root

DEADLINE = 300.0


def environment(connection: Connection) -> dict[str, str]:
    """For the CDK CLI and the app: this machine's environment without its AWS settings, and the embedded AWS in their place.

    The same in a shell that has read what `up` wrote for it, or else its next `up` would find everything changed.
    """
    inherited = without_real_aws(os.environ)
    places = [str(Path(sys.executable).parent), *inherited.pop("PATH", os.defpath).split(os.pathsep)]
    path = os.pathsep.join(dict.fromkeys(places))
    for name in ("PYTHONDONTWRITEBYTECODE", "FORCE_COLOR", names.STACK):
        inherited.pop(name, None)
    if f":{ACCOUNT}:" in inherited.get("TOPIC_ARN", ""):
        del inherited["TOPIC_ARN"]
    # Without colours in its log, and without rules of a plugin that every synth would ask a registry for.
    return {"CDK_VALIDATION": "false", **inherited, **connection.variables, "PATH": path, "NO_COLOR": "1"}


@contextmanager
def running(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
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
        watch = threading.Timer(DEADLINE, end, [process])
        watch.daemon = True
        watch.start()
        try:
            yield process
            process.wait()
        finally:
            watch.cancel()
    finally:
        if process is not None:
            end(process)
            if process.stdout:
                process.stdout.close()


def end(process: subprocess.Popen[str]) -> None:
    """With its group; one that has ended already is left alone."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
