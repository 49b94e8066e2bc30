"""What became of an event by its record, and by its task's log: of attempts whose end, or beginning, was not recorded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws import logs, records
from fanout.ops.aws.line import CRASHED, Line
from fanout.ops.aws.records import EventRecord
from fanout.ops.aws.subscriber import DIRECT, DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.timeline.state import DEAD, DONE, RETRYING, WORKING, EventState

AROUND = timedelta(minutes=5)
_OF_A_MESSAGE = timedelta(days=1)
"""Longer than any retry schedule of ours; a record that is older is of a message that was redriven."""
_TRIED_BY_LAMBDA = timedelta(hours=6, minutes=30)
"""An event is at most six hours old when its last try begins, which takes 15 minutes at most:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html"""
_LATER_PAGES: Final = 2
_ENDED = (records.DONE, records.FAILED, records.DEAD)


def from_record(
    subscriber: DeployedSubscriber, told: EventRecord, event_id: str, now: datetime, *, alone: bool
) -> EventState:
    """`alone`: no other source has an event of this id, so each line that names it is of this one."""
    if told.state == records.DONE:
        at = told.at or told.first_at
        done = [Line(DONE, told.message_id or "", told.attempt, at, event_id)] if at else []
        return EventState(subscriber.task, DONE, tuple(done), record=told)
    lines, completeness = _history(subscriber, told, event_id if alone else None)
    told = _as_logged(told, lines, now)
    if told.state == records.DONE:
        return EventState(subscriber.task, DONE, tuple(lines), subscriber.attempts, record=told)
    is_used_up = bool(subscriber.attempts) and tried(subscriber, lines, told.attempt) >= subscriber.attempts
    if told.state == records.DEAD or _is_given_up(subscriber, told, now):
        state = DEAD
    elif _is_held(told, now):
        state = WORKING
    else:
        state = DEAD if is_used_up else RETRYING
    return EventState(subscriber.task, state, tuple(lines), subscriber.attempts, record=told, completeness=completeness)


def _is_given_up(subscriber: DeployedSubscriber, told: EventRecord, now: datetime) -> bool:
    """Whether Lambda, which calls it without a queue, has stopped trying: a try that crashes writes no line to count."""
    return subscriber.kind == DIRECT and told.at is not None and now - told.at > _TRIED_BY_LAMBDA


def _is_held(told: EventRecord, now: datetime) -> bool:
    return told.state == records.WORKING and (told.lease_until is None or told.lease_until > now)


def _as_logged(told: EventRecord, lines: Sequence[Line], now: datetime) -> EventRecord:
    """As the log says that the last attempt ended, where the record tells no more than its beginning, or an attempt before it."""
    if told.at is None or not lines:
        return told
    for each in lines if told.state == records.WORKING else ():
        own = (each.request_id, each.attempt) == (told.request_id, told.attempt) and each.at >= told.at
        if own and each.kind in _ENDED:
            told = replace(told, state=each.kind, at=each.at, error_type=each.error_type, error=each.error)
            break
    last = lines[-1]
    if _is_held(told, now) or not _is_after(last, told):
        return told
    return replace(
        told,
        state=records.DONE if last.is_success else records.DEAD if last.kind == records.DEAD else records.FAILED,
        attempt=last.attempt,
        at=last.at,
        message_id=last.message_id,
        request_id=last.request_id,
        error_type=last.error_type,
        error=last.error,
        dead_letter=None,
    )


def _is_after(line: Line, told: EventRecord) -> bool:
    """Whether it is of a later attempt than the record: at the same message, or at the one that a redrive made of it."""
    is_later = line.attempt > told.attempt or line.message_id != told.message_id
    return is_later and told.at is not None and line.at > told.at


def _history(
    subscriber: DeployedSubscriber, told: EventRecord, event_id: str | None
) -> tuple[list[Line], Completeness]:
    """The attempts at the message in the time that the record names; and, a few pages on, what came of its event after that.

    Of a dead letter what came later is not owed: that it may have been redriven is said of it in any case.
    """
    if told.message_id is None or told.at is None:
        return [], COMPLETE
    since = max(min(told.first_at or told.at, told.at), told.at - _OF_A_MESSAGE) - AROUND
    until = max(told.at, told.lease_until or told.at) + subscriber.longest_life
    later = [told.message_id] if event_id is None else [told.message_id, event_id]
    ask = partial(logs.history, subscriber.aws, subscriber.log_group, life=subscriber.longest_life)
    try:
        found, after = ask([told.message_id], since, until), ask(later, told.at, pages=_LATER_PAGES)
    except (ClientError, BotoCoreError) as error:
        return [], Completeness((f"its other attempts: {one_line(error)}",))
    ended = {(each.message_id, each.attempt, each.request_id) for each in after.lines if each.kind != CRASHED}
    sure = [each for each in found.lines if each.kind != CRASHED or _is_sure(each, until, subscriber, ended)]
    known = {_identity(each) for each in sure}
    new = (each for each in after.lines if each.at > told.at and _identity(each) not in known)
    own = sorted((*sure, *new), key=lambda line: line.at)
    return own, found.completeness if told.state == records.DEAD else found.completeness + after.completeness


def _identity(line: Line) -> tuple[object, ...]:
    return line.kind, line.message_id, line.attempt, line.at


def _is_sure(
    crash: Line, until: datetime, subscriber: DeployedSubscriber, ended: set[tuple[str, int, str | None]]
) -> bool:
    """Whether its end, if it had one, would have been read: the question ended at `until`."""
    key = (crash.message_id, crash.attempt, crash.request_id)
    return crash.at + subscriber.longest_life <= until and key not in ended


def tried(subscriber: DeployedSubscriber, lines: Sequence[Line], told: int) -> int:
    """Lambda does not tell a function that its topic calls which try this is, so the log's lines of the last message are counted."""
    if subscriber.kind != DIRECT or not lines:
        return told
    return sum(each.message_id == lines[-1].message_id and bool(each.error_type) for each in lines)
