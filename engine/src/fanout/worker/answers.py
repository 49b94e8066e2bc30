"""Tells SQS what became of messages: deleted, hidden until their next attempt, or given back as they came."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from fanout.runtime import metrics, retry
from fanout.runtime.idempotency import LEASE_MARGIN_SECONDS
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import Outcome
from fanout.worker.errors import Lost, Stopped, TooLong
from fanout.worker.held import Held
from fanout.worker.machine import Machine, ask
from fanout.worker.queue import GONE, MOST, Queue

AGAIN = 2.0
"""Seconds after a delete that failed."""
INTERRUPTED = LEASE_MARGIN_SECONDS + 2
"""Seconds until an interrupted message shows again: an attempt that met the claim of this one would be burnt on it."""


@dataclass(eq=False)
class _Done:
    held: Held
    at: float


class Answers:
    """`heard` gets every outcome. All requests run beside the loop; `under_way` counts them."""

    def __init__(
        self, queue: Queue, machine: Machine, group_name: Callable[[], str], heard: Callable[[Outcome], None]
    ) -> None:
        self._queue, self._machine, self._group_name, self._heard = queue, machine, group_name, heard
        self._outcomes: list[tuple[Held, Outcome]] = []
        self._failed: list[tuple[Held, Outcome]] = []
        self._done: list[_Done] = []
        self.under_way = 0

    @property
    def is_idle(self) -> bool:
        return not (self.under_way or self._done or self._outcomes or self._failed)

    def next_try(self) -> float:
        return min((each.at for each in self._done), default=float("inf"))

    def ended(self, held: Held, outcome: Outcome) -> None:
        self._outcomes.append((held, outcome))

    def given_back(self, messages: Sequence[Held]) -> None:
        """Untried: they show again at once."""
        logger.info("given back untried", extra={"untried": {each.id: each.attempt for each in messages}})
        self._hide(messages, 0)

    def send(self) -> None:
        """What ended since: SQS first, then the log and the metrics."""
        outcomes, self._outcomes = self._outcomes, []
        now = self._machine.monotonic()
        self._done += [_Done(held, now) for held, outcome in outcomes if not outcome.failed]
        self._delete([each for each in self._done if each.at <= now])
        self._failed += [(held, outcome) for held, outcome in outcomes if outcome.failed]
        self._postpone([each for each in self._failed if not each[0].asked])
        for held, outcome in outcomes:
            guarded(f"the log line of {held.id}", partial(outcome.log, held.request_id))
            self._heard(outcome)
        if outcomes:
            guarded("measuring", partial(metrics.emit, [outcome for _, outcome in outcomes], self._group_name()))
            guarded("writing to standard output", sys.stdout.flush)

    def _delete(self, due: list[_Done]) -> None:
        self._done = [each for each in self._done if each not in due]
        for start in range(0, len(due), MOST):
            some = due[start : start + MOST]
            self._ask(partial(self._queue.delete, [each.held.handle for each in some]), partial(self._deleted, some))

    def _deleted(self, some: list[_Done], codes: list[str] | None, error: Exception | None) -> None:
        """What SQS did not delete is tried again as long as it is hidden; then it comes again, as a duplicate."""
        self.under_way -= 1
        told = [describe(error)["error"]] * len(some) if error is not None else codes or []
        now = self._machine.monotonic()
        for each, code in zip(some, told, strict=True):
            if not code:
                continue
            if code not in GONE and now + AGAIN < each.held.hidden_until:
                each.at = now + AGAIN
                self._done.append(each)
                continue
            told_of = {"message_id": each.held.id, "attempt": each.held.attempt, "refused": code}
            logger.warning("done, but not deleted: it comes again as a duplicate", extra=told_of)

    def _postpone(self, failed: list[tuple[Held, Outcome]]) -> None:
        """By the retry schedule. Who was stopped did not fail, and whose message is lost has nothing to say to SQS.

        None of which a request of the keeper's is under way: carried out later than this one, that would hold instead.
        """
        self._failed = [each for each in self._failed if each not in failed]
        stopped = [held for held, outcome in failed if isinstance(outcome.error, Stopped)]
        for held, outcome in failed:
            if isinstance(outcome.error, Stopped | TooLong) and (claim := held.decision.claim) is not None:
                self._ask(partial(claim.hold, 0), self._let_go)
        self._hide(stopped, INTERRUPTED)
        later = [(held, each) for held, each in failed if not isinstance(each.error, Stopped | Lost)]
        if later:
            used = self._machine.monotonic() - min(held.received_at for held, _ in later)
            self._ask(partial(retry.postpone, [outcome for _, outcome in later], used), self._let_go)

    def _hide(self, messages: Sequence[Held], seconds: int) -> None:
        for start in range(0, len(messages), MOST):
            some = [(each.handle, seconds) for each in messages[start : start + MOST]]
            self._ask(partial(self._queue.hide, some), self._let_go)

    def _let_go(self, answer: object, error: Exception | None) -> None:
        """Where that failed the message comes back all the same, when its visibility is over."""
        self.under_way -= 1
        if error is not None:
            logger.warning("not given back: its visibility timeout holds", extra=describe(error))

    def _ask(self, call: Callable[[], object], then: Callable[[object, Exception | None], None]) -> None:
        self.under_way += 1
        ask(self._machine, call, then)


def guarded(what: str, run: Callable[[], None]) -> None:
    """What cannot be said ends no worker."""
    try:
        run()
    except Exception as error:
        logger.warning(f"{what} failed; the worker goes on all the same", extra=describe(error))
