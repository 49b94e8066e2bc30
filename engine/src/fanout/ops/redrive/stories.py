"""What the journal tells of every run, read on from where the last look ended: a page may look every second.

Of letters, only how far each came is kept. A line of another shape counts as a step, and no more.
"""

import json
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fanout.ops.journal import DELETED, SENT
from fanout.ops.redrive.written import DONE_AFTER_ALL, END, FAILED_AGAIN, FROZEN, TOLD

MOST_LINES: Final = 200


@dataclass
class Run:
    """One command or page's action, from its first line on. `told` is what its first line says besides who and when."""

    id: str
    at: str
    command: str
    who: str
    operator: str
    told: dict[str, Any] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    last: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    """When, and what it said."""
    failed: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the id that a letter was sent as: what failed again, and was not done since."""
    end: dict[str, Any] | None = None

    @property
    def task(self) -> str:
        found = self.told.get("task") or ", ".join(map(str, self.told.get("tasks") or []))
        return str(found or "")


@dataclass
class Selected:
    """What a dry run froze of one queue."""

    task: str
    queue: str
    letters: set[str] = field(default_factory=set)
    told: dict[str, Any] = field(default_factory=dict)
    moved: int = 0
    """Sent, and gone from the dead-letter queue; dropped ones too."""
    sent: int = 0
    """Sent, whether their letters are deleted yet or not."""


@dataclass
class Story:
    """A dry run, and all runs that carried it out."""

    dry: Run
    selected: list[Selected]
    runs: list[Run]

    def of(self, task: str) -> Run | None:
        """The last one of a task."""
        return next((each for each in reversed(self.runs) if each.task == task), None)


class Stories:
    """Safe in threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._forget()

    def runs(self) -> list[Run]:
        """The newest first."""
        with self._lock:
            self._read_on()
            return sorted(self._runs.values(), key=lambda each: each.last, reverse=True)

    def run(self, id_: str) -> Run | None:
        with self._lock:
            self._read_on()
            return self._runs.get(id_)

    def story(self, dry: str) -> Story | None:
        """Of the dry run `dry`; None when the journal has none of that number."""
        with self._lock:
            self._read_on()
            first, selected = self._runs.get(dry), self._selected.get(dry)
            if first is None or selected is None:
                return None
            for each in selected.values():
                each.moved = len(each.letters & self._moved[each.queue])
                each.sent = len(each.letters & (self._moved[each.queue] | self._sent[each.queue]))
            runs = [each for each in self._runs.values() if each.told.get("frozen") == dry]
            return Story(first, list(selected.values()), runs)

    def lines(self, id_: str, most: int = MOST_LINES) -> list[dict[str, Any]]:
        """The first lines of one run, read anew."""
        found: list[dict[str, Any]] = []
        for line in _parsed(self._bytes(0)[0]):
            if line.get("run") == id_:
                found.append(line)
                if len(found) == most:
                    break
        return found

    def _forget(self) -> None:
        self._position = 0
        self._runs: dict[str, Run] = {}
        self._selected: dict[str, dict[str, Selected]] = {}
        self._moved: defaultdict[str, set[str]] = defaultdict(set)
        self._sent: defaultdict[str, set[str]] = defaultdict(set)

    def _read_on(self) -> None:
        try:
            if self.path.stat().st_size < self._position:
                self._forget()
        except OSError:
            self._forget()
            return
        data, self._position = self._bytes(self._position)
        for line in _parsed(data):
            self._take(line)

    def _bytes(self, position: int) -> tuple[bytes, int]:
        """The whole lines from `position` on, and where they end."""
        try:
            with self.path.open("rb") as file:
                file.seek(position)
                data = file.read()
        except OSError:
            return b"", position
        whole = data.rfind(b"\n") + 1
        return data[:whole], position + whole

    def _take(self, line: dict[str, Any]) -> None:
        id_, at, step = (str(line.get(name, "")) for name in ("run", "at", "step"))
        run = self._runs.get(id_)
        if run is None:
            command, who, operator = (str(line.get(name, "")) for name in ("command", "who", "operator"))
            run = self._runs[id_] = Run(id_, at, command, who, operator)
        run.steps[step] += 1
        run.last = max(run.last, at)
        if step in _STEPS:
            _STEPS[step](self, run, line)

    def _begin(self, run: Run, line: dict[str, Any]) -> None:
        run.told = {name: value for name, value in line.items() if name not in _HEAD}

    def _send(self, run: Run, line: dict[str, Any]) -> None:
        self._sent[str(line.get("queue"))].add(str(line.get("letter")))

    def _move(self, run: Run, line: dict[str, Any]) -> None:
        queue, letter = str(line.get("queue")), str(line.get("letter"))
        self._sent[queue].discard(letter)
        self._moved[queue].add(letter)

    def _freeze(self, run: Run, line: dict[str, Any]) -> None:
        queue, letters = str(line.get("queue")), line.get("letters")
        of = self._selected.setdefault(run.id, {})
        selected = of.setdefault(queue, Selected(str(line.get("task") or run.task), queue))
        selected.letters.update(map(str, letters) if isinstance(letters, list) else ())
        selected.told = {name: line[name] for name in _FACTS if name in line}

    def _tell(self, run: Run, line: dict[str, Any]) -> None:
        run.lines = [*run.lines[1 - MOST_LINES :], (str(line.get("at", "")), str(line.get("line", "")))]

    def _fail(self, run: Run, line: dict[str, Any]) -> None:
        run.failed[str(line.get("as"))] = line

    def _mend(self, run: Run, line: dict[str, Any]) -> None:
        run.failed.pop(str(line.get("as")), None)

    def _end(self, run: Run, line: dict[str, Any]) -> None:
        run.end = line


_STEPS: Final = {
    "begin": Stories._begin,
    SENT: Stories._send,
    DELETED: Stories._move,
    "dropped": Stories._move,
    FROZEN: Stories._freeze,
    TOLD: Stories._tell,
    FAILED_AGAIN: Stories._fail,
    DONE_AFTER_ALL: Stories._mend,
    END: Stories._end,
}
_HEAD: Final = {"at", "run", "command", "who", "operator", "step"}
_FACTS: Final = ("causes", "redriven", "cannot_be_read", "unseen")


def _parsed(data: bytes) -> list[dict[str, Any]]:
    found = []
    for text in data.split(b"\n"):
        try:
            line = json.loads(text) if text else None
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            found.append(line)
    return found
