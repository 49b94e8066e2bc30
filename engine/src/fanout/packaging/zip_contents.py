"""Stages the folder that becomes a function's zip: the engine's runtime, the app's event models and one task.

Third-party code is in the function's layer (`dependencies`). Bytes and modes come from the sources alone, so two
machines upload the same zip under the same key; the folder lives until the process ends.
"""

import atexit
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import fanout
from fanout.errors import ConfigurationError
from fanout.packaging.stripping import stripped
from fanout.packaging.tidy import FOLDER, mode_of

RUNTIME = ("__init__.py", "names.py", "runtime")
"""Of the engine's package; standard library only."""
OF_A_WORKER = ("errors.py", "aws_errors.py", "worker")
OF_FEW = ("circuit_breaker.py", "claim_check.py", "direct.py")
"""Of the runtime: `beside` names what a task's stack asks of it."""
_NOT_BESIDE_A_TASK = {f"fanout/runtime/{each}" for each in (*OF_FEW, "close_circuits.py")}
"""The engine's own function, and what few tasks need."""
EVENTS = "events"
UPCASTS = "upcasts"
_NAMES = "fanout/names.py"
_OF_SEVERAL_TYPES = "fanout/runtime/several.py"
"""Of an app with one type and no upcasts it is in no zip."""
_ASKED_FOR = {
    "fanout/runtime/emitting.py": re.compile(rb"\bemit\b"),
    "fanout/runtime/archive.py": re.compile(rb"\barchive_key\b"),
    "fanout/runtime/files.py": re.compile(rb"\battached\b"),
}
"""Each is in the zip of a task whose files name what is in it, and in no other."""
_placed: dict[bytes, str] = {}
_stripped = cache(stripped)
_NOT_OF_A_TASK = ("requirements.txt", "requirements.in", "tests")


def zip_contents(app_root: Path, task: str | None, *, engine: Path | None = None, beside: tuple[str, ...] = ()) -> Path:
    """The staged folder for `lambda_.Code.from_asset(str(path))`; asked again in this process, the same one.

    Without a task: the runtime alone, for a function that is the engine's own.
    """
    if task is not None:
        check_task(app_root, task)
    return _staged(app_root.resolve(), task, engine or Path(next(iter(fanout.__path__))), beside)


def zip_files(app_root: Path, task: str) -> Iterator[tuple[Path, str]]:
    """Each file of a task's zip as it is now, with its name there, whatever its stack asks for; nothing is copied or kept."""
    check_task(app_root, task)
    return _contents(app_root / "lambdas", task, Path(next(iter(fanout.__path__))), OF_FEW)


def check_task(app_root: Path, task: str) -> None:
    """Raises ConfigurationError unless `lambdas/<task>/handler.py` exists under a name that shadows nothing."""
    lambdas = app_root / "lambdas"
    if task in {"fanout", EVENTS, UPCASTS} or task in sys.stdlib_module_names or not task.isidentifier():
        why = "is no Python name" if not task.isidentifier() else f"hides the package {task!r} that functions import"
        raise ConfigurationError(f"task {task!r} {why}: rename lambdas/{task}")
    if not (lambdas / task).is_dir():
        raise ConfigurationError(f"task {task!r} has no folder: expected lambdas/{task}/handler.py in {app_root}")
    if not (lambdas / task / "handler.py").is_file():
        raise ConfigurationError(f"task {task!r} has no handler: expected lambdas/{task}/handler.py in {app_root}")


@cache
def _staged(app_root: Path, task: str | None, engine: Path, beside: tuple[str, ...]) -> Path:
    return staged(task or "runtime", lambda: _bytes(_contents(app_root / "lambdas", task, engine, beside), task))


def staged(name: str, contents: Callable[[], Iterable[tuple[str, bytes]]]) -> Path:
    """A new folder with these files; `name` begins its own."""
    folder = Path(mkdtemp(prefix=f"{name}-", dir=_room()))
    folder.chmod(FOLDER)
    try:
        _write(folder, contents())
    except OSError as error:
        raise ConfigurationError(f"{error.filename} cannot be copied: {error.strerror}") from None
    return folder


def engine_and_events(app_root: Path, *packages: str) -> Iterator[tuple[str, bytes]]:
    """The runtime, `packages` of the engine beside it and the app's events, stripped."""
    engine, events = Path(next(iter(fanout.__path__))), app_root / "lambdas" / EVENTS
    parts = [_python(engine / part, f"fanout/{part}") for part in (*RUNTIME, *packages)]
    if events.is_dir():
        parts.append(_python(events, EVENTS))
    return _bytes((each for part in parts for each in part), None)


@cache
def _room() -> Path:
    room = mkdtemp(prefix="fanout-")
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    return Path(room)


def _contents(
    lambdas: Path, task: str | None, engine: Path, beside: tuple[str, ...] = ()
) -> Iterator[tuple[Path, str]]:
    """Each file with its name in the zip."""
    wanted = {f"fanout/runtime/{name}" for name in beside}
    runtime = (each for part in RUNTIME for each in _python(engine / part, f"fanout/{part}"))
    if task is None:
        left_out = {_OF_SEVERAL_TYPES, "fanout/runtime/claim_check.py", *_ASKED_FOR}
        yield from ((file, name) for file, name in runtime if name not in left_out)
        return
    upcasts = lambdas / f"{UPCASTS}.py"
    types = [each for each in (lambdas / EVENTS).glob("*.py") if each.name != "__init__.py"]
    left_out = _NOT_BESIDE_A_TASK - wanted | (set() if len(types) > 1 or upcasts.is_file() else {_OF_SEVERAL_TYPES})
    texts = [each.read_bytes() for each in sorted((lambdas / task).rglob("*.py"))]
    left_out |= {name for name, word in _ASKED_FOR.items() if not any(map(word.search, texts))}
    yield from ((file, name) for file, name in runtime if name not in left_out)
    if upcasts.is_file():
        yield upcasts, upcasts.name
    if (lambdas / EVENTS).is_dir():
        yield from _python(lambdas / EVENTS, EVENTS)
    for path in (lambdas / task).iterdir():
        if path.name not in _NOT_OF_A_TASK:
            yield from _files(path, f"{task}/{path.name}")


def image_files(app_root: Path, task: str) -> Iterator[tuple[str, bytes]]:
    """What a worker of the task runs: the files of its zip, and the engine's worker."""
    check_task(app_root, task)
    engine = Path(next(iter(fanout.__path__)))
    parts = [_python(engine / part, f"fanout/{part}") for part in OF_A_WORKER]
    yield from _bytes(
        [
            *_contents(app_root / "lambdas", task, engine, ("circuit_breaker.py", "claim_check.py")),
            *(each for part in parts for each in part),
        ],
        task,
    )


def _bytes(contents: Iterable[tuple[Path, str]], task: str | None) -> Iterator[tuple[str, bytes]]:
    """Each file's name and content; what the engine wrote is stripped, what the team wrote as it is."""
    found: dict[str, bytes] = {}
    for source, name in contents:
        content = source.read_bytes()
        is_the_teams = bool(task) and name.startswith((f"{task}/", f"{UPCASTS}."))
        found[name] = content if is_the_teams else _stripped(content)
    if names := found.pop(_NAMES, b""):
        said = frozenset[bytes]().union(*map(_words, found.values()))
        found[_NAMES] = _only(names, said & _words(names))
    yield from found.items()


@cache
def _words(content: bytes) -> frozenset[bytes]:
    return frozenset(re.findall(rb"\b[A-Z][A-Z_]+\b", content))


@cache
def _only(names: bytes, said: frozenset[bytes]) -> bytes:
    """Of `fanout.names`, a line for each, those that another file of the zip says; no line moves."""
    lines = names.split(b"\n")
    return b"\n".join(b"" if line[:1].isupper() and not said & _words(line) else line for line in lines)


def _python(source: Path, name: str) -> Iterator[tuple[Path, str]]:
    return ((file, name) for file, name in _files(source, name) if name.endswith(".py"))


def _files(source: Path, name: str) -> Iterator[tuple[Path, str]]:
    """A file, or those of a folder: without bytecode and dotfiles. Links to files are followed, to folders refused."""
    base = source.name
    if base.startswith(".") or base == "__pycache__" or base.endswith(".pyc"):
        return
    if not source.is_dir():
        yield source, name
    elif source.is_symlink():
        raise ConfigurationError(f"lambdas/{name} is a link to a folder, which a zip cannot hold: copy the folder")
    else:
        for path in source.iterdir():
            yield from _files(path, f"{name}/{path.name}")


def _write(folder: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Modes are set by hand, as what a file is created with is cut by the umask."""
    made = {""}
    for name, content in contents:
        parts = name.split("/")[:-1]
        for depth in range(len(parts)):
            parent = "/".join(parts[: depth + 1])
            if parent not in made:
                os.mkdir(folder / parent)
                os.chmod(folder / parent, FOLDER)
                made.add(parent)
        _place(f"{folder}/{name}", content)


def _place(path: str, content: bytes) -> None:
    """A second file with the same content is a link to the first: 16 µs, where making a file took 250 µs and more."""
    first = _placed.setdefault(content, path)
    with suppress(OSError):  # of a file system without hard links
        if first != path:
            return os.link(first, path)
    with open(path, "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode_of(content))
