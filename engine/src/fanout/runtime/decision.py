"""How one attempt ended is decided once, and from then on nothing that its thread still does counts.

Lambda freezes a container behind its answer and thaws it for the next invocation, minutes later: a thread that was given
up goes on then, in the middle of another's. So it says nothing (the log drops its lines), and no client of
`fanout.runtime.client` sends a request for it, nor the second try of one that began before.

Covered are the attempt's own thread and what runs in a copy of its context (`contextvars.copy_context().run`,
asyncio's tasks and `asyncio.to_thread`). Not covered: a thread or a pool that a task starts without it, clients that it
makes by itself, and the request that is on its way at that moment.
"""

import threading
from contextvars import ContextVar
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")


class AttemptOver(BaseException):
    """What an attempt meets that was given back or answered for. No Exception, so that no task takes it for a failure.

    Like asyncio.CancelledError: https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError
    """

    def __init__(self) -> None:
        super().__init__("this attempt is over: its message was answered for")


class Decision(Generic[T]):
    """Of one attempt: `open` while its task runs, `settled` once its thread knows how that ended, `over` once the
    reporter has answered for it. A compare-and-set under a lock: settled or over, whoever comes first. `T` says how."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: Literal["open", "settled", "over"] = "open"
        self._ending: T | None = None
        self.claim: Any = None
        """The attempt's hold on its event, once it has it."""

    @property
    def is_over(self) -> bool:
        return self._state == "over"

    @property
    def is_settled(self) -> bool:
        return self._ending is not None

    def settle(self, ending: T) -> None:
        """By the attempt's thread, when its task has ended. Raises AttemptOver where that comes too late."""
        with self._lock:
            if self._state == "over":
                raise AttemptOver
            self._state, self._ending = "settled", ending

    def close(self) -> T | None:
        """By the reporter: how it ended, if the thread settled it before."""
        with self._lock:
            self._state = "over"
            return self._ending

    def check(self) -> None:
        """Raises AttemptOver once it is over."""
        if self.is_over:
            raise AttemptOver


CURRENT: ContextVar[Decision[Any] | None] = ContextVar("attempt", default=None)
"""Of this thread's attempt; None outside of one."""


def is_over() -> bool:
    """Whether this thread belongs to an attempt that is over."""
    decision = CURRENT.get()
    return decision is not None and decision.is_over


def check(**request: object) -> None:
    """Raises AttemptOver in a thread whose attempt is over. The SDK calls it before each request goes out."""
    if decision := CURRENT.get():
        decision.check()
