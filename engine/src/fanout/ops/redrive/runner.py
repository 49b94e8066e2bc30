"""One `fanout dead redrive` from beginning to end: one message first, then ever more, each batch after the one before.

1, 5, 20, 100, 500 and then 1,000 at a time. A batch begins only when every message of the one before has an outcome, and
not too many failed again: what is wrong is seen while most letters are untouched.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops import lease
from fanout.ops.aws.lanes import ahead, lanes_for
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive.frozen import Frozen
from fanout.ops.redrive.mover import MessageMover
from fanout.ops.redrive.outcomes import MOST_WATCHED, OutcomeWatcher
from fanout.ops.redrive.report import Report
from fanout.ops.redrive.waiting import BatchWait
from fanout.ops.send.queue import Sent
from fanout.words import counted

BATCHES: Final = (1, 5, 20, 100, 500)


@dataclass(frozen=True)
class Plan:
    """`rate`: messages a second; `patience`: seconds for a batch's outcomes; `stop_after`: failures that stop the rest.

    Without `canary` the first batch has 1,000 messages.
    """

    selection: Selection
    canary: bool = True
    rate: float = 50.0
    patience: float = 120.0
    stop_after: int = 5
    visibility: int = browse.VISIBILITY
    force: bool = False

    def batches(self) -> Iterator[int]:
        """The size of each batch; they do not end."""
        if self.canary:
            yield from BATCHES
        while True:
            yield MOST_WATCHED


@dataclass
class Result:
    """`stopped` says why there is a rest, or what is not well; None when every letter was sent, and is done.

    `completeness` says what of the selection was not seen, so nothing was done with it.
    """

    task: str
    stopped: str | None = None
    seconds: float = 0.0
    counts: dict[str, Any] = field(default_factory=dict)
    completeness: Completeness = COMPLETE

    @property
    def is_well(self) -> bool:
        return self.stopped is None and bool(self.completeness)


class RedriveRun:
    """`report` is told what happens, and how far it is."""

    def __init__(
        self, subscriber: DeployedSubscriber, journal: Journal, plan: Plan, frozen: Frozen, report: Report, stop: Stop
    ) -> None:
        self.subscriber, self.plan, self.frozen, self.report, self.stop = subscriber, plan, frozen, report, stop
        self.mover = MessageMover(subscriber, journal, 1 if subscriber.is_fifo else lanes_for(plan.rate))
        self.watcher = OutcomeWatcher(subscriber)
        self._explainer = Explainer(subscriber.aws, subscriber)
        self._handled: set[str] = set()
        self._look = COMPLETE
        self._began_with = 0
        self._wait = BatchWait(self.watcher, report, stop, plan.patience, plan.stop_after, "failed again", self._rest)

    def run(self) -> Result:
        """Raises what AWS says where nothing was moved; where something was, that is why the rest stays."""
        began = time.monotonic()
        try:
            stopped = self._batches()
        except (ClientError, BotoCoreError) as error:
            if not self._moved:
                raise
            stopped = one_line(error)
        if stopped is None and self.stop:
            stopped = "you asked to stop: what was begun is finished, the rest stays; run it again to go on"
        tally = self.mover.tally
        if stopped is None and tally.refused:
            behind = f"; left: {counted(tally.behind, 'dead letter')} behind it, in its group" if tally.behind else ""
            stopped = f"SQS refused {len(tally.refused)}: {tally.refused[0]}{behind}"
        if stopped is None and self.watcher.failed:
            stopped = f"{len(self.watcher.failed)} failed again ({self._wait.last_failure}): fanout status"
        if stopped is None and tally.unread:
            stopped = f"left: {counted(len(tally.unread), 'dead letter')} cannot be read: export or drop them"
        if stopped is None and tally.late:
            stopped = f"left: {counted(tally.late, 'dead letter')}, as their time was over: run it again"
        first = COMPLETE if self.frozen.until else self.frozen.completeness  # a FIFO queue shows more as it goes
        completeness = first + self._look + self.plan.selection.completeness
        return Result(self.subscriber.task, stopped, time.monotonic() - began, self._counts(), completeness)

    def _batches(self) -> str | None:
        """Why the rest must stay, or None."""
        for number, size in enumerate(self.plan.batches(), start=1):
            before = self._moved
            failing = self._send(number, size)
            sent = self._moved - before
            if self.stop:
                return None
            why = failing or (self._after(number, sent) if sent else None)
            if why or sent < size:
                return why
        return None

    def _send(self, number: int, size: int) -> str | None:
        """One batch, in as many looks as it takes; it is smaller when no more of the selection can be seen."""
        began, before = time.monotonic(), self._moved
        patience = 0.0
        while not self.stop and self._moved - before < size and self._is_rest:
            handled = len(self._handled)
            with browse.browse(
                self.subscriber.aws,
                self.subscriber.dead_letter_queue_url,
                visibility=self.plan.visibility,
                limit=browse.MOST,
                patience=patience,
                gone=self._moved,
                began_with=self._began_with,
            ) as browsing:
                try:
                    failing = self._pass(browsing, number, before + size, began)
                finally:
                    self.mover.finish()  # before the rest is shown again
            self._began_with = browsing.began_with
            if failing:
                return failing
            if len(self._handled) > handled:
                patience = 0.0
            elif browsing.complete or patience:
                self._look = COMPLETE if browsing.complete else browsing.completeness
                return None
            else:
                patience = self.plan.visibility + 5.0
        return None

    def _pass(self, browsing: browse.Browse, number: int, until: int, began: float) -> str | None:
        size = max(1, min(browse.TEN * self.mover.lanes, int(self.plan.rate)))
        before = self._moved
        # What is chosen may be one of thousands, so they are received by ten at least, however few are sent.
        pages = browsing.pages(max(browse.TEN, min(size, until - self._moved)))
        for page in ahead(pages, lambda page: self._is_more(page, until)):
            fresh = [each for each in page if each.message_id not in self._handled]
            chosen = self.frozen.pick(fresh, self.plan.selection, self._explainer)[: until - self._moved]
            for start in range(0, len(chosen) or 1, size):
                picked = [each for each in chosen[start : start + size] if lease.now() < each.expires]
                if picked:  # another look has the others
                    self._handled.update(each.message_id for each in picked)
                    self._move(picked, browsing)
                    self.stop.sleep((self._moved - before) / self.plan.rate - (time.monotonic() - began))
                failing = self._wait.progress(lambda: self._progress(number), canary=self._is_canary(number))
                if failing or self.stop or self._moved >= until or not self._is_rest:
                    return failing
        return None

    def _is_more(self, page: Sequence[DeadLetterMessage], until: int) -> bool:
        """Whether another page will be wanted: it is received while this one is moved, where there are lanes."""
        left = min(until - self._moved, len(self.frozen) - len(self._handled))
        return self.mover.lanes > 1 and len(page) < left

    @property
    def _is_rest(self) -> bool:
        """Whether some of the selection was not handled; in a FIFO queue only a look knows."""
        return self.frozen.until is not None or len(self._handled) < len(self.frozen)

    def _move(self, messages: list[DeadLetterMessage], browsing: browse.Browse) -> None:
        of = {each.message_id: each.event_id for each in messages}

        def watch(sent: Sent) -> None:
            assert sent.id is not None
            self.watcher.watch(sent.id, of[sent.outgoing.key])

        self.mover.move(messages, browsing, watch)

    def _after(self, number: int, sent: int) -> str | None:
        """Why the rest must stay, or None."""
        name = self._name(number)
        why = self._wait.wait(name, sent, canary=self._is_canary(number))
        if not why and not self.stop:
            self.report(f"{name} done" if not self.watcher.failed else f"{name}: {self._outcomes()}")
        return why

    def _rest(self) -> str:
        return "the rest is untouched" if self._is_rest else "there is no rest"

    def _is_canary(self, number: int) -> bool:
        return self.plan.canary and number == 1

    def _name(self, number: int) -> str:
        return "canary" if self._is_canary(number) else f"batch {number}"

    def _progress(self, number: int) -> None:
        self.report(f"{self._name(number)}: {self._outcomes()}", self._moved, max(len(self.frozen), self._moved))

    def _outcomes(self) -> str:
        left = max(0, len(self.frozen) - self._moved)
        failed = f", {len(self.watcher.failed)} failed again" if self.watcher.failed else ""
        return f"{self._moved} sent, {self.watcher.done} seen done{failed}, {left} left"

    @property
    def _moved(self) -> int:
        return self.mover.tally.sent + self.mover.tally.finished

    def _counts(self) -> dict[str, Any]:
        tally = self.mover.tally
        return {
            "sent": tally.sent,
            "seen_done": self.watcher.done,
            "failed_again": len(self.watcher.failed),
            "no_outcome_yet": self.watcher.pending + self.watcher.unwatched,
            "not_handled": max(0, len(self.frozen) - len(self._handled)) if not self.frozen.until else 0,
            "deleted_only": tally.finished,
            "letters_left_behind": tally.left,
            "perhaps_twice": tally.maybe_twice,
            "cannot_be_read": tally.unread,
            "refused": tally.refused[:10],
        }
