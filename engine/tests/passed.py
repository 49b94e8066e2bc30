"""What the engine's tests read but for the rest of the repository, as one key: `python -m tests.passed` prints it.

By content, the engine's files and what says which packages there are; by name and version, what is installed. Where git does not
answer it is another key each time: what is not seen is not known to be the same.
"""

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from fanout.assembly.repository import files_of
from tests.places import REPOSITORY

READ = ("engine", "pyproject.toml", "requirements-dev.txt", "package-lock.json")


def key(repository: Path = REPOSITORY) -> str:
    """64 hexadecimal digits."""
    try:
        files, folders = files_of(repository, [f":(top){each}" for each in READ], os.environ)
    except (OSError, subprocess.SubprocessError):
        files, folders = [], ["git does not answer"]
    unknown = os.urandom(16).hex() if folders else ""
    installed = sorted({f"{each.name} {each.version}" for each in distributions()})
    told = json.dumps([sys.version, sys.prefix, installed, files, unknown])
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()


if __name__ == "__main__":
    print(key())
