"""Sends what the plan has, to one task's queue and to nothing else: one first, then ever more, as a redrive does.

For each request, and for those beside it in other lanes with one write: the plan says `sending`; SQS takes the messages; the
plan says `sent`. Killed in between, the run that goes on sends these few again, and counts them: the task skips an event
that it has done, and a FIFO queue drops a second message of the same deduplication id within five minutes. With `--again` both copies carry the moment at which the replay
began, so the second meets what the first has done since, and is skipped too.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws.lanes import lanes_for
from fanout.ops.aws.session import AT_ONCE
from fanout.ops.interrupt import Stop
from fanout.ops.redrive.outcomes import MOST_WATCHED, OutcomeWatcher
from fanout.ops.redrive.report import Report
from fanout.ops.redrive.runner import BATCHES
from fanout.ops.redrive.waiting import BatchWait
from fanout.ops.replay.archive import READERS, Unread
from fanout.ops.replay.checking import ERASED, REFUSED, erased_of, is_of, state_of
from fanout.ops.replay.message import Archived, Engines, Refused
from fanout.ops.replay.plan import READY, SENDING, SENT, Row
from fanout.ops.replay.replay import Replay
from fanout.ops.send.queue import MOST_ENTRIES, OutgoingMessage, Sent, raise_first, requests, send_beside
from fanout.words import counted

MOST_READ: Final = AT_ONCE * MOST_ENTRIES
"""Bodies of one portion, as many as are sent at once; those of the next are read meanwhile, so twice as many are in memory."""


@dataclass(frozen=True)
class Pace:
    """`rate`: messages a second; `patience`: seconds for a batch's outcomes; `stop_after`: failures that stop the rest.

    Without `watch`, as where the task is paused, nobody waits for outcomes. `again_from`: seconds; see `Archived.outgoing`.
    """

    rate: float = 50.0
    patience: float = 120.0
    stop_after: int = 5
    watch: bool = True
    again_from: float | None = None


@dataclass
class Result:
    """`stopped` says why there is a rest, or what is not well; None when all was sent, and is done."""

    stopped: str | None
    seconds: float
    counts: dict[str, Any] = field(default_factory=dict)


class ReplayRun:
    """`report` is told what happens, and how far it is."""

    def __init__(self, replay: Replay, pace: Pace, report: Report, stop: Stop) -> None:
        self.subscriber, self.plan, self.archive = replay.subscriber, replay.plan, replay.archive
        self.contracts, self.task, self._began = replay.contracts, replay.task, replay.began.isoformat()
        self.pace, self.report, self.stop = pace, report, stop
        self.watcher = OutcomeWatcher(self.subscriber)
        counts = self.plan.counts()
        self.sent = self.left_out = 0
        self.sent_before, self.perhaps_twice = counts.get(SENT, 0), counts.get(SENDING, 0)
        self.total = self.sent_before + self.perhaps_twice + counts.get(READY, 0)
        self._bodies: dict[int, Future[str | Unread]] = {}
        self._lanes = 1 if self.subscriber.is_fifo else lanes_for(pace.rate)
        self._wait = BatchWait(self.watcher, report, stop, pace.patience, pace.stop_after, "failed", self._rest)

    def run(self) -> Result:
        """Raises what AWS says where nothing was sent; where something was, that is why the rest stays."""
        began = time.monotonic()
        with ThreadPoolExecutor(READERS) as readers:
            try:
                stopped = self._batches(readers)
            except (ClientError, BotoCoreError) as error:
                if not self.sent:
                    raise
                stopped = f"{one_line(error)}; run it again to go on"
        if self.stop:
            stopped = "you asked to stop: what was begun is finished; run it again to go on"
        if stopped is None and self.watcher.failed:
            stopped = f"{len(self.watcher.failed)} failed ({self._wait.last_failure}): fanout status"
        if stopped is None and self.left_out:
            stopped = f"{counted(self.left_out, 'object')} changed or went since they were counted, and were left out"
        return Result(stopped, time.monotonic() - began, self._counts())

    def _batches(self, readers: ThreadPoolExecutor) -> str | None:
        """Why the rest must stay, or None."""
        sizes = iter((*BATCHES,) if self.pace.watch else ())
        number = 0
        while not self.stop:
            number += 1
            size = next(sizes, MOST_WATCHED)
            before = self.sent
            why = self._send(number, size, readers)
            sent = self.sent - before
            if why or self.stop:
                return why
            if sent and self.pace.watch:
                why = self._wait.wait(self._name(number), sent, canary=self._is_canary(number))
            if why:
                return why
            if sent < size:
                return None
        return None

    def _send(self, number: int, size: int, readers: ThreadPoolExecutor) -> str | None:
        began, before = time.monotonic(), self.sent
        while not self.stop and (left := size - (self.sent - before)) > 0:
            most = min(left, MOST_READ, max(1, int(self.pace.rate)))
            rows = self._portion(most, readers)
            if not rows:
                return None
            outgoing = self._outgoing(rows, [self._bodies.pop(row.number).result() for row in rows])
            waiting = requests(self.subscriber.queue_url, outgoing)
            while some := list(islice(waiting, self._lanes)):
                if why := self._requests(some, {str(each.number): each for each in rows}):
                    return why
                self.stop.sleep((self.sent - before) / self.pace.rate - (time.monotonic() - began))
                if failing := self._wait.progress(lambda: self._progress(number), canary=self._is_canary(number)):
                    return failing
                if self.stop:
                    return None
        return None

    def _portion(self, most: int, readers: ThreadPoolExecutor) -> list[Row]:
        """Its bodies are read, or being read, and so are those of the next."""
        rows = self.plan.portion(SENDING, 2 * most) or self.plan.portion(READY, 2 * most)
        for row in rows:
            if row.number not in self._bodies:
                self._bodies[row.number] = readers.submit(self._body, row)
        return rows[:most]

    def _body(self, row: Row) -> str | Unread:
        try:
            return self.archive.body(row.key, row.etag)
        except Unread as error:
            return error

    def _outgoing(self, rows: Sequence[Row], bodies: Sequence[str | Unread]) -> list[OutgoingMessage]:
        """What can no longer be sent is written down as such."""
        refused: list[tuple[int, str, str]] = []
        read: list[tuple[Row, Archived]] = []
        for row, body in zip(rows, bodies, strict=True):
            try:
                if isinstance(body, Unread):
                    raise body
                read.append((row, Archived.read(body, self.contracts)))
            except Unread as error:
                refused.append((row.number, state_of(error), error.why))
            except (Refused, Engines) as error:
                refused.append((row.number, REFUSED, str(error)))
        erased = erased_of(self.subscriber, [each for _, each in read])
        made = []
        for row, archived in read:
            if is_of(archived, erased):
                refused.append((row.number, ERASED, "its data was erased"))
                continue
            try:
                group = self.task.group(archived.event)
                made.append(archived.outgoing(self._key(row), group=group, again_from=self.pace.again_from))
            except Refused as error:
                refused.append((row.number, REFUSED, str(error)))
        self.plan.refuse(refused)
        self.left_out += len(refused)
        return made

    def _key(self, row: Row) -> str:
        """The same in the run that goes on after a kill, another one in any later plan: its rows have the same numbers."""
        return f"{self.plan.path.stem} {self._began} {row.number}"

    def _requests(self, some: Sequence[Sequence[OutgoingMessage]], rows: dict[str, Row]) -> str | None:
        """Sends them side by side, and writes down what became of each. Raises what AWS said to a whole one."""
        of = {each.key: rows[each.key.rpartition(" ")[2]] for request in some for each in request}
        self.plan.mark(SENDING, (row.number for row in of.values()))
        ended = send_beside(self.subscriber.aws, self.subscriber.queue_url, some)
        answers = [each for answer in ended for each in answer.sent]
        taken = [each for each in answers if each.id is not None]
        self.plan.mark_sent((of[each.outgoing.key].number, str(each.id)) for each in taken)
        for each in taken:
            if self.pace.watch:
                self.watcher.watch(str(each.id), of[each.outgoing.key].event_id)
        self.sent += len(taken)
        why = self._refused([each for each in answers if each.id is None], of)
        raise_first(ended)
        return why

    def _refused(self, answers: Sequence[Sent], of: dict[str, Row]) -> str | None:
        """What SQS may have taken all the same stays at `sending`."""
        if not answers:
            return None
        self.plan.mark(READY, (of[each.outgoing.key].number for each in answers if not each.perhaps))
        return f"SQS refused {of[answers[0].outgoing.key].key}: {answers[0].refusal}; run it again to go on"

    def _progress(self, number: int) -> None:
        self.report(f"{self._name(number)}: {self._outcomes()}", self.sent_before + self.sent, self.total)

    def _rest(self) -> str:
        left = self.total - self.sent_before - self.sent - self.left_out
        return f"{left} are not sent: run it again to go on" if left else "there is no rest"

    def _is_canary(self, number: int) -> bool:
        return self.pace.watch and number == 1

    def _name(self, number: int) -> str:
        return "canary" if self._is_canary(number) else f"batch {number}"

    def _outcomes(self) -> str:
        failed = f", {len(self.watcher.failed)} failed" if self.watcher.failed else ""
        seen = f", {self.watcher.done} seen done" if self.pace.watch else ""
        return f"{self.sent} sent{seen}{failed}"

    def _counts(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "sent_before": self.sent_before,
            "seen_done": self.watcher.done,
            "failed": len(self.watcher.failed),
            "no_outcome_yet": self.watcher.pending + self.watcher.unwatched if self.pace.watch else self.sent,
            "perhaps_twice": self.perhaps_twice,
            "left_out": self.left_out,
            "not_sent": self.total - self.sent_before - self.sent - self.left_out,
        }
