"""A background process that outlives its starter, known by a pid file it wrote itself."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from fanout.local.emulator.state import State
from fanout.local.errors import LocalError
from fanout.local.wait import wait_until
from fanout.ops.interrupt import postponed
from fanout.project import find_root

# The shell writes the pid and then becomes the program: there is no moment in which a program runs without a pid
# file, whenever its starter is killed.
_WRITE_PID_THEN_RUN = 'echo $$ > "$0" && exec "$@"'


@dataclass
class Process:
    """One per name and state folder. Every method may be called by a later run than the one that started it."""

    name: str
    state: State
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def mark(self) -> str:
        """An argument every program gets: it tells our process from a stranger who was given the same pid later."""
        return f"--pid={self.state.pid(self.name)}"

    def pid(self) -> int | None:
        """Its pid while it runs, else None: a pid file may be missing, stale, or name a stranger by now."""
        if self._child and self._child.poll() is None:
            return self._child.pid
        try:
            pid = int(self.state.pid(self.name).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if f" {self.mark} " in _command_line(pid) else None

    def start(self, program: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()) -> None:
        """Runs `program` in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it."""
        shell = ["/bin/sh", "-c", _WRITE_PID_THEN_RUN, str(self.state.pid(self.name))]
        with self.state.log(self.name).open("wb") as log, postponed():
            self._child = subprocess.Popen(
                [*shell, *program, self.mark],
                env=dict(environment),
                cwd=find_root(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=tuple(pass_fds),
            )

    def wait_until_ready(self, answers: Callable[[], bool], deadline: float) -> None:
        def ready_or_ended() -> bool:
            return answers() or self._ended()

        wait_until(
            ready_or_ended, what=f"the {self.name} to answer; see {self.state.log(self.name)}", deadline=deadline
        )
        if self._ended():
            raise LocalError(f"the {self.name} ended at once: {self._last_words()}; see {self.state.log(self.name)}")

    def stop(self, patience: float = 1.0) -> bool:
        """Ends it and everything it started: asks first, then insists. False when it did not run."""
        pid = self.pid()
        if pid is not None:
            _signal_group(pid, signal.SIGTERM)
            with suppress(LocalError):
                wait_until(lambda: self.pid() is None, what=self.name, deadline=patience, every=0.02)
            _signal_group(pid, signal.SIGKILL)
            wait_until(lambda: self.pid() is None, what=f"{self.name} (pid {pid}) to end", deadline=5.0, every=0.02)
        if self._child:
            self._child.wait()
        self.state.pid(self.name).unlink(missing_ok=True)
        return pid is not None

    def _ended(self) -> bool:
        return self._child is not None and self._child.poll() is not None

    def _last_words(self) -> str:
        lines = self.state.log(self.name).read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _signal_group(pid: int, number: signal.Signals) -> None:
    """It leads its own group, so this reaches it and its children and nobody else."""
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _command_line(pid: int) -> str:
    """Of a living process; empty when there is none, or only a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    ps = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return ps.stdout.strip() + " "
