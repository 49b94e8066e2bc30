"""What the tests of starting and stopping look at: ports, processes, and the commands themselves."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from fanout.local.emulator.ports import HOST, port_of
from fanout.project import find_root


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as stranger:
        stranger.bind((HOST, 0))
        stranger.listen()
        yield port_of(stranger)


@contextmanager
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def local(arguments: Sequence[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "fanout.cli.main", "local", *arguments]
    return subprocess.run(
        command, cwd=find_root(), env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def members(group: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, its_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(folder.name))
    return found


def listening(pids: Sequence[int]) -> set[str]:
    """Addresses, in the kernel's hexadecimal, that these processes accept connections on."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            inodes.add(os.readlink(descriptor).removeprefix("socket:[").rstrip("]"))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (table.startswith("udp") or fields[3] == "0A"):
                found.add(fields[1].partition(":")[0])
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc, which only Linux has")
