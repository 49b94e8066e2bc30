"""Makes a folder the same bytes on every machine: modes from each file's content, and no trace of who installed it.

The CDK's key of a folder covers names and bytes, its zip also holds modes: a mode that came from anywhere else (a
umask, a checkout without modes) would give one key two zips, and the first one uploaded stays.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

FOLDER = 0o755
_EXECUTABLE, _READABLE = 0o755, 0o644
_STARTS_PROGRAMS = (b"\x7fELF", b"#!")
_OF_THE_INSTALLER = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}


def mode_of(content: bytes) -> int:
    """Of a file that begins with `content`; everyone may read it, as Lambda's user is not its owner."""
    return _EXECUTABLE if content.startswith(_STARTS_PROGRAMS) else _READABLE


def set_modes(folder: Path) -> int:
    """Sets every mode below `folder`, and its own; answers the bytes of all files."""
    total = 0
    for path, _, files in os.walk(folder):
        os.chmod(path, FOLDER)
        for name in files:
            file = os.path.join(path, name)
            with open(file, "rb") as opened:
                os.chmod(file, mode_of(opened.read(4)))
            total += os.path.getsize(file)
    return total


def remove_traces(folder: Path) -> None:
    """Scripts hold this machine's path, RECORD lists them, bytecode is of one Python, and uv leaves its lock behind."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    (folder / ".lock").unlink(missing_ok=True)
    for path in folder.glob("*.dist-info/*"):
        if path.name in _OF_THE_INSTALLER:
            path.unlink()
    for compiled in list(folder.rglob("__pycache__")):
        shutil.rmtree(compiled)


def make_readable(assembly: Path) -> None:
    """Gives every file of the assets in a `cdk.out` one of two modes: whether its owner may run it is all that counts.

    Of a checkout or an install under umask 077, nobody else could read a file, and Lambda's user is not its owner.
    """
    for file in _files_of_assets(assembly):
        mode = _EXECUTABLE if os.stat(file).st_mode & 0o100 else _READABLE
        if os.stat(file).st_mode & 0o777 != mode:
            os.chmod(file, mode)


def unreadable(assembly: Path) -> list[str]:
    """Files of assets, relative to `assembly` and sorted, that Lambda's user could not read: they fail at import."""
    closed = (file for file in _files_of_assets(assembly) if not os.stat(file).st_mode & 0o004)
    return sorted(os.path.relpath(file, assembly) for file in closed)


def _files_of_assets(assembly: Path) -> Iterator[str]:
    for folder in assembly.glob("**/asset.*"):
        if folder.is_file():
            yield str(folder)
        for path, _, files in os.walk(folder):
            yield from (os.path.join(path, name) for name in files if os.path.exists(os.path.join(path, name)))
