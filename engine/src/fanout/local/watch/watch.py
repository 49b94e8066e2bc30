"""Change and see: a saved task runs on the embedded AWS at once, a changed stack is deployed, and logs appear below."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.markup import escape

from fanout.errors import UserError
from fanout.local.console import console, note
from fanout.local.evidence import Evidence
from fanout.local.handlers.imports import Importer, deployed_handlers, handler_of, importing
from fanout.local.handlers.view import show_failures
from fanout.local.one_line import line_of
from fanout.local.run import STILL_UP, Agree, Run
from fanout.local.watch import code
from fanout.local.watch.files import Snapshot, changed, classify, snapshot
from fanout.local.watch.lines import following
from fanout.packaging.dependencies import install
from fanout.packaging.targets import local_target
from fanout.project import find_root

EVERY = 0.1
"""Seconds between two looks at the files: some dozens, which takes a millisecond or two."""


def watch(run: Run, agree: Agree) -> None:
    """Until Ctrl-C. The embedded AWS stays up, as after `up`."""
    with run.state.lock(waiting=lambda: console.print("another `make up` is at work here: waiting")):
        files = snapshot(find_root())
        evidence = run.up(agree=agree)
    with importing() as importer:
        watcher = Watcher(run, evidence, importer, agree, files)
        watcher.begin()
        with following(lambda: watcher.evidence, lambda text: console.print(text, soft_wrap=True)):
            with suppress(KeyboardInterrupt):
                while True:
                    time.sleep(EVERY)
                    watcher.look()
    console.print(f"\n{STILL_UP}", style="dim")


@dataclass
class Watcher:
    run: Run
    evidence: Evidence
    importer: Importer
    agree: Agree
    files: Snapshot
    """As they were at the last look, or just before the deployment that began since."""
    running: dict[str, str] = field(default_factory=dict)
    """Fingerprints of the code that each task runs, where it is known."""
    pending: set[str] = field(default_factory=set)
    """Files that were saved and do not run yet."""

    def begin(self) -> None:
        show_failures(self.importer.failures(deployed_handlers(self.evidence.stack, self.run.connection)))
        self._learn()
        console.print(f"\nwatching {escape(str(find_root()))}: save a file; Ctrl-C ends it", style="dim")

    def look(self) -> None:
        """Acts on what was saved since the last look. No error that a person can mend ends the watch."""
        before, self.files = self.files, snapshot(find_root())
        paths = changed(before, self.files)
        if not paths:
            return
        self.pending.update(paths)
        began = max((self.files[path][0] / 1e9 for path in paths if path in self.files), default=time.time())
        with _telling() as failed:
            left = self._act(began)
        if not failed:
            self.pending = left

    def _act(self, began: float) -> set[str]:
        """On all that is pending; what is left of it."""
        broken = {path: line for path in sorted(self.pending) if (line := syntax_error(Path(path)))}
        for line in broken.values():
            _say_failed(line)
        change, held = (classify(paths, find_root()) for paths in (self.pending - broken.keys(), broken))
        if change.packages or change.stack:
            if broken:  # a deployment would take them too
                return self.pending
            if change.packages:
                install(find_root(), [local_target()], console.print)
            self._deploy()
            return set()
        tasks = self.evidence.stack.tasks
        for task in () if held.stack else sorted(change.tasks - set(tasks)):
            note(f"lambdas/{task} belongs to no deployed subscriber: add its call to the stack")
        due = [task for task in tasks if change.concerns(task) and not held.concerns(task)]
        return set(broken) if self._put(due, began) else self.pending

    def _deploy(self) -> None:
        with self.run.state.lock(waiting=lambda: console.print("another `make up` is at work here: waiting")):
            files = snapshot(find_root())
            self.evidence = self.run.up(agree=self.agree)
        self.files = files
        self._learn()

    def _learn(self) -> None:
        """What was deployed is what was there when that began: of tasks that were saved since, it is not known."""
        self.running = {}
        for task in self.evidence.stack.tasks:
            with suppress(UserError, OSError):
                self.running[task] = code.fingerprint(task)
        since = classify(changed(self.files, snapshot(find_root())), find_root())
        self.running = {task: found for task, found in self.running.items() if not since.concerns(task)}

    def _put(self, tasks: Sequence[str], began: float) -> bool:
        """Whether nothing failed; one task's error keeps no other from its new code."""
        failed: list[Exception] = []
        for task in tasks:
            with _telling() as each:
                self._put_one(task, began)
            failed += each
        return not failed

    def _put_one(self, task: str, began: float) -> None:
        """A handler that cannot be imported is not put: the code before it goes on."""
        fingerprint = code.fingerprint(task)
        if fingerprint == self.running.get(task):
            return
        if not self.evidence.stack.subscriber(task).function_name:
            self.running[task] = fingerprint
            note(f"{task} has a worker: start `fanout work {task}` again, and it runs the new code")
            return
        handler = handler_of(self.evidence.stack, task, self.evidence.emulator.connection)
        if failure := self.importer.failure(handler):
            show_failures([failure])
            note(f"{task} goes on with the code before")
            return
        code.put(self.evidence, task)
        self.running[task] = fingerprint
        console.print(f"[green]✓[/] {task} runs the new code [dim]({time.time() - began:.1f} s)[/]")


@contextmanager
def _telling() -> Iterator[list[Exception]]:
    """Says an error that a person can mend, and has it in the list."""
    failed: list[Exception] = []
    try:
        yield failed
    except Exception as error:
        if not (line := line_of(error)):
            raise
        _say_failed(line)
        failed.append(error)


def _say_failed(line: str) -> None:
    console.print(f"[red]✗[/] {escape(line)}", soft_wrap=True)


def syntax_error(path: Path) -> str:
    """In one line; empty when there is none, or the file is gone or no Python."""
    if path.suffix != ".py" or not path.is_file():
        return ""
    try:
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        place = f"{path}:{getattr(error, 'lineno', None) or 1}".removeprefix(f"{find_root()}/")
        return f"{place}: {type(error).__name__}: {getattr(error, 'msg', None) or error}"
    return ""
