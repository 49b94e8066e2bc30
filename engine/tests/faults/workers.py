"""Workers in place of the functions, as processes of their own, and what may happen to a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanout import names
from fanout.local.errors import LocalError
from fanout.local.program import environment
from fanout.local.wait import wait_until
from fanout.publisher import Event
from tests.faults.run import FaultsRun
from tests.places import ENGINE

VISIBILITY = 30
"""Seconds: the least a worker takes, and what each kill and each freeze costs."""
GRACE = 10
SIGNALS = {
    "worker-killed": signal.SIGKILL,
    "worker-ended": signal.SIGTERM,
    "worker-restarted": signal.SIGTERM,
    "worker-frozen": signal.SIGSTOP,
}
BEGINS_WITHIN = 40.0
QUIET_WITHIN = 3 * VISIBILITY


@dataclass
class Worker:
    """`fanout work TASK` in the sabotaged checkout; what it says is in `file`."""

    run: FaultsRun
    task: str
    file: Path = field(init=False)
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.file = folder(self.run) / f"{self.task}-{os.urandom(4).hex()}.log"
        self.file.parent.mkdir(exist_ok=True)
        authority = str(self.run.connection.authority)  # the receiver's, too
        told = {names.VISIBILITY: str(VISIBILITY), names.GRACE: str(GRACE), "SSL_CERT_FILE": authority}
        with self.file.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fanout", "work", self.task, "--stack", self.run.stack().name],
                cwd=self.run.state.folder / "checkout",
                env={**environment(self.run.connection), **told, "PYTHONPATH": str(ENGINE)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def has_begun(self, events: Sequence[Event]) -> bool:
        """Whether it works on as many."""
        if self.process.poll() is not None:
            raise LocalError(f"the worker of {self.task} ended: see {self.file}")
        begun = {
            id_ for line in lines_of(self.file) for id_ in line.get("messages", {}) if line["message"] == "received"
        }
        return len(begun) >= len(events)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> None:
        """It must come to its end within its grace, and say that all is well."""
        if status := self.process.wait(GRACE + 5):
            raise LocalError(f"the worker of {self.task} ended with {status}: see {self.file}")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Workers:
    """Of one turn: for each task what happens to its worker while it works on `events`; whatever they leave is another's."""

    def __init__(self, run: FaultsRun) -> None:
        self._run = run
        self._all: list[Worker] = []
        self._frozen: list[Worker] = []

    def begin(self, tasks: Sequence[str]) -> dict[str, Worker]:
        return {task: self._started(task) for task in tasks}

    def strike(self, struck: Sequence[tuple[str, Worker, Sequence[Event]]]) -> None:
        """Each by its fault, all of them at work; and whatever they leave is their successor's."""
        begun = "each worker to be at work"
        wait_until(lambda: all(each.has_begun(its) for _, each, its in struck), what=begun, deadline=BEGINS_WITHIN)
        for fault, worker, _ in struck:
            worker.signal(SIGNALS[fault])
        for fault, worker, _ in struck:
            if fault == "worker-restarted":
                self._started(worker.task)  # beside the one that ends, as in a rolling deployment
        for fault, worker, _ in struck:
            if fault == "worker-frozen":
                self._frozen.append(worker)
            elif fault == "worker-killed":
                worker.kill()
            else:
                worker.ended()
            if fault != "worker-restarted":
                self._started(worker.task)

    def thaw(self) -> None:
        """When others have done what they held."""
        for worker in self._frozen:
            worker.signal(signal.SIGCONT)

    def end(self) -> None:
        for worker in self._all:
            if worker.process.poll() is None:
                worker.signal(signal.SIGTERM)
                worker.ended()

    def kill(self) -> None:
        for worker in self._all:
            worker.kill()

    def _started(self, task: str) -> Worker:
        self._all.append(Worker(self._run, task))
        return self._all[-1]


@contextmanager
def workers(run: FaultsRun) -> Iterator[Workers]:
    """Whatever happens, none is left."""
    made = Workers(run)
    try:
        yield made
        made.end()
    finally:
        made.kill()


def folder(run: FaultsRun) -> Path:
    return Path(run.state.folder) / "workers"


def lines_of(file: Path) -> list[dict[str, Any]]:
    """Log lines without metrics, and without a last one that is half written."""
    found = []
    for line in file.read_text(errors="replace").splitlines():
        if line.startswith("{") and line.endswith("}") and '"_aws"' not in line:
            found.append(json.loads(line))
    return found


def said(run: FaultsRun, task: str) -> list[dict[str, Any]]:
    """What all workers of the task logged."""
    return [line for file in sorted(folder(run).glob(f"{task}-*.log")) for line in lines_of(file)]
