"""Who is at a redrive: one program of this machine at a time. The kernel ends a hold with its program, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fanout.errors import OpsError
from fanout.ops.journal import home


@contextmanager
def held(run: str) -> Iterator[None]:
    """Until the end of the block. Raises OpsError where somebody has it."""
    path = _path(run)
    descriptor = _locked(path)
    if descriptor is None:
        raise OpsError(f"the redrive {run} is carried out by another program or page at this moment: look at it there")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is locked: who opened it before sees that it is gone
        os.close(descriptor)


def is_held(run: str) -> bool:
    """Whether somebody is at it, this very process included."""
    try:
        descriptor = os.open(_path(run), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _locked(path: Path) -> int | None:
    """An open and locked file that is still the one of this name; None where another has it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
            os.close(descriptor)
    except OSError as error:
        raise OpsError(f"{path} cannot be used ({error.strerror or error}): nothing was begun") from None


def _path(run: str) -> Path:
    return home() / "held" / run
