"""One `fanout dead redrive` from beginning to end: is it safe, one letter first, then the rest at a rate."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from fanout.cli.output import Tell
from fanout.ops.aws.discovery import Subscriber
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Explainer
from fanout.ops.dead_letters.message import Letter
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive.mover import Redrive
from fanout.ops.redrive.outcomes import Following


@dataclass(frozen=True)
class Plan:
    """`rate`: messages a second; `patience`: seconds for an outcome; `stop_after`: failures that stop the rest."""

    selection: Selection
    canary: bool = True
    rate: float = 50.0
    patience: float = 120.0
    stop_after: int = 5
    lease: int = browse.LEASE
    force: bool = False


@dataclass
class Result:
    """`stopped` says why there is a rest; None when every chosen letter was sent and none was seen to fail again."""

    task: str
    stopped: str | None = None
    seconds: float = 0.0
    told: dict[str, Any] = field(default_factory=dict)


class Redriving:
    """`say` hears what happens, and how far it is."""

    def __init__(self, subscriber: Subscriber, journal: Journal, plan: Plan, say: Tell, stop: Stop) -> None:
        self.subscriber, self.plan, self.say, self.stop = subscriber, plan, say, stop
        self.redrive = Redrive(subscriber, journal)
        self.following = Following(subscriber)
        self._explainer = Explainer(subscriber.aws, subscriber)
        self._total = 0
        self._told_at = time.monotonic()
        self._began = datetime.now(UTC)

    def run(self) -> Result:
        began = time.monotonic()
        self._began = sqs_time(self.subscriber)
        self._total = browse.counts(self.subscriber.aws, self.subscriber.dead_letter_queue_url).all
        stopped = self._canary() if self.plan.canary else None
        if stopped is None and not self.stop:
            stopped = self._rest() or self._wait()
        if self.stop:
            stopped = "you asked to stop: what was begun is finished, the rest stays; run it again to go on"
        if stopped is None and self.redrive.tally.refused:
            stopped = f"SQS refused {len(self.redrive.tally.refused)}: {self.redrive.tally.refused[0]}"
        return Result(self.subscriber.task, stopped, time.monotonic() - began, self._told())

    def _canary(self) -> str | None:
        """One letter, and wait what becomes of it; why the rest must stay, or None."""
        letter = self._send_first()
        if letter is None:
            return None
        self.say(f"canary {letter.message_id} of form {letter.form_id or '?'} sent: waiting for its outcome")
        self.following.wait(self.plan.patience, self.stop, until_failures=1)
        if self.stop:
            return None
        if self.following.failed:
            line = self.following.failed[0]
            return f"the canary failed again ({line.error_type}: {line.error}): mend that first; the rest is untouched"
        if self.following.waiting:
            return (
                f"the canary has no outcome after {self.plan.patience:g} s: see fanout where {letter.event_id};"
                " the rest is untouched"
            )
        self.say("canary done")
        return None

    def _send_first(self) -> Letter | None:
        with self._looking() as look:
            for page in look.pages():
                picked = self.plan.selection.pick(page, self._explainer)
                if picked:
                    self._move(picked[:1], look)
                    return picked[0]
        return None

    def _rest(self) -> str | None:
        """Passes over the queue, until one has seen it to its end; why it stopped, or None."""
        began = time.monotonic()
        while not self.stop:
            before = self._moved
            with browse.looking(
                self.subscriber.aws,
                self.subscriber.dead_letter_queue_url,
                lease=self.plan.lease,
                limit=browse.MOST,
            ) as look:
                stopped = self._pass(look, began)
            if stopped or look.complete or self.plan.selection.is_satisfied:
                return stopped or self._hidden()
            if self._moved == before and not self.stop:
                return f"looked at {look.seen} letters, and there are more than one look can hold: run it again"
        return None

    def _pass(self, look: browse.Look, began: float) -> str | None:
        size = max(1, min(10, int(self.plan.rate)))
        for letters in self._portions(look, size):
            old = [each for each in letters if each.sent_at <= self._began]
            picked = self.plan.selection.pick(old, self._explainer)
            for start in range(0, len(picked), size):
                self._move(picked[start : start + size], look)
                self.stop.sleep(self._moved / self.plan.rate - (time.monotonic() - began))
                failing = self._look_after(began)
                if failing or self.stop:
                    return failing
            if self.stop or self.plan.selection.is_satisfied:
                return None
        return None

    def _portions(self, look: browse.Look, size: int) -> Iterator[list[Letter]]:
        """A page, or as many letters as one question to the log is asked about, and no more than can be sent in time."""
        pages = look.pages(size)
        if not self.plan.selection.causes:
            yield from pages
            return
        most = min(500, max(10, int(self.plan.rate * self.plan.lease / 3)))
        letters: list[Letter] = []
        for page in pages:
            letters += page
            if len(letters) >= most:
                yield letters
                letters = []
        if letters:
            yield letters

    def _look_after(self, began: float) -> str | None:
        """Once a second: how far it is, and whether those sent fail again."""
        if time.monotonic() - self._told_at < 1:
            return None
        self._told_at = time.monotonic()
        self._tell(self._told_at - began)
        self.following.poll()
        if len(self.following.failed) < self.plan.stop_after:
            return None
        line = self.following.failed[-1]
        return (
            f"{len(self.following.failed)} of those sent failed again ({line.error_type}: {line.error}):"
            " the rest is untouched"
        )

    def _looking(self) -> AbstractContextManager[browse.Look]:
        url = self.subscriber.dead_letter_queue_url
        return browse.looking(self.subscriber.aws, url, lease=self.plan.lease, limit=browse.MOST)

    def _move(self, letters: list[Letter], look: browse.Look) -> None:
        for each in self.redrive.move(letters, look):
            assert each.id is not None
            self.following.watch(each.id)

    def _hidden(self) -> str | None:
        """Letters that are in somebody's hand: another operator's, or those of a run that was killed."""
        end = time.monotonic() + self.plan.lease + 5
        while not self.stop and self.plan.selection.is_everything:
            counts = browse.counts(self.subscriber.aws, self.subscriber.dead_letter_queue_url)
            if not counts.in_flight:
                return None  # what is visible now died after this redrive began
            if time.monotonic() > end:
                return f"{counts.in_flight} letters are in somebody's hand: run it again in a minute"
            self.say(
                f"{counts.in_flight} letters are still in somebody's hand (another look, or a run that was killed): waiting"
            )
            self.stop.sleep(2)
            with browse.looking(
                self.subscriber.aws,
                self.subscriber.dead_letter_queue_url,
                lease=self.plan.lease,
                limit=browse.MOST,
            ) as look:
                stopped = self._pass(look, time.monotonic())
            if stopped:
                return stopped
        return None

    def _wait(self) -> str | None:
        if self.stop or not self.following.waiting:
            return None
        self.say(f"sent; waiting for the last {self.following.waiting} outcomes")
        self.following.wait(self.plan.patience, self.stop)
        if self.following.failed:
            line = self.following.failed[-1]
            return f"{len(self.following.failed)} failed again ({line.error_type}: {line.error}): fanout status"
        if self.following.waiting and not self.stop:
            return f"{self.following.waiting} have no outcome after {self.plan.patience:g} s: fanout status"
        return None

    @property
    def _moved(self) -> int:
        return self.redrive.tally.sent + self.redrive.tally.finished

    def _tell(self, elapsed: float) -> None:
        left = max(0, self._total - self._moved)
        pace = self._moved / elapsed if elapsed > 0 else self.plan.rate
        estimate = f", about {left / pace:.0f} s to go" if pace else ""
        line = f"{self._moved} sent, {self.following.done} seen done, at most {left} left{estimate}"
        self.say(line, self._moved, self._total)

    def _told(self) -> dict[str, Any]:
        tally = self.redrive.tally
        return {
            "sent": tally.sent,
            "seen_done": self.following.done,
            "failed_again": len(self.following.failed),
            "no_outcome_yet": max(0, self.following.waiting - len(self.following.failed)) + self.following.unwatched,
            "deleted_only": tally.finished,
            "letters_left_behind": tally.left,
            "perhaps_twice": tally.maybe_twice,
            "refused": tally.refused[:10],
        }


def sqs_time(subscriber: Subscriber) -> datetime:
    """Now, by SQS's clock. What was sent later died again, or came since: it is no part of this redrive, so that a letter
    that fails at once is not sent round and round. Answers tell whole seconds, hence the two."""
    url = subscriber.dead_letter_queue_url
    answer = subscriber.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return (parsedate_to_datetime(said) if said else datetime.now(UTC)) + timedelta(seconds=2)
