"""Keeps messages hidden, and the claims of their events, while they are worked on, and not a moment longer.

Every third of the visibility SQS is asked to hide a message for the whole of it again: never beyond the longest attempt, nor
12 hours from its receive. A message that SQS does not know any more, or whose claim is another's, is lost to this worker.
"""

from functools import partial

from fanout.runtime.log import describe
from fanout.runtime.log import own as logger
from fanout.worker.hands import Hands
from fanout.worker.held import Held
from fanout.worker.machine import Machine, ask
from fanout.worker.queue import GONE, MOST, Queue
from fanout.worker.variables import LONGEST_HIDDEN, MARGIN, Variables

BEYOND = 15
"""Seconds for which a message stays hidden behind the end of its longest attempt: so long the answer to SQS may take."""
AGAIN = 5.0
"""Seconds after a request that failed."""
JUMP = 5.0
"""Seconds by which the two clocks part at once where somebody set one, or the machine stood still unnoticed."""


class Keeper:
    def __init__(self, queue: Queue, variables: Variables, machine: Machine, hands: Hands) -> None:
        self._queue, self._variables, self._machine, self._hands = queue, variables, machine, hands
        self._apart = machine.wall() - machine.monotonic()
        self._refused = ""

    def next_beat(self) -> float:
        return min((each.beat_at for each in self._hands.held if not each.asked), default=float("inf"))

    def beat(self) -> None:
        """Asks for what is due; all of it where a clock jumped, as what was asked before may not hold any more."""
        now, apart = self._machine.monotonic(), self._machine.wall() - self._machine.monotonic()
        jumped, self._apart = abs(apart - self._apart) > JUMP, apart
        for each in self._hands.held if jumped else ():
            each.beat_at = min(each.beat_at, now)
        held = [each for each in self._hands.held if not each.asked and each.beat_at <= now]
        for start in range(0, len(held), MOST):
            self._ask(held[start : start + MOST], now)

    def _ask(self, some: list[Held], now: float) -> None:
        seconds = [(each, self._seconds(each, now)) for each in some]
        asked = [(each, left) for each, left in seconds if left > 0]
        for each, left in seconds:
            each.beat_at = now + self._variables.visibility / 3 if left > 0 else float("inf")
            if left <= 0 and each.began is None:
                self._hands.lost(each)
        if asked:
            for each, _ in asked:
                each.asked = True
            entries = [(each.handle, left) for each, left in asked]
            ask(self._machine, partial(self._queue.hide, entries), partial(self._answered, asked, now))

    def _seconds(self, held: Held, now: float) -> int:
        end = min(held.until + BEYOND, held.received_at + LONGEST_HIDDEN - MARGIN / 2)
        return int(min(self._variables.visibility, end - now))

    def _answered(
        self, asked: list[tuple[Held, int]], at: float, codes: list[str] | None, error: Exception | None
    ) -> None:
        told = [describe(error)["error"]] * len(asked) if error is not None else codes or []
        self._say(next((each for each in told if each and each not in GONE), ""))
        for (held, seconds), code in zip(asked, told, strict=True):
            held.asked = False
            if not code:
                held.hidden_until = at + seconds
                self._claim(held)
            elif code in GONE:
                self._hands.lost(held)
            else:
                held.beat_at = min(held.beat_at, self._machine.monotonic() + AGAIN)

    def _claim(self, held: Held) -> None:
        """It is hidden longer, and acts longer once its claim lasts longer too."""
        claim = held.decision.claim
        if claim is None or held not in self._hands.held:
            held.decision.until = max(held.decision.until, held.fence)
            return
        left = held.fence - self._machine.monotonic()
        if left > 0:
            held.asked = True
            ask(self._machine, partial(claim.hold, left), partial(self._claimed, held, held.fence))

    def _claimed(self, held: Held, until: float, ours: bool | None, error: Exception | None) -> None:
        held.asked = False
        if error is not None:
            self._say(describe(error)["error"])
            held.beat_at = min(held.beat_at, self._machine.monotonic() + AGAIN)
        elif ours:
            held.decision.until = max(held.decision.until, until)
        elif not held.decision.is_settled:
            self._hands.lost(held)

    def _say(self, refused: str) -> None:
        """Once per change."""
        if refused and refused != self._refused:
            logger.warning("not kept hidden for longer: tried again", extra={"refused": refused})
        self._refused = refused
