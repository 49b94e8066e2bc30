"""What a git repository holds at a revision, asked of git itself."""

import subprocess
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from fanout.errors import Unusable


def commit_of(revision: str) -> str:
    """Raises Unusable where there is no such revision, no repository, or no git."""
    if git("rev-parse", "--git-dir") is None:
        raise Unusable(f"{revision}: no such file, and this folder is no git repository: give a file or folder")
    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise Unusable(f"{revision}: neither a file or folder, nor a git revision of this repository")
    return commit.strip()


def files_at(commit: str, folder: Path) -> dict[str, str]:
    """The text of each file below `folder`, by its path from there; of a link, where it leads. Git is asked twice, however many there are."""
    root = f"{folder.as_posix()}/"
    listed = (each.partition("\t") for each in (git("ls-tree", "-r", "-z", commit, "--", root) or "").split("\0"))
    blobs = {name.removeprefix(root): about.split()[2] for about, _, name in listed if " blob " in about}
    return dict(zip(blobs, _texts(list(blobs.values())), strict=True))


def _texts(blobs: list[str]) -> Iterator[str]:
    """Of objects by their names; nothing of one that is missing. https://git-scm.com/docs/git-cat-file#_batch_output"""
    asked = "".join(f"{each}\n" for each in blobs)
    said = BytesIO(_run(["cat-file", "--batch"], asked.encode()) or b"")
    for _ in blobs:
        head = said.readline().split()
        text = said.read(int(head[2]) + 1)[:-1] if len(head) == 3 else b""
        yield text.decode("utf-8", "replace")


def git(*arguments: str) -> str | None:
    """What git says; None when it refuses."""
    said = _run(arguments)
    return None if said is None else said.decode("utf-8", "replace")


def _run(arguments: Sequence[str], given: bytes = b"") -> bytes | None:
    try:
        done = subprocess.run(["git", *arguments], input=given, capture_output=True, check=False)
    except FileNotFoundError:
        raise Unusable("git is not installed: give files or folders to compare") from None
    return done.stdout if done.returncode == 0 else None
