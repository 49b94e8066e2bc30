"""Waiting for something to become true: always with a deadline, never for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

from fanout.local.errors import LocalError

T = TypeVar("T")


def wait_until(look: Callable[[], T | None], *, what: str, deadline: float, every: float = 0.05) -> T:
    """Looks until the answer is truthy and returns it; LocalError when `deadline` seconds pass without one."""
    end = time.monotonic() + deadline
    while True:
        if answer := look():
            return answer
        if time.monotonic() >= end:
            raise LocalError(f"gave up after {deadline:g} s of waiting for {what}")
        time.sleep(every)
