"""Templates to compare, by path or by git revision."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fanout.errors import Unusable
from fanout.template.load import load, parse
from fanout.template.template import Template


def read(source: str, snapshots: Path) -> dict[str, Template]:
    """Templates by stack name: of a file, of a folder, or of the snapshots that a git revision holds."""
    path = Path(source)
    if path.exists():
        return {each.name: each for each in load(path)}
    return _of_revision(source, snapshots)


def _of_revision(revision: str, snapshots: Path) -> dict[str, Template]:
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise Unusable(f"{revision}: neither a file or folder, nor a git revision of this repository")
    listed = _git("ls-tree", "--name-only", commit.strip(), "--", f"{snapshots.as_posix()}/") or ""
    found = {}
    for file in listed.splitlines():
        if file.endswith(".json"):
            where = f"{revision}:{file}"
            body = parse(_git("show", f"{commit.strip()}:./{file}") or "", where)
            found[Path(file).stem] = Template(body, name=Path(file).stem)
    if not found:
        raise Unusable(f"{revision}: no templates in {snapshots} there: give --snapshots FOLDER, or compare folders")
    return found


def _git(*arguments: str) -> str | None:
    """What git says; None when it refuses."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        raise Unusable("git is not installed: give files or folders to compare") from None
    return done.stdout if done.returncode == 0 else None
