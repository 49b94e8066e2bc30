"""What a git repository holds at a revision, asked of git itself."""

import subprocess
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
    """The text of each file below `folder`, by its path from there."""
    root = f"{folder.as_posix()}/"
    listed = git("ls-tree", "-r", "-z", "--name-only", commit, "--", root) or ""
    names = [each for each in listed.split("\0") if each]
    return {each.removeprefix(root): git("show", f"{commit}:./{each}") or "" for each in names}


def git(*arguments: str) -> str | None:
    """What git says; None when it refuses."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
        )
    except FileNotFoundError:
        raise Unusable("git is not installed: give files or folders to compare") from None
    return done.stdout if done.returncode == 0 else None
