"""Programs that act at the same time, one call at a time, in an order that the test chooses; time is the test's too."""

import threading
from collections.abc import Callable, Iterator


class _Actor:
    def __init__(self, run: Callable[[], None]) -> None:
        self.run, self.go = run, threading.Semaphore(0)
        self.ready_at = self.late_at = 0.0
        self.over = False
        self.raised: BaseException | None = None


class Interleaving:
    """`choices` gives numbers without end: who is next, and how long that takes. `step` is called by the actors before
    each of their calls; a call takes at most `longest` seconds, as its time-out ends it.
    """

    def __init__(self, choices: Iterator[int], longest: float) -> None:
        self._choices, self._longest = choices, longest
        self._actors: list[_Actor] = []
        self._back = threading.Semaphore(0)
        self._own = threading.local()
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def step(self, operation: str = "") -> None:
        self._wait(0.0)

    def sleep(self, seconds: float) -> None:
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        actor: _Actor | None = getattr(self._own, "actor", None)
        if actor is None:
            return
        actor.ready_at = self.time + seconds
        actor.late_at = actor.ready_at + self._longest
        self._back.release()
        actor.go.acquire()

    def begin(self, run: Callable[[], None]) -> None:
        self._actors.append(_Actor(run))

    def all(self) -> None:
        """Until each is over. Raises the first of what they raised."""
        threads = [threading.Thread(target=self._act, args=[actor], daemon=True) for actor in self._actors]
        for thread in threads:
            thread.start()
            self._back.acquire()
        while waiting := [actor for actor in self._actors if not actor.over]:
            ready = [actor for actor in waiting if actor.ready_at <= self.time]
            if not ready:
                self.time = min(actor.ready_at for actor in waiting)
                continue
            late = [actor for actor in ready if actor.late_at <= self.time]
            chosen = (late or ready)[next(self._choices) % len(late or ready)]
            chosen.go.release()
            self._back.acquire()
            end = min((actor.late_at for actor in ready if actor is not chosen), default=self.time + self._longest)
            self.time = max(self.time, min(end, self.time + (0.0, 0.1, 1.0, 4.0)[next(self._choices) % 4]))
        for raised in [actor.raised for actor in self._actors if actor.raised]:
            raise raised

    def _act(self, actor: _Actor) -> None:
        self._own.actor = actor
        try:
            self._wait(0.0)
            actor.run()
        except BaseException as raised:
            actor.raised = raised
        actor.over = True
        self._back.release()
