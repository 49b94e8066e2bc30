"""Change and see: a saved task runs on the embedded AWS at once, a changed stack is deployed, and logs appear below."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.markup import escape

from fanout.errors import UserError
from fanout.local.console import console, note
from fanout.local.evidence import Evidence
from fanout.local.handlers.imports import Importer, deployed_handlers, handler_of, importing
from fanout.local.handlers.view import show_failures
from fanout.local.run import Agree, Run
from fanout.local.watch import code
from fanout.local.watch.files import Change, Snapshot, changed, classify, snapshot
from fanout.local.watch.lines import following
from fanout.packaging.dependencies import install
from fanout.packaging.targets import local_target
from fanout.project import find_root

EVERY = 0.1
"""Seconds between two looks at the files: some dozens, which takes a millisecond or two."""


def watch(run: Run, agree: Agree) -> None:
    """Until Ctrl-C. The embedded AWS stays up, as after `up`."""
    with run.state.lock(waiting=lambda: console.print("another `make up` is at work here: waiting")):
        evidence = run.up(agree=agree)
    with importing() as importer:
        watcher = Watcher(run, evidence, importer, agree)
        watcher.begin()
        with following(lambda: watcher.evidence, lambda text: console.print(text, soft_wrap=True)):
            with suppress(KeyboardInterrupt):
                while True:
                    time.sleep(EVERY)
                    watcher.look()
    console.print("\nthe embedded AWS is still up: `make down` stops it", style="dim")


@dataclass
class Watcher:
    run: Run
    evidence: Evidence
    importer: Importer
    agree: Agree
    files: Snapshot = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    """Fingerprints of the code that each task runs."""

    def begin(self) -> None:
        self.files = snapshot(find_root())
        show_failures(self.importer.failures(deployed_handlers(self.evidence.stack, self.run.connection)))
        self.running = {task: code.fingerprint(task) for task in self.evidence.stack.tasks}
        console.print(f"\nwatching {escape(str(find_root()))}: save a file; Ctrl-C ends it", style="dim")

    def look(self) -> None:
        """Acts on what was saved since the last look. No error of the user's ends the watch."""
        before, self.files = self.files, snapshot(find_root())
        paths = changed(before, self.files)
        if not paths:
            return
        change = classify(paths, find_root())
        began = max((self.files[path][0] / 1e9 for path in paths if path in self.files), default=time.time())
        try:
            self._act(change, began)
        except UserError as error:
            console.print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True)

    def _act(self, change: Change, began: float) -> None:
        if broken := [line for path in change.paths if (line := syntax_error(Path(path)))]:
            for line in broken:
                console.print(f"[red]✗[/] {escape(line)}", soft_wrap=True)
            return
        if change.packages:
            install(find_root(), [local_target()], console.print)
        if change.packages or change.stack:
            self._deploy()
            return
        tasks = self.evidence.stack.tasks
        for task in sorted(change.tasks - set(tasks)):
            note(f"lambdas/{task} belongs to no deployed subscriber: add its call to the stack")
        self._put([task for task in tasks if change.shared or task in change.tasks], began)

    def _deploy(self) -> None:
        with self.run.state.lock(waiting=lambda: console.print("another `make up` is at work here: waiting")):
            self.evidence = self.run.up(agree=self.agree)
        self.running = {task: code.fingerprint(task) for task in self.evidence.stack.tasks}

    def _put(self, tasks: Sequence[str], began: float) -> None:
        """A handler that cannot be imported is not put: the code before it goes on."""
        for task in tasks:
            fingerprint = code.fingerprint(task)
            if fingerprint == self.running.get(task):
                continue
            if not self.evidence.stack.subscriber(task).function_name:
                self.running[task] = fingerprint
                note(f"{task} has a worker: start `fanout work {task}` again, and it runs the new code")
                continue
            handler = handler_of(self.evidence.stack, task, self.evidence.emulator.connection)
            if failure := self.importer.failure(handler):
                show_failures([failure])
                note(f"{task} goes on with the code before")
                continue
            code.put(self.evidence, task)
            self.running[task] = fingerprint
            console.print(f"[green]✓[/] {task} runs the new code [dim]({time.time() - began:.1f} s)[/]")


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
