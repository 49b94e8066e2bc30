"""Ctrl-C, `kill` and a closed terminal, which all mean: stop, and leave nothing half done."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)
SIGNALS = (signal.SIGINT, *ENDING)


class Stop:
    """True once somebody asked to stop: the step that has begun is finished. The second time they ask, it stops where it is."""

    def __init__(self) -> None:
        self.asked = False

    def __bool__(self) -> bool:
        return self.asked

    def sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def _ignore(number: int, frame: FrameType | None) -> None:
    """In place of SIG_IGN, of which Python complains where the signal has come already."""


def stop_on_all() -> None:
    """From here on each of them raises KeyboardInterrupt."""
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """`kill` and a closed terminal end what is inside as Ctrl-C does: by KeyboardInterrupt, so that it cleans up after itself.

    Once: a second signal does not cut the clean-up short. What is ignored, as under nohup, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDING}

    def end(number: int, frame: FrameType | None) -> None:
        for each in ENDING:
            signal.signal(each, _ignore)
        raise KeyboardInterrupt

    for number in (number for number, handler in before.items() if handler != signal.SIG_IGN):
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def postponed() -> Iterator[None]:
    """What must not be cut in two: a signal that comes inside does at the end what it would have done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in heard:
        signal.signal(number, remember)
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
    for each in came:
        signal.raise_signal(each)


@contextmanager
def stoppable() -> Iterator[Stop]:
    stop = Stop()
    before = {number: signal.signal(number, stop._hear) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
