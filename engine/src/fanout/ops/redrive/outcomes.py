"""What becomes of messages that were sent: by their events' records where the stack has a table, and else from the functions' log.

A record tells of a message only once an attempt at it ended there: one that hung, crashed, or failed before its event was
claimed has its end in the log alone. A look that fails has not seen anything, and the next one may: it never ends a redrive. The span of the log that is asked for
begins by AWS's clock, since an operator's may be wrong.
"""

from collections import OrderedDict
from datetime import timedelta
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import DENIED, code_of, one_line
from fanout.ops.aws import logs, records
from fanout.ops.aws.line import Line
from fanout.ops.aws.records import EventRecord
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.redrive.frozen import sqs_time

MOST_WATCHED = 1_000
ASKED_BY_ID: Final = 100
"""More messages than this, and the log is asked for every outcome since they were sent: these are the most of it then."""
LOG_EVERY: Final = 5
"""Looks, until the log is asked of a message that its record may still tell of."""


class OutcomeWatcher:
    """Counts what the watched messages became. More than `MOST_WATCHED` at a time: the oldest are let go."""

    def __init__(self, subscriber: DeployedSubscriber) -> None:
        self._subscriber = subscriber
        self._since = sqs_time(subscriber) - timedelta(seconds=10)
        self._waiting: OrderedDict[str, str | None] = OrderedDict()
        self._failed: OrderedDict[str, Line] = OrderedDict()
        self._looks = 0
        self.done = 0
        self.unwatched = 0
        self.completeness = COMPLETE
        """Of the last look."""

    def watch(self, message_id: str, event_id: str | None = None) -> None:
        """`event_id` names its record, where it keeps its contract. Of what tells no outcome none is waited for."""
        if not self._subscriber.tells_outcomes:
            self.unwatched += 1
            return
        self._waiting[message_id] = event_id
        if len(self._waiting) > MOST_WATCHED:
            self._waiting.popitem(last=False)
            self.unwatched += 1

    @property
    def waiting(self) -> int:
        """Without an outcome so far, or with one that may be followed by a better one."""
        return len(self._waiting)

    @property
    def pending(self) -> int:
        """Without any outcome so far."""
        return len(self._waiting.keys() - self._failed.keys())

    @property
    def failed(self) -> list[Line]:
        """The last failure of each message that failed and was not done since."""
        return list(self._failed.values())

    def poll(self) -> None:
        if not self._waiting:
            return
        self.completeness = COMPLETE
        self._looks += 1
        try:
            recorded, open_ = self._look_at_records()
            told = recorded if self._looks % LOG_EVERY == 0 else recorded | open_
            self._look_at_log([each for each in self._waiting if each not in told])
        except (ClientError, BotoCoreError) as error:
            self.completeness = Completeness((f"outcomes of {self._subscriber.task}: {one_line(error)}",))

    def _look_at_records(self) -> tuple[set[str], set[str]]:
        """The messages that a record told of, and those whose record may still come to tell of them."""
        table = self._subscriber.records_table
        of = {(self._subscriber.task, id_): message for message, id_ in self._waiting.items() if id_ is not None}
        if table is None or not of:
            return set(), set()
        try:
            found = records.read(self._subscriber.aws, table, of)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            return set(), set()  # an operator's policy of an engine before 0.4
        self.completeness += found.completeness
        recorded, open_ = set[str](), set[str]()
        for key, told in found.of.items():
            ended = [each for each in told if self._is_of(each, of[key])]
            for each in ended:
                self._count(of[key], _line(each, key[1], of[key]))
            if ended:
                recorded.add(of[key])
            elif all(each.state != records.DONE for each in told):
                open_.add(of[key])
        return recorded, open_

    def _is_of(self, told: EventRecord, message_id: str) -> bool:
        """Whether the record tells of this very message, or says that its event is done by now, whichever message it came in."""
        if told.message_id == message_id:
            return told.state in (records.DONE, records.FAILED, records.DEAD)
        return told.state == records.DONE and told.at is not None and told.at >= self._since

    def _look_at_log(self, messages: list[str]) -> None:
        """Of those that no record tells of: heartbeats, copies of what was done before, attempts whose end was not recorded."""
        if not messages:
            return
        aws, group = self._subscriber.aws, self._subscriber.log_group
        if len(messages) <= ASKED_BY_ID:
            history = logs.history(aws, group, messages, self._since, life=self._subscriber.longest_life)
            self.completeness += history.completeness
            for line in history.lines:
                self._count(line.message_id, line)
            return
        reading = logs.Reading(aws, group, logs.OUTCOMES, self._since)
        for line in reading.outcomes():
            self._count(line.message_id, line)
        self.completeness += reading.completeness

    def _count(self, message_id: str, line: Line) -> None:
        if message_id not in self._waiting:
            return
        if line.is_success:
            self._waiting.pop(message_id, None)
            self._failed.pop(message_id, None)
            self.done += 1
            return
        self._failed[message_id] = line
        if line.kind == "dead":
            self._waiting.pop(message_id, None)


def _line(told: EventRecord, event_id: str, message_id: str) -> Line:
    assert told.at is not None
    return Line(told.state, message_id, told.attempt, told.at, event_id, error_type=told.error_type, error=told.error)
