"""The messages that this worker holds: each waits for its turn, is worked on in a thread of its own, and ends in an outcome."""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

from fanout.runtime.attempt import Attempt, Ending, Task, event_in
from fanout.runtime.decision import CURRENT, AttemptOver
from fanout.runtime.event import event_classes
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import NotBegun, NotTried, Outcome, Record
from fanout.worker.errors import Lost, Stopped, TooLong
from fanout.worker.held import FENCE, Fenced, Held
from fanout.worker.machine import NO_THREAD, Machine
from fanout.worker.variables import LONGEST_HIDDEN, MARGIN, Variables

Ended = Callable[[Held, Outcome], None]
GivenBack = Callable[[Sequence[Held]], None]


class Hands:
    """`ended` hears of each message that was tried, once; `given_back` of those that were not."""

    def __init__(self, task: Task, variables: Variables, machine: Machine, ended: Ended, given_back: GivenBack) -> None:
        self._task, self._classes = task, event_classes(task)
        self._variables, self._machine = variables, machine
        self._ended, self._given_back = ended, given_back
        self.held: list[Held] = []
        self._hung: list[Held] = []

    @property
    def group_name(self) -> str:
        return next((each.GROUP for each in self._classes if each.GROUP), "")

    @property
    def waiting(self) -> list[Held]:
        return [each for each in self.held if each.began is None]

    @property
    def running(self) -> list[Held]:
        return [each for each in self.held if each.began is not None]

    def left_over(self, since: float = 0.0) -> int:
        """Threads that were given up, `since` seconds ago at least, and have not ended yet."""
        self._hung = [each for each in self._hung if not each.thread_ended]
        before = self._machine.monotonic() - since
        return sum(each.until <= before for each in self._hung)

    def take(self, records: Sequence[Record], received_at: float) -> list[Held]:
        hidden_until = received_at + self._variables.visibility
        beat_at = received_at + self._variables.visibility / 3
        taken = []
        for record in records:
            group = record["attributes"].get("MessageGroupId") if self._variables.is_fifo else None
            decision = Fenced(self._machine.monotonic, hidden_until - FENCE)
            taken.append(Held(record, group or object(), received_at, hidden_until, beat_at, decision))
        self.held += taken
        return taken

    def start_waiting(self) -> None:
        """Each whose turn it is: those of one group of a FIFO queue one after the other."""
        busy = {each.lane for each in self.running}
        now = self._machine.monotonic()
        for each in self.waiting:
            if each.lane in busy:
                continue
            busy.add(each.lane)
            if each.fence <= now:  # it may be somebody else's by now: asked first
                each.beat_at = min(each.beat_at, now)
            else:
                self._start(each, now)

    def next_end(self) -> float:
        """When the first attempt is given up."""
        return min((each.until for each in self.running), default=float("inf"))

    def give_up(self) -> None:
        """Attempts that took too long. What their threads still do: `fanout.runtime.decision`."""
        now = self._machine.monotonic()
        for each in [each for each in self.running if each.until <= now]:
            self._close(each, TooLong())

    def lost(self, held: Held) -> None:
        if held in self.held and held.began is None:
            self.held.remove(held)
            logger.warning("not tried: it is somebody else's by now", extra={"untried": {held.id: held.attempt}})
        elif held in self.held:
            self._close(held, Lost())

    def stop(self) -> None:
        """What runs, now: its grace is over."""
        for each in list(self.running):
            self._close(each, Stopped())

    def give_back_waiting(self, *, also_last: bool = False) -> None:
        """What was not tried, as it came. Who has its last attempt would be a dead letter without having been tried."""
        back = [each for each in self.waiting if also_last or not each.is_last]
        self.held = [each for each in self.held if each not in back]
        if back:
            self._given_back(back)

    def _start(self, held: Held, now: float) -> None:
        held.began = now
        held.until = min(now + self._variables.longest_attempt, held.received_at + LONGEST_HIDDEN - MARGIN)
        logger.info("received", extra={"messages": {held.id: held.attempt}, "function_request_id": held.request_id})
        try:
            self._machine.start_task(partial(self._work, held))
        except RuntimeError:  # the system has no more threads
            held.thread_ended = True
            self._finish(held, self._answered_for(held, None, NotBegun(NO_THREAD)))

    def _work(self, held: Held) -> None:
        """In the message's thread."""
        CURRENT.set(held.decision)
        seconds = held.decision.until - self._machine.monotonic()
        attempt = Attempt(self._task, self._classes, held.request_id, monotonic() + seconds)
        try:
            held.outcome = attempt.at(held.record, held.decision)
        except AttemptOver:
            pass  # it was answered for
        finally:
            held.thread_ended = True
            self._machine.tell(partial(self._came, held))

    def _came(self, held: Held) -> None:
        if held not in self.held:
            return  # given up before
        ending, outcome = held.decision.close(), held.outcome
        if outcome is None or isinstance(outcome.error, AttemptOver):  # it did not end by itself
            outcome = self._answered_for(held, ending, Lost())
        self._finish(held, outcome)

    def _close(self, held: Held, error: BaseException) -> None:
        outcome = self._answered_for(held, held.decision.close(), error)
        if not held.thread_ended:
            if not outcome.failed and (claim := held.decision.claim):
                claim.not_recorded(outcome.kind, error)
            held.until = self._machine.monotonic()
            self._hung.append(held)
        self._finish(held, outcome, hangs=True)

    def _finish(self, held: Held, outcome: Outcome, *, hangs: bool = False) -> None:
        """Whoever stands behind one of its group that comes again waits for it, but for whom this attempt is the last."""
        self.held.remove(held)
        self._ended(held, outcome)
        if outcome.failed and (hangs or not held.is_last):
            for each in [each for each in self.waiting if each.lane == held.lane and not each.is_last]:
                self.held.remove(each)
                self._ended(each, Outcome("failed", each.record, event_in(each.record, self._classes), NotTried(), 0.0))

    def _answered_for(self, held: Held, ending: Ending | None, otherwise: BaseException) -> Outcome:
        """By how it had ended, if its thread knew that; else it failed."""
        known = ending is not None and not isinstance(ending[1], AttemptOver)
        kind, error = ending if ending is not None and known else ("failed", otherwise)
        took = (self._machine.monotonic() - (held.began or 0.0)) * 1000
        return Outcome(kind, held.record, event_in(held.record, self._classes), error, took)
