"""Which files an app runs from, and what a change of each of them asks for."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import fanout

ENGINE = Path(next(iter(fanout.__path__)))
_STACK = ("app.py", "cdk.json", "demo.py", "stacks", "contracts")
_STACK_OF_THE_ENGINE = ("constructs", "packaging")
_RUNTIME = ("runtime", "names.py")
_SKIPPED = ("__pycache__", "tests", "node_modules", "cdk.out")

Snapshot = Mapping[str, tuple[int, int]]
"""Path to time of change in nanoseconds, and size."""


@dataclass(frozen=True)
class Change:
    """`tasks` are folders of lambdas/ whose code changed; `shared` is what every task's zip holds."""

    paths: tuple[str, ...]
    tasks: frozenset[str] = field(default=frozenset())
    shared: bool = False
    packages: bool = False
    stack: bool = False

    def concerns(self, task: str) -> bool:
        return self.shared or task in self.tasks


def snapshot(root: Path) -> Snapshot:
    found: dict[str, tuple[int, int]] = {}
    engine = (ENGINE / name for name in (*_STACK_OF_THE_ENGINE, *_RUNTIME))
    for start in (*(root / name for name in (*_STACK, "lambdas")), *engine):
        for path in _files(str(start)):
            try:
                told = os.stat(path)
            except OSError:  # gone between two looks
                continue
            found[path] = (told.st_mtime_ns, told.st_size)
    return found


def _files(start: str) -> Iterator[str]:
    if os.path.isfile(start):
        yield start
    for folder, folders, files in os.walk(start):
        folders[:] = [each for each in folders if not each.startswith(".") and each not in _SKIPPED]
        # Editors write beside the file first: .name.swp, name~, #name#, 4913
        yield from (os.path.join(folder, each) for each in files if not each.startswith((".", "#")) and "." in each)


def changed(before: Snapshot, after: Snapshot) -> list[str]:
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def classify(paths: Iterable[str], root: Path) -> Change:
    """A folder of lambdas/ without a handler is shared by all tasks, as `events` is."""
    tasks: set[str] = set()
    shared = packages = stack = False
    given = tuple(paths)
    for path in given:
        parts = Path(path).relative_to(root).parts if Path(path).is_relative_to(root) else ()
        if parts[:1] == ("lambdas",) and len(parts) > 2:
            packages = packages or parts[2:] == ("requirements.txt",)
            is_task = (root / "lambdas" / parts[1] / "handler.py").exists()
            shared = shared or not is_task
            tasks |= {parts[1]} if is_task else set()
        elif Path(path).is_relative_to(ENGINE):
            is_runtime = Path(path).relative_to(ENGINE).parts[0] in _RUNTIME
            shared, stack = shared or is_runtime, stack or not is_runtime
        else:
            stack = True
    return Change(given, frozenset(tasks), shared, packages, stack)
