"""Waits for what becomes of a batch, for redrives and replays: the next one begins when each message has an outcome."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fanout.ops.interrupt import Stop
from fanout.ops.redrive.outcomes import OutcomeWatcher
from fanout.ops.redrive.report import Report


@dataclass
class BatchWait:
    """Of one run. `patience`: seconds for a batch's outcomes; `stop_after`: failures that stop the rest.

    `failed` is how a failure is told, `rest` what becomes of the messages that are not sent yet, in words.
    """

    watcher: OutcomeWatcher
    report: Report
    stop: Stop
    patience: float
    stop_after: int
    failed: str
    rest: Callable[[], str]
    _told_at: float = field(default_factory=time.monotonic)

    def wait(self, name: str, sent: int, *, canary: bool) -> str | None:
        """For an outcome of every message of the batch; why the rest must stay, or None."""
        self.report(f"{name}: {sent} sent, waiting for {'its outcome' if sent == 1 else 'their outcomes'}")
        end, pause = time.monotonic() + self.patience, 0.25
        while True:
            self.watcher.poll()
            failing = self.failing(canary=canary)
            if failing or self.stop or not self.watcher.pending:
                return failing
            if time.monotonic() >= end:
                without = f"{self.watcher.pending} without an outcome after {self.patience:g} s{self._unread}"
                return f"{name}: {without}; {self.rest()}"
            self.stop.sleep(min(pause, max(0.0, end - time.monotonic())))
            pause = min(pause * 1.5, 2.0)

    def progress(self, tell: Callable[[], None], *, canary: bool) -> str | None:
        """Between two requests, once a second: `tell` how far it is, and look whether those sent fail."""
        if time.monotonic() - self._told_at < 1:
            return None
        self._told_at = time.monotonic()
        tell()
        self.watcher.poll()
        return self.failing(canary=canary)

    def failing(self, *, canary: bool) -> str | None:
        """Why the rest must stay, as far as failures say it."""
        if canary and self.watcher.failed:
            return f"the canary {self.failed} ({self.last_failure}): mend that first; {self.rest()}"
        if len(self.watcher.failed) >= self.stop_after:
            return f"{len(self.watcher.failed)} of those sent {self.failed} ({self.last_failure}): {self.rest()}"
        return None

    @property
    def _unread(self) -> str:
        """What the last look did not come to: an outcome may be there all the same."""
        unseen = "; ".join(self.watcher.completeness.unseen)
        return f", and not all could be read ({unseen})" if unseen else ""

    @property
    def last_failure(self) -> str:
        line = self.watcher.failed[-1]
        return f"{line.error_type}: {line.error}"
