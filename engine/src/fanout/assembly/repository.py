"""What stands beside an app in its git repository: a folder of shared code, another app's handlers.

Asked of git, which has hashed it already, so that a large repository costs a few hundredths of a second. What git ignores is not seen.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path


def beside(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Each file of the repository that is not below `root`: mode, hash and name, the same whether or not it is committed.

    Nothing where `root` is in no repository, or is its top. Where git does not answer, something else each time: what is not
    seen is not known to be the same.
    """
    top = next((each for each in root.parents if (each / ".git").exists()), None)
    if top is None or (root / ".git").exists():
        return
    try:
        yield from sorted(_files(top, f":(exclude,top){root.relative_to(top).as_posix()}", environment))
    except (OSError, subprocess.SubprocessError):
        yield os.urandom(16).hex()


def _files(top: Path, pathspec: str, environment: Mapping[str, str]) -> list[str]:
    def git(*arguments: str) -> list[str]:
        told = subprocess.run(
            ["git", *arguments, "-z", "--", ":(top)", pathspec],
            cwd=top,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            check=True,
            timeout=30,
        )
        return [os.fsdecode(each) for each in told.stdout.split(b"\0") if each]

    staged = (each.partition("\t") for each in git("ls-files", "--stage"))
    files = {name: " ".join(told.split()[:2]) for told, _, name in staged}
    edited = git("ls-files", "--modified", "--deleted", "--others", "--exclude-standard")
    files |= {name: _told(top / name) for name in edited}
    return [f"{told} {name}" for name, told in files.items() if told]


def _told(file: Path) -> str:
    """As git says it of a staged file; empty where there is none any more."""
    if file.is_symlink():
        return f"120000 {_hash(os.fsencode(os.readlink(file)))}"
    if not file.is_file():
        return ""
    executable = "100755" if os.access(file, os.X_OK) else "100644"
    return f"{executable} {_hash(file.read_bytes())}"


def _hash(content: bytes) -> str:
    """https://git-scm.com/book/en/v2/Git-Internals-Git-Objects"""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
