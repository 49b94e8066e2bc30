"""What a synth reads, as one key. Rather too much than too little: one synth for nothing costs seconds, a stale one a deployment.

By content: every file below the app's root and below each folder of Python's path that nothing was installed into, so the
engine's own sources in a checkout; and every other file of the app's git repository that git does not ignore, with the
repositories in it. By name, size and time: what is installed, for it is not edited. And the program with its arguments,
Python, Node, and every environment variable that is not the terminal's or make's own.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import fanout
from fanout.assembly.repository import beside

FORMAT = 1
"""Count it up when the same inputs would be kept in another way: every key changes."""
SKIPPED = frozenset(
    (".git", "node_modules", "cdk.out", "__pycache__", ".local", ".idea", ".vscode")
    + (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")
)
"""Folders that tools write. A virtual environment is known by its pyvenv.cfg; of one that is the app's root these are not looked into."""
_OF_ENVIRONMENT = frozenset(("bin", "include", "lib", "lib64"))
INSTALLED = frozenset((".fanout", "site-packages", "dist-packages"))
_OF_TOOLS = frozenset((".coverage", ".DS_Store"))
_OF_THE_CLI = frozenset((".cache",))
"""Zips of what it has uploaded, by the hash of their content."""
_OF_THE_TERMINAL = frozenset(
    ("_", "PWD", "OLDPWD", "SHLVL", "TERM", "COLUMNS", "LINES", "ANEW")
    + ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MAKE_TERMOUT", "MAKE_TERMERR")
)


def key(root: Path, program: Sequence[str], environment: Mapping[str, str], *, assembly: Path) -> str:
    """64 hexadecimal digits. `environment` is the program's; `assembly` the folder that it writes."""
    told = hashlib.sha256()
    for part in _parts(root.resolve(), program, environment, assembly.resolve()):
        told.update(b"%d:" % len(part))
        told.update(part)
    return told.hexdigest()


def digest(folder: Path, *, but: str) -> str:
    """Of all files of an assembly, by name and content, without its file `but` and what the CDK CLI puts there."""
    told = hashlib.sha256()
    for path in sorted(_below(str(folder), set(), _OF_THE_CLI)):
        if path != str(folder / but) and not path.endswith(".lock"):
            told.update(f"{os.path.relpath(path, folder)}\0{_content(path)}\n".encode("utf-8", "surrogateescape"))
    return told.hexdigest()


def _parts(root: Path, program: Sequence[str], environment: Mapping[str, str], assembly: Path) -> Iterator[bytes]:
    yield _line(FORMAT, str(root), str(assembly), list(program))
    yield _line(sorted((name, value) for name, value in environment.items() if name not in _OF_THE_TERMINAL))
    path = environment.get("PATH", os.defpath)
    programs = {name: shutil.which(name, path=path) for name in ("node", "python", program[0])}
    yield _line(sys.version, sys.prefix, [_stat(found) for _, found in sorted(programs.items()) if found])
    yield from _tools(root)
    yield from _installed()
    files, repositories = beside(root, environment)
    yield _line(files)
    seen = {str(assembly)}
    for start in (str(root), *_sources(), *repositories):
        for file in sorted(_below(start, seen, SKIPPED)):
            yield _line(file, _stat(file) if INSTALLED & set(file.split(os.sep)) else _content(file))


def _below(start: str, seen: set[str], skipped: frozenset[str]) -> Iterator[str]:
    """Files, links followed; a folder that was `seen` is not looked into again."""
    for folder, folders, files in os.walk(start, followlinks=True):
        real = os.path.realpath(folder)
        is_environment = skipped is SKIPPED and "pyvenv.cfg" in files
        if real in seen or (is_environment and folder != start):
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [
            each for each in folders if each not in skipped and not (is_environment and each in _OF_ENVIRONMENT)
        ]
        yield from (os.path.join(folder, each) for each in files if skipped is not SKIPPED or each not in _OF_TOOLS)


def _tools(root: Path) -> Iterator[bytes]:
    """The packages of Node that are installed for the app, the CDK CLI among them."""
    for folder in (root, *root.parents):
        yield _line(_stat(str(folder / "node_modules" / ".package-lock.json")))


def _installed() -> Iterator[bytes]:
    for folder in _places():
        for entry in sorted(os.scandir(folder), key=lambda each: each.name):
            if entry.name.endswith((".dist-info", ".egg-info")):
                yield _line(_stat(entry.path), _stat(os.path.join(entry.path, "RECORD")))
            elif entry.name.endswith((".pth", ".egg-link")):
                yield _line(entry.path, _content(entry.path))


def _places() -> list[str]:
    return [each for each in sys.path if INSTALLED & set(each.split(os.sep)) and os.path.isdir(each)]


def _sources() -> list[str]:
    """Where code is read from that is edited: on Python's path, or installed as editable."""
    known = (os.path.dirname(os.__file__), os.path.dirname(sys.executable))
    path = [each or os.getcwd() for each in sys.path]
    own = [each for each in path if each not in _places() and not each.startswith(known) and os.path.isdir(each)]
    return [*own, *(str(each) for each in fanout.__path__), *_editable()]


def _editable() -> Iterator[str]:
    for folder in _places():
        for entry in os.scandir(folder):
            if entry.name.endswith(".dist-info"):
                try:
                    told = json.loads(Path(entry.path, "direct_url.json").read_text("utf-8"))
                except FileNotFoundError:
                    continue
                if told.get("dir_info", {}).get("editable"):
                    yield unquote(urlsplit(str(told["url"])).path)


def _content(path: str) -> str:
    """A file that is gone, or that nobody may read, is told from an empty one."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"error {error.errno}"


def _stat(path: str) -> list[str | int]:
    try:
        told = os.stat(path)
    except OSError as error:
        return [path, f"error {error.errno}"]
    return [os.path.realpath(path), told.st_mode, told.st_size, told.st_mtime_ns]


def _line(*parts: object) -> bytes:
    return json.dumps(parts).encode()
