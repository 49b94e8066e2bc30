"""The folder of one local run: where its processes, ports, certificate and addresses are remembered."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from fanout.local.errors import LocalError

LOCK_PATIENCE = 120.0


@dataclass(frozen=True)
class State:
    """Two folders never disturb each other: two checkouts, a demo beside `make up`, a test beside both."""

    folder: Path

    @property
    def scratch(self) -> Path:
        """The emulator's TMPDIR: the unpacked functions live here. Emptied when it stops."""
        return self.folder / "tmp"

    @property
    def authority(self) -> Path:
        """The certificate authority that signed this run's servers, and the only one its clients trust."""
        return self.folder / "tls" / "authority.pem"

    @property
    def server_certificate(self) -> Path:
        return self.folder / "tls" / "server.pem"

    @property
    def environment(self) -> Path:
        return self.folder / "env"

    @property
    def assembly(self) -> Path:
        return self.folder / "cdk.out"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def pid(self, name: str) -> Path:
        return self.folder / f"{name}.pid"

    def port(self, name: str) -> Path:
        return self.folder / f"{name}.port"

    def create(self) -> None:
        for folder in (self.folder, self.scratch, self.authority.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def lock(self, waiting: Callable[[], None], patience: float = LOCK_PATIENCE) -> Iterator[None]:
        """One `up`, `down` or `demo` at a time per folder. The kernel frees it even when the holder is killed."""
        self.create()
        path = self.folder / "lock"
        with path.open("a") as file:
            if not _locked(file.fileno()):
                waiting()
                end = time.monotonic() + patience
                while not _locked(file.fileno()):
                    if time.monotonic() > end:
                        raise LocalError(
                            f"{path} has been held for {patience:g} s: end the other `make up`, then retry"
                        )
                    time.sleep(0.1)
            yield


def write_private(path: Path, text: str) -> None:
    """Readers see the old file or the new one, never a half; nobody else on this machine sees either."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o600)
    os.replace(file.name, path)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
