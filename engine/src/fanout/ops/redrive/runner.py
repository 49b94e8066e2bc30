"""One `fanout dead redrive` from beginning to end: is it safe, one message first, then the rest at a rate."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive.mover import MessageMover
from fanout.ops.redrive.outcomes import OutcomeWatcher
from fanout.ops.redrive.report import Report


@dataclass(frozen=True)
class Plan:
    """`rate`: messages a second; `patience`: seconds for an outcome; `stop_after`: failures that stop the rest."""

    selection: Selection
    canary: bool = True
    rate: float = 50.0
    patience: float = 120.0
    stop_after: int = 5
    visibility: int = browse.VISIBILITY
    force: bool = False


@dataclass
class Result:
    """`stopped` says why there is a rest; None when every chosen message was sent and none was seen to fail again."""

    task: str
    stopped: str | None = None
    seconds: float = 0.0
    counts: dict[str, Any] = field(default_factory=dict)


class RedriveRun:
    """`report` is told what happens, and how far it is."""

    def __init__(
        self, subscriber: DeployedSubscriber, journal: Journal, plan: Plan, report: Report, stop: Stop
    ) -> None:
        self.subscriber, self.plan, self.report, self.stop = subscriber, plan, report, stop
        self.mover = MessageMover(subscriber, journal)
        self.watcher = OutcomeWatcher(subscriber)
        self._explainer = Explainer(subscriber.aws, subscriber)
        self._total = 0
        self._reported_at = time.monotonic()
        self._began = datetime.now(UTC)

    def run(self) -> Result:
        began = time.monotonic()
        self._began = sqs_time(self.subscriber)
        self._total = browse.read_depth(self.subscriber.aws, self.subscriber.dead_letter_queue_url).all
        stopped = self._canary() if self.plan.canary else None
        if stopped is None and not self.stop:
            stopped = self._rest() or self._wait()
        if self.stop:
            stopped = "you asked to stop: what was begun is finished, the rest stays; run it again to go on"
        if stopped is None and self.mover.tally.refused:
            stopped = f"SQS refused {len(self.mover.tally.refused)}: {self.mover.tally.refused[0]}"
        return Result(self.subscriber.task, stopped, time.monotonic() - began, self._counts())

    def _canary(self) -> str | None:
        """One message, and wait what becomes of it; why the rest must stay, or None."""
        message = self._send_first()
        if message is None:
            return None
        self.report(f"canary {message.message_id} of group {message.ids.group or '?'} sent: waiting for its outcome")
        self.watcher.wait(self.plan.patience, self.stop, until_failures=1)
        if self.stop:
            return None
        if self.watcher.failed:
            line = self.watcher.failed[0]
            return f"the canary failed again ({line.error_type}: {line.error}): mend that first; the rest is untouched"
        if self.watcher.waiting:
            return (
                f"the canary has no outcome after {self.plan.patience:g} s: see fanout where {message.event_id};"
                " the rest is untouched"
            )
        self.report("canary done")
        return None

    def _send_first(self) -> DeadLetterMessage | None:
        with self._browse() as browsing:
            for page in browsing.pages():
                picked = self.plan.selection.pick(page, self._explainer)
                if picked:
                    self._move(picked[:1], browsing)
                    return picked[0]
        return None

    def _rest(self) -> str | None:
        """Passes over the queue, until one has seen it to its end; why it stopped, or None."""
        began = time.monotonic()
        while not self.stop:
            before = self._moved
            with browse.browse(
                self.subscriber.aws,
                self.subscriber.dead_letter_queue_url,
                visibility=self.plan.visibility,
                limit=browse.MOST,
            ) as browsing:
                stopped = self._pass(browsing, began)
            if stopped or browsing.complete or self.plan.selection.is_satisfied:
                return stopped or self._hidden()
            if self._moved == before and not self.stop:
                return (
                    f"looked at {browsing.seen} dead letters, and there are more than one pass can hold: run it again"
                )
        return None

    def _pass(self, browsing: browse.Browse, began: float) -> str | None:
        size = max(1, min(10, int(self.plan.rate)))
        for messages in self._portions(browsing, size):
            old = [each for each in messages if each.sent_at <= self._began]
            picked = self.plan.selection.pick(old, self._explainer)
            for start in range(0, len(picked), size):
                self._move(picked[start : start + size], browsing)
                self.stop.sleep(self._moved / self.plan.rate - (time.monotonic() - began))
                failing = self._check_progress(began)
                if failing or self.stop:
                    return failing
            if self.stop or self.plan.selection.is_satisfied:
                return None
        return None

    def _portions(self, browsing: browse.Browse, size: int) -> Iterator[list[DeadLetterMessage]]:
        """A page, or as many messages as one question to the log is asked about, and no more than can be sent in time."""
        pages = browsing.pages(size)
        if not self.plan.selection.causes:
            yield from pages
            return
        most = min(500, max(10, int(self.plan.rate * self.plan.visibility / 3)))
        messages: list[DeadLetterMessage] = []
        for page in pages:
            messages += page
            if len(messages) >= most:
                yield messages
                messages = []
        if messages:
            yield messages

    def _check_progress(self, began: float) -> str | None:
        """Once a second: how far it is, and whether those sent fail again."""
        if time.monotonic() - self._reported_at < 1:
            return None
        self._reported_at = time.monotonic()
        self._report_progress(self._reported_at - began)
        self.watcher.poll()
        if len(self.watcher.failed) < self.plan.stop_after:
            return None
        line = self.watcher.failed[-1]
        return (
            f"{len(self.watcher.failed)} of those sent failed again ({line.error_type}: {line.error}):"
            " the rest is untouched"
        )

    def _browse(self) -> AbstractContextManager[browse.Browse]:
        url = self.subscriber.dead_letter_queue_url
        return browse.browse(self.subscriber.aws, url, visibility=self.plan.visibility, limit=browse.MOST)

    def _move(self, messages: list[DeadLetterMessage], browsing: browse.Browse) -> None:
        for each in self.mover.move(messages, browsing):
            assert each.id is not None
            self.watcher.watch(each.id)

    def _hidden(self) -> str | None:
        """Messages that are in somebody's hand: another operator's, or those of a run that was killed."""
        end = time.monotonic() + self.plan.visibility + 5
        while not self.stop and self.plan.selection.is_everything:
            depth = browse.read_depth(self.subscriber.aws, self.subscriber.dead_letter_queue_url)
            if not depth.in_flight:
                return None  # what is visible now died after this redrive began
            if time.monotonic() > end:
                return f"{depth.in_flight} dead letters are in somebody's hand: run it again in a minute"
            self.report(
                f"{depth.in_flight} dead letters are still in somebody's hand (another command, or a run that was killed): waiting"
            )
            self.stop.sleep(2)
            with browse.browse(
                self.subscriber.aws,
                self.subscriber.dead_letter_queue_url,
                visibility=self.plan.visibility,
                limit=browse.MOST,
            ) as browsing:
                stopped = self._pass(browsing, time.monotonic())
            if stopped:
                return stopped
        return None

    def _wait(self) -> str | None:
        if self.stop or not self.watcher.waiting:
            return None
        self.report(f"sent; waiting for the last {self.watcher.waiting} outcomes")
        self.watcher.wait(self.plan.patience, self.stop)
        if self.watcher.failed:
            line = self.watcher.failed[-1]
            return f"{len(self.watcher.failed)} failed again ({line.error_type}: {line.error}): fanout status"
        if self.watcher.waiting and not self.stop:
            return f"{self.watcher.waiting} have no outcome after {self.plan.patience:g} s: fanout status"
        return None

    @property
    def _moved(self) -> int:
        return self.mover.tally.sent + self.mover.tally.finished

    def _report_progress(self, elapsed: float) -> None:
        left = max(0, self._total - self._moved)
        pace = self._moved / elapsed if elapsed > 0 else self.plan.rate
        estimate = f", about {left / pace:.0f} s to go" if pace else ""
        line = f"{self._moved} sent, {self.watcher.done} seen done, at most {left} left{estimate}"
        self.report(line, self._moved, self._total)

    def _counts(self) -> dict[str, Any]:
        tally = self.mover.tally
        return {
            "sent": tally.sent,
            "seen_done": self.watcher.done,
            "failed_again": len(self.watcher.failed),
            "no_outcome_yet": max(0, self.watcher.waiting - len(self.watcher.failed)) + self.watcher.unwatched,
            "deleted_only": tally.finished,
            "letters_left_behind": tally.left,
            "perhaps_twice": tally.maybe_twice,
            "refused": tally.refused[:10],
        }


def sqs_time(subscriber: DeployedSubscriber) -> datetime:
    """Now, by SQS's clock. What was sent later died again, or came since: it is no part of this redrive, so that a message
    that fails at once is not sent round and round. Answers tell whole seconds, hence the two."""
    url = subscriber.dead_letter_queue_url
    answer = subscriber.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return (parsedate_to_datetime(said) if said else datetime.now(UTC)) + timedelta(seconds=2)
