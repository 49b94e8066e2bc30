"""Takes an assembly that was kept, or makes it: `cdk.out` with a record of what it was made from."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fanout.assembly.inputs import digest, key

RECORD = ".made-from.json"
"""Of the assembly's folder. It is written last, so an assembly that was left half made has none."""


@dataclass(frozen=True)
class Assembly:
    """`folder` is what the program writes, `environment` is the program's: all of it counts."""

    root: Path
    folder: Path
    program: Sequence[str]
    environment: Mapping[str, str]

    def key(self) -> str:
        return key(self.root, self.program, self.environment, assembly=self.folder)

    def kept(self, now: str | None = None) -> str | None:
        """What its synth said; None unless it was made from what is there now, and is as it was made. `now` is its key."""
        record = read_object(self.folder / RECORD)
        if not record or record.get("key") != (now or self.key()):
            return None
        if record.get("digest") != digest(self.folder, but=RECORD):
            return None
        return str(record.get("said", ""))

    def forget(self) -> None:
        (self.folder / RECORD).unlink(missing_ok=True)

    def keep(self, before: str, said: str) -> bool:
        """`before` is its key before the synth. Not kept: where an input changed meanwhile, or the CDK is to look something up."""
        manifest = read_object(self.folder / "manifest.json")
        if not manifest or manifest.get("missing") or before != self.key():
            return False
        record = {"key": before, "digest": digest(self.folder, but=RECORD), "said": said}
        written = self.folder / f"{RECORD}.{os.getpid()}"
        written.write_text(json.dumps(record), "utf-8")
        os.replace(written, self.folder / RECORD)
        return True

    @contextmanager
    def lock(self) -> Iterator[int]:
        """One at a time per folder: a descriptor, which the program gets too, as it may outlive whoever started it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def read_object(path: Path) -> dict[str, Any]:
    """An object of JSON; empty where there is none that can be read."""
    try:
        read = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
