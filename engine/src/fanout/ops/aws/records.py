"""What the stack's table says of events at tasks: exact, and a request for a hundred of them, whatever the traffic.

`fanout.runtime.record` has the shape. Whatever an item holds, reading it never raises: an odd one is its subscriber's problem.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from fanout import names
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.session import Aws
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.runtime import record
from fanout.words import counted

Key = tuple[str, str]
"""Task, and event id."""
MOST_KEYS: Final = 100
"""Of a request: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
LONGEST_KEY: Final = 2_048
"""Bytes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
TRIES: Final = 6
BUSY: Final = "DynamoDB is busy"
MOST_OF_REFERENCE: Final = 100
"""Events of one reference that are looked at."""
WORKING, DONE, FAILED, DEAD = record.WORKING, record.DONE, record.FAILED, record.DEAD
_STATES: Final = (WORKING, DONE, FAILED, DEAD)


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Of one source. `source` is None for an item of an engine before 0.4, which stands for any."""

    state: str
    source: str | None = None
    attempt: int = 0
    at: datetime | None = None
    first_at: datetime | None = None
    lease_until: datetime | None = None
    message_id: str | None = None
    request_id: str | None = None
    error_type: str | None = None
    error: str | None = None
    dead_letter: str | None = None
    reference: str | None = None


@dataclass
class Records:
    """What was read, by task and event id. `odd` are keys whose item is none of the runtime's, `unread` those that DynamoDB did
    not get to; `now` is AWS's clock."""

    of: dict[Key, list[EventRecord]] = field(default_factory=dict)
    odd: set[Key] = field(default_factory=set)
    unread: set[Key] = field(default_factory=set)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    completeness: Completeness = COMPLETE


_wait: Callable[[float], None] = time.sleep


def read(aws: Aws, table: str, keys: Iterable[Key], *, sleep: Callable[[float], None] | None = None) -> Records:
    """BatchGetItem, a hundred keys at a time; what DynamoDB does not get to is asked for again, a bounded number of times."""
    found = Records()
    wanted = {record.key(*key): key for key in keys}
    for items, left, now in get_items(aws, table, wanted, sleep=sleep):
        found.now = now or found.now
        for item in items:
            _add(found, wanted, item)
        if left:
            found.unread |= {wanted[each] for each in left}
            found.completeness += Completeness((f"{counted(len(left), 'record')} of the table {table}: {BUSY}",))
    return found


_Answer = tuple[list[Mapping[str, Any]], set[str], datetime | None]


def get_items(
    aws: Aws, table: str, keys: Iterable[str], *, sleep: Callable[[float], None] | None = None
) -> list[_Answer]:
    """The items of each hundred keys, the keys that DynamoDB did not get to in a bounded number of times, and its clock."""
    askable = [each for each in keys if _is_key(each)]
    hundreds = [askable[begin : begin + MOST_KEYS] for begin in range(0, len(askable), MOST_KEYS)]
    return in_lanes(lambda hundred: _get_items(aws, table, hundred, sleep or _wait), hundreds)


def _get_items(aws: Aws, table: str, keys: Iterable[str], sleep: Callable[[float], None]) -> _Answer:
    asked: list[dict[str, Any]] = [{names.RECORD_KEY: {"S": each}} for each in keys]
    items: list[Mapping[str, Any]] = []
    now = None
    for number in range(TRIES):
        answer = aws.dynamodb.batch_get_item(RequestItems={table: {"Keys": asked, "ConsistentRead": True}})
        now = _date(answer) or now
        items += answer.get("Responses", {}).get(table, [])
        rest = answer.get("UnprocessedKeys", {})
        asked = [dict(each) for each in rest[table]["Keys"]] if table in rest else []
        if not asked:
            break
        if number + 1 < TRIES:
            sleep(min(2.0, 0.1 * 2**number))
    return items, {str(each[names.RECORD_KEY]["S"]) for each in asked}, now


def ids_of_reference(aws: Aws, table: str, reference: str) -> tuple[list[Key], Completeness]:
    """Tasks and event ids that have a record with this reference: one request to the index, which is a moment late."""
    if not _is_key(reference):
        return [], COMPLETE
    answer = aws.dynamodb.query(
        TableName=table,
        IndexName=names.REFERENCE_INDEX,
        KeyConditionExpression="#reference = :reference",
        ExpressionAttributeNames={"#reference": names.RECORD_REFERENCE},
        ExpressionAttributeValues={":reference": {"S": reference}},
        Limit=MOST_OF_REFERENCE,
    )
    texts = (_text(item.get(names.RECORD_KEY)) for item in answer.get("Items", []))
    keys = [(task, id_) for task, separator, id_ in (text.partition("#") for text in texts if text) if separator]
    more = "LastEvaluatedKey" in answer
    return keys, Completeness((f"more than {MOST_OF_REFERENCE} records of {reference}",)) if more else COMPLETE


def parse(item: Mapping[str, Any]) -> list[EventRecord] | None:
    """The records of an item, by their sources; None when there is something in it that no runtime writes."""
    reference = _text(item.get(names.RECORD_REFERENCE))
    maps = [value for name, value in item.items() if isinstance(name, str) and name.startswith(record.PREFIX)]
    found = [_record(each.get("M") if isinstance(each, dict) else None, reference) for each in maps]
    if any(each is None for each in found):
        return None
    if "claim" in item and not found:  # of an engine before 0.4
        lease = _moment(item.get("lease_until"))
        if "lease_until" in item and lease is None:
            return None
        return [EventRecord(WORKING if lease else DONE, lease_until=lease)]
    return sorted((each for each in found if each is not None), key=lambda each: each.source or "")


def _record(fields: Any, reference: str | None) -> EventRecord | None:
    if not isinstance(fields, dict):
        return None
    state, source = _text(fields.get("state")), _text(fields.get("source"))
    attempt, at = _number(fields.get("attempt")), _moment(fields.get("at"))
    if state not in _STATES or source is None or attempt is None or not 0 <= attempt <= 1_000_000 or at is None:
        return None
    message_id, request_id, error_type, error, letter = (
        _text(fields.get(name)) for name in ("message_id", "request_id", "error_type", "error", "dead_letter")
    )
    return EventRecord(
        state=state,
        source=source,
        attempt=int(attempt),
        at=at,
        first_at=_moment(fields.get("first_at")),
        lease_until=_moment(fields.get("lease_until")),
        message_id=message_id,
        request_id=request_id,
        error_type=error_type,
        error=error,
        dead_letter=letter,
        reference=reference,
    )


def _add(found: Records, wanted: Mapping[str, Key], item: Mapping[str, Any]) -> None:
    key = wanted.get(_text(item.get(names.RECORD_KEY)) or "")
    if key is None:
        return
    records = parse(item)
    if records is None:
        found.odd.add(key)
    elif records and not _is_forgotten(item, found.now):
        found.of[key] = records


def _is_forgotten(item: Mapping[str, Any], now: datetime) -> bool:
    """DynamoDB deletes expired items days late: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""
    expires = _moment(item.get(names.RECORD_EXPIRES))
    return expires is not None and expires < now


def _text(typed: Any) -> str | None:
    value = typed.get("S") if isinstance(typed, dict) else None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _number(typed: Any) -> float | None:
    value = typed.get("N") if isinstance(typed, dict) else None
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(typed: Any) -> datetime | None:
    number = _number(typed)
    try:
        return datetime.fromtimestamp(number, UTC) if number is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _is_key(text: str) -> bool:
    """Whether DynamoDB takes it as one; half a pair of surrogates is no text."""
    try:
        return 0 < len(text.encode()) <= LONGEST_KEY
    except UnicodeEncodeError:
        return False


def _date(answer: Mapping[str, Any]) -> datetime | None:
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        return parsedate_to_datetime(said).astimezone(UTC) if isinstance(said, str) else None
    except ValueError:
        return None
