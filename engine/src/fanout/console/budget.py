"""How many calls of AWS the console makes a minute: counted where they leave, and bounded for whatever only looks."""

import threading
import time
from collections import deque
from typing import Any

import boto3

from fanout.errors import OpsError

LIMIT = 1_200
"""Calls a minute to look. All of them at SQS's price are 20 dollars a month; nobody looks that long."""
MINUTE = 60.0
_PATIENCE = 5.0


class Budget:
    """Tabs share it: what they look at is collected once. Changes, and the long looks that a person asks for one at a time,
    are counted, never held back, and hold nothing else back: a redrive of thousands leaves the pages as quick as they were.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._at: deque[float] = deque()
        self._asked: deque[float] = deque()
        self._lock = threading.Lock()

    def attach(self, session: boto3.Session, *, acts: bool = False) -> None:
        """Before its first client is made: clients copy what a session has."""
        count = self._count if acts else self._count_or_wait
        session.events.register("before-send", count, unique_id=f"fanout-console-budget-{id(self)}")

    @property
    def used(self) -> int:
        """Calls in the last minute."""
        with self._lock:
            self._forget(time.monotonic())
            return len(self._at) + len(self._asked)

    @property
    def looks(self) -> int:
        """Of them, what only looks: never more than `limit`."""
        with self._lock:
            self._forget(time.monotonic())
            return len(self._at)

    def _count(self, **_: Any) -> None:
        with self._lock:
            self._forget(time.monotonic())
            self._asked.append(time.monotonic())

    def _count_or_wait(self, **_: Any) -> None:
        end = time.monotonic() + _PATIENCE
        while not self._took():
            if time.monotonic() > end:
                raise OpsError(f"the console has made its {self.limit} calls of AWS for this minute: look again soon")
            time.sleep(0.05)

    def _took(self) -> bool:
        now = time.monotonic()
        with self._lock:
            self._forget(now)
            if len(self._at) >= self.limit:
                return False
            self._at.append(now)
            return True

    def _forget(self, now: float) -> None:
        for calls in (self._at, self._asked):
            while calls and now - calls[0] > MINUTE:
                calls.popleft()
