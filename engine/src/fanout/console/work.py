"""Work that takes longer than a page: in a thread of its own, and every page reads how far it is."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from fanout.console.faults import line_of
from fanout.ops.interrupt import Stop

T = TypeVar("T")
AT_ONCE = 0.4
"""Seconds that a page waits for a look: most are over by then."""


class Work(Generic[T]):
    """`said` is its last line, `done` of `total` how far it is. `problem` is one line when it could not be ended."""

    def __init__(self, do: "Callable[[Work[T]], T]") -> None:
        self.said, self.done, self.total = "", 0, 0
        self.stop = Stop()
        self.result: T | None = None
        self.problem: str | None = None
        self.ended_at = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(do,), daemon=True)

    def start(self) -> "Work[T]":
        self._thread.start()
        return self

    @property
    def is_over(self) -> bool:
        return self._ended.is_set()

    def is_older(self, than: float) -> bool:
        """Whether it has been over for so many seconds."""
        return self.is_over and time.monotonic() - self.ended_at > than

    def wait(self, seconds: float) -> bool:
        """Whether it is over by then."""
        return self._ended.wait(seconds)

    def report(self, line: str, done: int = 0, total: int = 0) -> None:
        """As `fanout.ops.redrive.report.Report`."""
        self.said = line
        if total:
            self.done, self.total = done, total

    def _run(self, do: "Callable[[Work[T]], T]") -> None:
        try:
            self.result = do(self)
        except Exception as error:
            self.problem = line_of(error)
        finally:
            self.ended_at = time.monotonic()
            self._ended.set()
