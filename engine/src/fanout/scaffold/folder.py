"""Writes files all together or not at all: beside their place first, then moved there."""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fanout.errors import Unusable

_MAY_BE_THERE = frozenset({".git", ".venv"})
"""What a person makes in an empty folder before anything is in it."""


def check_new(folder: Path) -> None:
    """Raises Unusable unless a repository can be written into `folder`: it is empty, or not there."""
    if folder.is_symlink() and not folder.exists():
        raise Unusable(f"{folder} is a link to nothing: give a folder")
    if folder.exists() and not folder.is_dir():
        raise Unusable(f"{folder} is a file: give a folder that is empty, or not there yet")
    if not folder.exists() and not folder.absolute().parent.is_dir():
        raise Unusable(f"{folder.absolute().parent} is not there: make it first, or give another folder")
    try:
        found = sorted(path.name for path in folder.iterdir() if path.name not in _MAY_BE_THERE)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(folder, error) from None
    if found:
        raise Unusable(f"{folder} is not empty, it has {found[0]}: give a folder that is empty, or not there yet")


def write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    """Makes `folder` with these files, by their paths in it; when one can not be written, nothing is."""
    check_new(folder)
    folder = folder.absolute()
    _write(folder, files, into=folder if folder.exists() else folder.parent)


def write_files(root: Path, files: Mapping[str, bytes], *, replace: Mapping[str, bytes]) -> None:
    """Adds `files` to a repository and then replaces others; when one can not be written, all is as it was."""
    for name in files:
        if (root / name).exists():
            raise Unusable(f"{name} exists: give another name, or remove it first")
    kept = {name: (root / name).read_bytes() for name in replace}
    made = [folder for name in files if (folder := _highest_new(root, name))]
    try:
        for name, content in {**files, **replace}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            _swap(root / name, content)
    except OSError as error:
        _restore(root, files, kept, made)
        raise _unwritable(root, error) from None


def _write(folder: Path, files: Mapping[str, bytes], *, into: Path) -> None:
    moved: list[Path] = []
    try:
        with tempfile.TemporaryDirectory(prefix=".fanout-init-", dir=into, ignore_cleanup_errors=True) as temporary:
            whole = Path(temporary) / "whole"
            for name, content in files.items():
                path = whole / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if not folder.exists():
                whole.rename(folder)
                return
            for path in sorted(whole.iterdir()):
                moved.append(path.rename(folder / path.name))
    except OSError as error:
        for path in moved:
            _remove(path)
        raise _unwritable(folder, error) from None


def _highest_new(root: Path, name: str) -> Path | None:
    """The highest folder of a file's path that is not there yet."""
    missing = [folder for folder in (root / name).parents if folder != root and not folder.exists()]
    return missing[-1] if missing else None


def _swap(path: Path, content: bytes) -> None:
    """Readers see the old content or the new, never a part; a new path keeps the usual mode."""
    mode = path.stat().st_mode if path.exists() else None
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        if mode is not None:
            beside.chmod(mode)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _restore(root: Path, files: Mapping[str, bytes], kept: Mapping[str, bytes], made: list[Path]) -> None:
    for name, content in kept.items():
        if (root / name).read_bytes() != content:
            _swap(root / name, content)
    for name in files:
        with suppress(OSError):
            (root / name).unlink(missing_ok=True)
    for folder in made:
        _remove(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _unwritable(folder: Path, error: OSError) -> Unusable:
    reason = error.strerror or type(error).__name__
    return Unusable(f"can not write {error.filename or folder}: {reason.lower()}; nothing was written")
