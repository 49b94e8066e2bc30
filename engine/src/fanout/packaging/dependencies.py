"""Installs a task's third-party code once per content and target, and finds it again at synth without a network.

`<app>/.fanout/dependencies/<target>-<key>/python/` is what a layer holds. The folder appears by a rename, so it is
complete or not there; nobody writes into it afterwards.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from fanout.errors import ConfigurationError
from fanout.packaging.requirements import Requirements, requirements_of
from fanout.packaging.targets import Target
from fanout.packaging.tidy import remove_traces, set_modes
from fanout.packaging.uv_install import install_with_uv

FORMAT = 2
"""Count it up when the same requirements would now become other files: every key changes."""
_MAKING = ".making-"
_ABANDONED_AFTER = 3600


def dependencies_of(app_root: Path, task: str, target: Target, *, cache: Path | None = None) -> Path | None:
    """The folder of a layer (with `python/` in it), or None where the task needs none. Never installs."""
    requirements = requirements_of(app_root, task)
    if requirements is None:
        return None
    folder = _folder(_cache(app_root, cache), requirements, target)
    if not _is_whole(folder):
        raise ConfigurationError(f"{requirements.name} is not installed for {target.name}: run `make install`")
    return folder if any((folder / "python").iterdir()) else None


def install(
    app_root: Path, targets: Iterable[Target], say: Callable[[str], object], *, cache: Path | None = None
) -> None:
    """Makes what `dependencies_of` finds, for every task and target; what is there already is left alone."""
    place = _cache(app_root, cache)
    tasks = sorted(path.parent.name for path in app_root.glob("lambdas/*/requirements.txt"))
    asked = [each for each in (requirements_of(app_root, task) for task in tasks) if each]
    missing = {(_folder(place, each, target)): (each, target) for target in targets for each in asked}
    try:
        _remove_abandoned(place)
        for folder, (requirements, target) in missing.items():
            if not _is_whole(folder):
                say(f"installing {requirements.name} for {target.name}")
                _make(folder, requirements, target)
    except OSError as error:
        raise ConfigurationError(f"{error.filename or place} cannot be written: {error.strerror}") from None


def _cache(app_root: Path, cache: Path | None) -> Path:
    return cache or app_root / ".fanout" / "dependencies"


def _folder(place: Path, requirements: Requirements, target: Target) -> Path:
    content = b"\0".join([str(FORMAT).encode(), target.tags.encode(), requirements.content])
    key = hashlib.sha256(content).hexdigest()[:32]
    return (
        place / f"{target.name.replace('.', '')}-{key}"
    )  # behind a dot, the CDK takes the rest for a file's extension


def _is_whole(folder: Path) -> bool:
    """Not what somebody else copied or deleted half of."""
    return (folder / "python").is_dir()


def _make(folder: Path, requirements: Requirements, target: Target) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_MAKING, dir=folder.parent, ignore_cleanup_errors=True) as made:
        packages = Path(made) / "python"
        install_with_uv(requirements, target, packages)
        layer = Path(made) / "layer"
        layer.mkdir()
        packages.mkdir(exist_ok=True)
        packages.rename(layer / "python")
        remove_traces(layer / "python")
        _check_size(set_modes(layer), requirements, target)
        _appear(layer, folder)


def _check_size(size: int, requirements: Requirements, target: Target) -> None:
    if target.most_bytes and size > target.most_bytes:
        text = f"{size / 2**20:.0f} MB unpacked, and Lambda takes {target.most_bytes / 2**20:.0f} MB with its function"
        raise ConfigurationError(f"{requirements.name} is {text}: take less, or run this task from a container")


def _appear(made: Path, folder: Path) -> None:
    """Whoever renames second finds the same files there already; what is not whole makes room."""
    if folder.exists() and not _is_whole(folder):
        folder.rename(made.with_name("not-whole"))
    try:
        made.rename(folder)
    except OSError:
        if not _is_whole(folder):
            raise


def _remove_abandoned(place: Path) -> None:
    """What a killed process left; a younger folder may be another process at work."""
    for path in place.glob(f"{_MAKING}*"):
        with suppress(OSError):
            if time.time() - os.stat(path).st_mtime > _ABANDONED_AFTER:
                rmtree(path, ignore_errors=True)
