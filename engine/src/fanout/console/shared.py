"""What several tabs look at is asked for once: the first one asks, the others wait for its answer."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
_MOST = 500


class Shared:
    """Answers by key, each for so many seconds. What is raised is raised to all who waited, and is not kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[Hashable, tuple[float, Any]] = {}
        self._asking: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, seconds: float, ask: Callable[[], T]) -> T:
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            with self._lock:
                at, found = self._of.get(key, (float("-inf"), None))
            if time.monotonic() - at < seconds:
                return found  # type: ignore[no-any-return]  # of the same key, and so of the same type
            answer = ask()
            with self._lock:
                if len(self._of) >= _MOST:
                    self._of.clear()
                    self._asking.clear()
                self._of[key] = (time.monotonic(), answer)
            return answer
