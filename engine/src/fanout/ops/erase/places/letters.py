"""Dead-letter queues: one person's letters, one by one; nobody else's is touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fanout.ops import lease
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.drop import delete
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.erase.wanted import Finding, Removal, Wanted, hashed
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import Report
from fanout.words import counted

PATIENCE: Final = 10.0
"""Seconds for what somebody has in hand."""


@dataclass
class Letters:
    """Of one task, or delivery. `name` is no other place's."""

    subscriber: DeployedSubscriber
    name: str
    patience: float = PATIENCE
    _began_with: int = 0

    def find(self, wanted: Wanted, report: Report, *, removed: int = 0) -> Finding:
        found = Finding(self.name)
        mentions = odd = 0
        with self._browse(gone=removed) as browsing:
            for page in browsing.pages():
                for each in page:
                    if wanted.owns(each.event):
                        found.count += 1
                        wanted.learn(each.event)
                        wanted.learn_time(each.sent_at)
                    elif wanted.is_mentioned(each.body.encode("utf-8", "surrogatepass")):
                        mentions += 1
                        odd += each.event is None
        found.looked_at, found.completeness = browsing.seen, browsing.completeness
        self._began_with = browsing.began_with
        found.what = counted(found.count, "letter")
        if odd:
            found.completeness += Completeness(
                (
                    f"{counted(odd, 'letter')} of {self.subscriber.task} that are no events have it in them: fanout dead list",
                )
            )
        elif mentions:
            found.notes.append(f"{counted(mentions, 'letter')} of others mention it, and stay")
        return found

    def remove(self, finding: Finding, wanted: Wanted, journal: Journal) -> Removal:
        """Pass after pass, until one has deleted nothing: behind the first ten of a FIFO queue's group there may be more."""
        done = Removal(self.name)
        refused, unseen = 0, COMPLETE
        while True:
            before = done.removed
            with self._browse(gone=before) as browsing:
                refused = 0
                for page in browsing.pages():
                    refused += self._delete([each for each in page if wanted.owns(each.event)], browsing, journal, done)
            unseen = browsing.completeness
            if done.removed == before or unseen:
                break
        if refused:
            done.left.append(f"SQS did not delete {counted(refused, 'letter')}: run it again")
        done.left += unseen.unseen
        return done

    def _delete(
        self, letters: list[DeadLetterMessage], browsing: browse.Browse, journal: Journal, done: Removal
    ) -> int:
        """How many SQS did not delete."""
        ours = [each for each in letters if lease.now() < each.expires]
        if ours:
            told = {"place": self.name, "letters": hashed(each.message_id for each in ours)}
            journal.write("erasing", **told)

            def write(gone: Sequence[DeadLetterMessage]) -> None:
                done.removed += len(gone)
                journal.write("erased", place=self.name, letters=hashed(each.message_id for each in gone))

            gone = delete(self.subscriber, ours, browsing, write=write)
            return len(letters) - len(gone)
        return len(letters)

    def _browse(self, gone: int) -> browse.Browse:
        return browse.Browse(
            self.subscriber.aws,
            self.subscriber.dead_letter_queue_url,
            limit=browse.MOST,
            patience=self.patience,
            gone=gone,
            began_with=self._began_with if gone else 0,
        )
