"""What becomes of each listed object: it is sent, or it stays, and why. Reads bodies and records; changes nothing in AWS."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from fanout import names
from fanout.contracts.contract import Contracts
from fanout.ops.aws import records, tombstones
from fanout.ops.aws.records import EventRecord
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, Subscription, read_subscriptions
from fanout.ops.interrupt import Stop
from fanout.ops.replay.archive import READERS, Archive, Unread, variables
from fanout.ops.replay.message import Archived, Engines, Refused
from fanout.ops.replay.plan import LISTED, READY, Found, Plan, Row
from fanout.ops.replay.selection import Selection
from fanout.publisher import Event
from fanout.publisher.fairness import Fairness

OUTSIDE, COPY, FILTERED, REFUSED, GONE = "outside", "copy", "filtered", "refused", "gone"
DONE, DEAD, IN_HAND, UNKNOWN, ERASED = "done", "dead", "in hand", "unknown", "erased"
"""Why a row stays: not of the selection; another object of the same event; kept back by the subscription's filter; not by
contract, or not to be read; not there any more; of a reference whose data was erased. And by its record: done; dead (`--missing` alone); tried, and its message may still be in
the queue; or older than any record is kept."""
PORTION: Final = 500
"""Bodies in memory at a time."""
_A_DAY: Final = 86_400
_DEAD_LETTERS: Final = 15 * _A_DAY
"""By which a record outlives the queue's messages, where no variable says how long it is kept: as constructs derive it."""


@dataclass(frozen=True)
class Task:
    """What decides beside the selection. `created`: of the queue; `retention` and `remembered`: seconds."""

    subscriber: DeployedSubscriber
    subscriptions: Sequence[Subscription]
    created: float
    retention: int
    remembered: int
    fairness: Fairness | None = None

    @classmethod
    def of(cls, stack: Stack, subscriber: DeployedSubscriber, contracts: Contracts) -> Self:
        queue = subscriber.attributes()
        retention = int(queue.get("MessageRetentionPeriod", 345_600))
        kept = (
            variables(subscriber).get(names.COMPLETED_SECONDS, str(retention + _DEAD_LETTERS))
            if subscriber.records_table
            else "0"
        )
        subscriptions = read_subscriptions(subscriber)
        fair_by = _fair_by(stack, subscriptions)
        return cls(
            subscriber,
            subscriptions,
            float(queue.get("CreatedTimestamp", 0)),
            retention,
            int(kept) if kept.isdigit() else 0,
            Fairness(fair_by, contracts) if fair_by else None,
        )

    def group(self, event: Event) -> str | None:
        """The message group that its publisher gave it: of a topic that keeps order, or is fair."""
        if self.subscriber.is_fifo:
            return event.group or None
        return self.fairness.group(event) if self.fairness else None

    def lets_through(self, event: KnownEvent) -> bool:
        return not self.subscriptions or any(each.lets_through(event) is not False for each in self.subscriptions)


@dataclass
class Checker:
    """Of one replay that began at `began`, by AWS's clock."""

    plan: Plan
    archive: Archive
    task: Task
    selection: Selection
    contracts: Contracts
    began: datetime

    def check(self, told: Callable[[int], None], stop: Stop) -> None:
        """Every row that is only listed; after a kill those that are left. `told`: how many more."""
        with ThreadPoolExecutor(READERS) as pool:
            while not stop and (rows := self.plan.portion(LISTED, PORTION)):
                bodies = list(pool.map(self._body, rows))
                self.plan.found(self._judged(rows, bodies))
                told(len(rows))

    def _body(self, row: Row) -> str | Unread:
        try:
            return self.archive.body(row.key, row.etag)
        except Unread as error:
            return error

    def _judged(self, rows: Sequence[Row], bodies: Sequence[str | Unread]) -> list[Found]:
        found: list[Found] = []
        open_: list[tuple[Row, Archived]] = []
        names_: set[str] = set()
        for row, body in zip(rows, bodies, strict=True):
            one = self._by_body(row, body, names_)
            if isinstance(one, Found):
                found.append(one)
            else:
                open_.append((row, one))
                names_.add(row.name)
        erased = erased_of(self.task.subscriber, [each for _, each in open_])
        found += [self._found(row, each, ERASED) for row, each in open_ if is_of(each, erased)]
        open_ = [(row, each) for row, each in open_ if not is_of(each, erased)]
        told = self._records([each for _, each in open_])
        return found + [self._found(row, each, *self._by_record(row, each, told)) for row, each in open_]

    def _by_body(self, row: Row, body: str | Unread, seen: set[str]) -> Found | Archived:
        """The event, or why it stays."""
        if isinstance(body, Unread):
            return Found(row.number, state_of(body), body.why)
        try:
            archived = Archived.read(body, self.contracts)
            archived.outgoing("", group=None, again_from=1.0 if self.selection.again else None)
        except Engines:
            return Found(row.number, OUTSIDE)
        except Refused as error:
            return Found(row.number, REFUSED, str(error))
        if not self._is_selected(archived):
            return Found(row.number, OUTSIDE)
        if row.is_identity and (row.name in seen or self.plan.has_other(row, (LISTED, OUTSIDE, GONE, COPY))):
            return self._found(row, archived, COPY)
        if not self.task.lets_through(KnownEvent.from_event(archived.event)):
            return self._found(row, archived, FILTERED)
        return archived

    def _is_selected(self, archived: Archived) -> bool:
        chosen, event = self.selection, archived.event
        return (
            chosen.since.timestamp() <= archived.time < chosen.until.timestamp()
            and (chosen.group is None or event.group == chosen.group)
            and (not chosen.types or event.type in chosen.types)
        )

    def _records(self, events: Sequence[Archived]) -> Mapping[records.Key, list[EventRecord]]:
        table, task = self.task.subscriber.records_table, self.task.subscriber.task
        if table is None or not events:
            return {}
        read = records.read(self.task.subscriber.aws, table, [(task, each.event.id) for each in events])
        odd = dict.fromkeys(read.odd | read.unread, [EventRecord(UNKNOWN)])
        return {**read.of, **odd}

    def _by_record(
        self, row: Row, archived: Archived, told: Mapping[records.Key, list[EventRecord]]
    ) -> tuple[str, str | None]:
        key = (self.task.subscriber.task, archived.event.id)
        record = next((each for each in told.get(key, ()) if each.source in (None, archived.source)), None)
        if record is None:
            is_known = self._is_kept(row) or row.archived < self.task.created or self.selection.again
            return (READY, None) if is_known else (UNKNOWN, "its record would be forgotten by now")
        if record.state == UNKNOWN:
            return UNKNOWN, "its record cannot be read"
        if record.state == records.DONE:
            return (READY, "done before") if self.selection.again else (DONE, None)
        if record.state == records.DEAD:
            return (DEAD, None) if self.selection.missing else (READY, None)
        is_young = record.at is not None and self.began - record.at < timedelta(seconds=self.task.retention)
        return (IN_HAND, None) if is_young else (READY, None)

    def _is_kept(self, row: Row) -> bool:
        """Whether a record written when the object was is certain to be there: a day is for what differs between the two."""
        return self.began.timestamp() - row.archived < self.task.remembered - _A_DAY

    def _found(self, row: Row, archived: Archived, state: str, why: str | None = None) -> Found:
        event = archived.event
        outgoing = archived.outgoing("", group=None, again_from=None)
        return Found(row.number, state, why, event.type, event.id, event.group, archived.time, outgoing.bytes)


def erased_of(subscriber: DeployedSubscriber, events: Sequence[Archived]) -> set[str]:
    """The references of `events` whose data was erased. Raises OpsError where that is not known."""
    references = set().union(*(tombstones.references_of(json.loads(each.body)) for each in events))
    return tombstones.erased(subscriber.aws, subscriber.records_table, references)


def state_of(unread: Unread) -> str:
    return REFUSED if unread.is_there else GONE


def is_of(archived: Archived, references: set[str]) -> bool:
    return bool(references) and bool(tombstones.references_of(json.loads(archived.body)) & references)


def _fair_by(stack: Stack, subscriptions: Sequence[Subscription]) -> str | None:
    of_arn = {arn: id_ for id_, arn in stack.topics.items()}
    ids = [of_arn[each.topic_arn] for each in subscriptions if each.topic_arn in of_arn]
    return next((found for each in ids if (found := replace(stack, topic=each).fair_by)), None)


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
