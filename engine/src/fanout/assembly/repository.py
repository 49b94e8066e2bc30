"""What stands beside an app in its git repository: a folder of shared code, another app's handlers.

Asked of git, which has hashed it already, so that a large repository costs a few hundredths of a second. What git ignores is not
seen. A repository in it (a submodule) git does not look into: it is a folder to walk.
"""

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_SUBMODULE = "160000"


def beside(root: Path, environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Each file of the repository that is not below `root`: mode, hash and name, the same whether or not it is committed.
    And the folders of repositories in it.

    Nothing where `root` is in no repository, or is its top. Where git does not answer, something else each time: what is not
    seen is not known to be the same.
    """
    top = next((each for each in root.parents if (each / ".git").exists()), None)
    if top is None or (root / ".git").exists():
        return [], []
    try:
        return files_of(top, (":(top)", f":(exclude,top){root.relative_to(top).as_posix()}"), environment)
    except (OSError, subprocess.SubprocessError):
        return [os.urandom(16).hex()], []


def files_of(top: Path, pathspecs: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """As `beside`, of what these pathspecs mean; raises OSError or SubprocessError where git does not answer.

    Files marked skip-worktree or assume-unchanged git does not compare with what is staged: they are read here.
    """

    def git(*arguments: str) -> list[str]:
        told = subprocess.run(
            ["git", *arguments, "-z", "--", *pathspecs],
            cwd=top,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            check=True,
            timeout=30,
        )
        return [os.fsdecode(each) for each in told.stdout.split(b"\0") if each]

    listed = (each.partition("\t") for each in git("ls-files", "--stage", "-v"))
    staged = {name: told.split() for told, _, name in listed}
    not_compared = [name for name, (tag, *_) in staged.items() if tag == "S" or tag.islower()]
    edited = git("ls-files", "--modified", "--deleted", "--others", "--exclude-standard")
    files = {name: f"{mode} {told}" for name, (_, mode, told, *_) in staged.items() if mode != _SUBMODULE}
    files |= {name: _told(top / name) for name in (*not_compared, *edited)}
    folders = {name for name, (_, mode, *_) in staged.items() if mode == _SUBMODULE}
    folders |= {name.rstrip("/") for name in edited if name.endswith("/")}
    return sorted(f"{told} {name}" for name, told in files.items() if told), sorted(str(top / each) for each in folders)


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
