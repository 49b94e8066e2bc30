"""What the app's own `demo.py` tells `fanout local` of its tasks: what they need here, and what proves their work.

Every name in that file may be missing: `prepare`, `events`, `TASKS`, `ENTRIES` and `BREAK`. A task that `TASKS` does not name is
judged by its log alone; a name in it that no task has any more is ignored.
"""

import importlib.util
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from fanout.contracts.app import app_contracts
from fanout.local import broken_code
from fanout.local.emulator.connection import Session
from fanout.local.errors import LocalError
from fanout.local.evidence import Evidence
from fanout.local.webhook.receiver import Receiver
from fanout.ops.aws.stack import Stack
from fanout.project import find_root
from fanout.publisher import Event, checked_event

FILE = "demo.py"


@dataclass(frozen=True)
class Task:
    """One task as the demo and the drill see it; a subclass overrides what it knows beyond the task's log."""

    name: str

    @property
    def breaks(self) -> str:
        """What `break_down` does, as the drill says it."""
        return "its code now raises an error"

    def settle(self, seen: Evidence) -> None:
        """Does, after each deployment, what people do once by hand on AWS."""

    def refuses(self, event: Event) -> bool:
        """Whether this event of the demo is meant to become a dead letter of this task."""
        return False

    def proof(self, seen: Evidence, event: Event) -> tuple[bool, str]:
        """Whether the outside world saw what it should of an event that is done (or refused, and dead), and what."""
        return True, "as its log says"

    def show(self, seen: Evidence, event: Event) -> Iterable[tuple[str, str, str]]:
        """(title, text, subtitle) of what the outside world got of one event."""
        return ()

    def effects(self, seen: Evidence) -> Iterable[str]:
        """Event ids, one for each time that the task did its work: by its log, or by what the outside world saw."""
        return (each.event_id or "" for each in seen.attempts(self.name) if each.outcome == "done")

    def break_down(self, seen: Evidence) -> None:
        """Makes each attempt fail, until `mend`."""
        broken_code.put(seen, self.name)

    def mend(self, seen: Evidence) -> None:
        broken_code.take_back(seen, self.name)


@dataclass(frozen=True)
class App:
    """What `demo.py` says, or what holds without it."""

    prepare: Callable[[Session, Receiver], None] = lambda session, receiver: None
    """Makes, before each deployment, what it refers to."""
    events: Callable[[], Mapping[str, Event]] = field(default_factory=lambda: examples)
    """What the demo publishes, by the name that it is shown under."""
    tasks: Sequence[Task] = ()
    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the demo fills in, by the name of the definition, where the app has an intake."""
    breaks: str | None = None
    """The task that the drill breaks."""

    def of(self, stack: Stack) -> list[Task]:
        """The stack's tasks, in the order of demo.py; those that it does not name at the end."""
        deployed = {each.task for each in stack.subscribers}
        named = [each for each in self.tasks if each.name in deployed]
        return [*named, *(Task(name) for name in sorted(deployed - {each.name for each in named}))]


def examples() -> dict[str, Event]:
    """The contract's valid examples."""
    return {name: checked_event(json.loads(body)) for name, body in app_contracts().valid.items()}


def load(root: Path | None = None) -> App:
    """Reads demo.py of the app's root. Raises LocalError, with the line, when it cannot be run."""
    path = (root or find_root()) / FILE
    if not path.is_file():
        return App()
    module = _run(path)
    given: dict[str, Any] = {
        "prepare": getattr(module, "prepare", None),
        "events": getattr(module, "events", None),
        "tasks": getattr(module, "TASKS", None),
        "entries": getattr(module, "ENTRIES", None),
        "breaks": getattr(module, "BREAK", None),
    }
    return App(**{name: value for name, value in given.items() if value is not None})


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # as an import would: a dataclass looks for its module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LocalError(told_with_its_line(error, path) or f"{path}: {type(error).__name__}: {error}") from error
    return module


def told_with_its_line(error: BaseException, path: Path | None = None) -> str:
    """The error of an app's demo.py in one line, with the innermost line of that file; empty when it is another's."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    path = path or find_root() / FILE
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{own[-1].filename}:{own[-1].lineno}: {type(error).__name__}: {error}" if own else ""
