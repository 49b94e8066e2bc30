"""One dead letter for its pages: looked for in the background, and kept for some minutes, as a look for it costs."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from fanout.console.dead.listing import REST
from fanout.console.work import Work
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters.show import Found, search

MOST: Final = 20
KEPT: Final = 300.0
"""Seconds; it has answers, which are in memory alone."""


class Letters:
    """Safe in threads. Looks when nobody else has `one_look`."""

    def __init__(self, stack: Callable[[], Stack], one_look: threading.Lock) -> None:
        self._stack, self._one_look = stack, one_look
        self._lock = threading.Lock()
        self._works: OrderedDict[tuple[str, str], Work[Found]] = OrderedDict()

    def look_for(self, task: str, id_: str) -> Work[Found]:
        """A look that goes on, or has ended; a new one after `forget`, when what it found is old, or REST after it found nothing."""
        with self._lock:
            for key, each in [*self._works.items()]:
                if each.is_older(REST if each.result is None else KEPT):
                    del self._works[key]
            work = self._works.get((task, id_))
            if work is None:
                work = self._works[task, id_] = Work(lambda _: self._found(task, id_)).start()
            self._works.move_to_end((task, id_))
            if len(self._works) > MOST:
                self._works.popitem(last=False)
            return work

    def _found(self, task: str, id_: str) -> Found:
        with self._one_look:
            return search(self._stack(), id_, task)

    def forget(self, task: str, id_: str) -> None:
        """It was changed, or is to be looked for again."""
        with self._lock:
            self._works.pop((task, id_), None)

    def forget_all(self) -> None:
        """Something was done with letters; a look that goes on ends first."""
        with self._lock:
            for key, each in [*self._works.items()]:
                if each.is_over:
                    del self._works[key]
