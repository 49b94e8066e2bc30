"""Calls side by side: each is mostly waiting, so many take little longer than one."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from fanout.ops.aws.session import AT_ONCE

LANES: Final = 8
"""Where no rate says how many: receives of one look, sends of an import."""
_SECONDS_OF_TEN: Final = 0.15
"""A call, and what is written down before and after it; the calls before and after it are made meanwhile, for others."""

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


class _Threads:
    """Of this process: one that is forked has none of its parent's."""

    def __init__(self) -> None:
        self.begin()
        os.register_at_fork(after_in_child=self.begin)

    def begin(self) -> None:
        self.pool = ThreadPoolExecutor(1_024, "lane")


_THREADS: Final = _Threads()


def beside(call: Callable[..., _Answer], *arguments: Any) -> Future[_Answer]:
    """In another thread: in one that has nothing to do, else in a new one. So many are never under way, so no call waits for another."""
    return _THREADS.pool.submit(call, *arguments)


def in_lanes(call: Callable[[_Item], _Answer], items: Iterable[_Item], lanes: int = AT_ONCE) -> list[_Answer]:
    """The answers in the items' order. Raises what the first call raised, when those that had begun have ended.

    Each lane takes one item after the other, until a call raises something, or Ctrl-C comes to who waits here.
    """
    waiting = list(items)
    lanes = min(lanes, len(waiting))
    if lanes < 2:
        return [call(each) for each in waiting]
    answers: dict[int, _Answer] = {}
    raised: dict[int, BaseException] = {}
    left = iter(range(lanes, len(waiting)))

    def lane(number: int | None) -> None:
        while number is not None:
            try:
                answers[number] = call(waiting[number])
            except BaseException as error:
                raised[number] = error
            number = None if raised else next(left, None)

    running = [beside(lane, number) for number in range(lanes)]
    try:
        wait(running)
    except BaseException as error:
        raised[-1] = error
        wait(running)
    if raised:
        raise raised[min(raised)]
    return [answers[number] for number in range(len(waiting))]


class OnceForEach(Generic[_Item, _Answer]):
    """The same call, asked once for an item whoever asks, and from however many threads; what it raises, it raises to all."""

    def __init__(self, call: Callable[[_Item], _Answer]) -> None:
        self._call, self._asked, self._lock = call, dict[_Item, Future[_Answer]](), Lock()

    def __call__(self, item: _Item) -> _Answer:
        with self._lock:
            is_first = item not in self._asked
            future = self._asked.setdefault(item, Future())
        if is_first:
            try:
                future.set_result(self._call(item))
            except Exception as error:  # for whoever waits for it
                future.set_exception(error)
        return future.result()


def lanes_for(rate: float) -> int:
    """How many requests of ten messages must be under way at once for so many messages a second; the more there are, the
    more a kill leaves that were perhaps sent."""
    return max(1, min(AT_ONCE, int(rate * _SECONDS_OF_TEN / 10)))


def ahead(pages: Iterator[_Item], more: Callable[[_Item], bool] = lambda _: True) -> Generator[_Item, None, None]:
    """The same, of which the next is got while one is used, if there will be `more` after that one."""
    coming: Future[_Item | None] | None = None
    try:
        page = next(pages, None)
        while page is not None:
            coming = beside(next, pages, None) if more(page) else None
            yield page
            page = coming.result() if coming else next(pages, None)
    finally:
        if coming:
            wait((coming,))
