"""The table of entries: an entry is there with what is to be emitted of it, or not at all.

    pk               entry#<reference>, key#<hash of group and idempotency key>, rate#<hash of source and minute>,
                     last#<group> of an ordered topic, subject#<hash>#<month>... (`fanout.intake.subject`)
    unsent_group     of an entry that SNS has not taken yet, with `unsent_at`: the key of the index `unsent`, so that the
    unsent_at        index holds these alone; RFC 3339 with the reference behind it, by which a group is in order
    follows          the reference before it in its group, of an ordered topic
    subject          the key of the item by which the person is found
    body, attributes, group, event_id, token, fingerprint, stored_at
    tries, refused   how often SNS refused this entry itself, and with which code; after MOST_TRIES it is `poison`, in the
                     index under ASIDE: an alarm rings, and `fanout intake retry` brings it back
    emitted_at       set after SNS's yes, in the request that takes it out of the index
    expires_at       seconds; DynamoDB deletes the item after it. Of an entry that is not emitted there is none

One TransactWriteItems stores the entry and claims the idempotency key:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from fanout import names
from fanout.intake import subject
from fanout.intake.entry import Entry
from fanout.runtime.aws import client

KEY_SECONDS: Final = 7 * 86_400
"""An idempotency key is remembered for a week."""
MOST_TRIES: Final = 3
"""Of an entry that SNS refuses: it says the same each time."""
MOST_CONFLICTS: Final = 7
"""Of a double click, two transactions about one key at once, DynamoDB cancels one; so it does of an ordered group."""
FIRST_WAIT: Final = 0.03
"""Seconds, doubled after each conflict."""
REFUSED: Final = "ConditionalCheckFailed"
FULL: Final = "ValidationError"
"""Of an item that what is added would make too large."""
SEGMENTS: Final = 4
"""Of a look at all that is unsent, in another order each time: a long backlog of one group does not hide the others."""
INDEX: Final = "unsent"
ASIDE: Final = "#poison"
"""In place of a group's name, which has no such sign."""
OF_OPERATORS: Final = ("pk", "group", "unsent_group", "unsent_at", "stored_at", "tries", "refused", "poison")
"""What an operator may read of an entry: no answer, no token, and nothing to make an event of."""

Item = dict[str, Any]


@dataclass(frozen=True)
class Stored:
    """`new`: stored now; `again`: this key stored the same before; `other`: the key belongs to other answers."""

    how: Literal["new", "again", "other"]
    reference: str
    token: str


@dataclass(frozen=True)
class Unsent:
    """What of an entry the relay needs."""

    reference: str
    group: str
    event_id: str
    body: str
    attributes: dict[str, str]
    stored_at: float
    tries: int = 0
    follows: str = ""
    """Of an ordered topic: the entry before it in its group."""


def store(entry: Entry, idempotency_key: str | None) -> Stored:
    """Raises what DynamoDB raises: nothing is stored then, as far as anybody knows, and the same key may try again."""
    now = time.time()
    month = subject.key_of(entry.subject, now) if entry.subject else None
    attempt, part = 0, 1
    while True:
        of = subject.part(month, part) if month else None
        last = _last(entry.group) if _ordered() else None
        puts = [_put(_item(entry, now, last, of), "attribute_not_exists(pk)")]
        puts += [_claim(entry, idempotency_key, now)] if idempotency_key else []
        puts += [] if last is None else [_next(entry, last)]
        puts += [{"Update": {"TableName": _table(), **subject.update(of, entry.reference, now)}}] if of else []
        cancelled = _cancelled(puts, f"{entry.reference}-{attempt}-{part}")
        if cancelled is None:
            return Stored("new", entry.reference, entry.token)
        reasons = cancelled.response.get("CancellationReasons", [])
        codes = [each.get("Code") for each in reasons]
        if idempotency_key and codes[1:2] == [REFUSED]:
            before = reasons[1].get("Item") or _read(_key_of(entry.group, idempotency_key))
            return _repeated(before, entry.fingerprint)
        if of and codes[-1:] == [FULL] and part < subject.MOST_PARTS:
            part += 1
            continue
        if not {REFUSED, "TransactionConflict"} & {*codes[1:]} or attempt == MOST_CONFLICTS - 1:
            raise cancelled
        time.sleep(random.uniform(0.5, 1) * FIRST_WAIT * 2**attempt)
        attempt += 1


def known(group: str, idempotency_key: str, fingerprint: str) -> Stored | None:
    """What was stored under this key before, as far as one can tell before storing."""
    claim = _read(_key_of(group, idempotency_key))
    is_old = float(claim.get("expires_at", {}).get("N", "0")) < time.time()
    return None if is_old else _repeated(claim, fingerprint)


def _repeated(claim: Item, fingerprint: str) -> Stored:
    how: Literal["again", "other"] = "again" if _text(claim, "fingerprint") == fingerprint else "other"
    return Stored(how, _text(claim, "reference"), _text(claim, "token"))


def _cancelled(puts: list[dict[str, Any]], token: str) -> Any:
    """None: all is written; else the error that says why nothing is."""
    dynamodb = client("dynamodb")
    try:
        dynamodb.transact_write_items(TransactItems=puts, ClientRequestToken=token)
    except dynamodb.exceptions.TransactionCanceledException as cancelled:
        return cancelled
    return None


def find(reference: str) -> Item:
    """The item of an entry; {} where there is none."""
    return _read(f"entry#{reference}")


def emitted(one: Unsent) -> None:
    """After SNS's yes. Twice is no error."""
    keep = int(os.environ[names.INTAKE_KEEP_SECONDS])
    client("dynamodb").update_item(
        TableName=_table(),
        Key={"pk": {"S": f"entry#{one.reference}"}},
        UpdateExpression="SET emitted_at = :at, expires_at = :end REMOVE unsent_group, unsent_at, poison",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":at": {"S": _now()}, ":end": {"N": str(int(time.time()) + keep)}},
    )


def refused(one: Unsent, code: str) -> bool:
    """Counts a refusal of the entry itself; True: it is poison now, and out of everybody's way."""
    poison = one.tries + 1 >= MOST_TRIES
    change = "SET refused = :code, poison = :code, unsent_group = :aside ADD tries :one"
    client("dynamodb").update_item(
        TableName=_table(),
        Key={"pk": {"S": f"entry#{one.reference}"}},
        UpdateExpression=change if poison else "SET refused = :code ADD tries :one",
        ConditionExpression="attribute_exists(unsent_at) AND attribute_not_exists(poison)",
        ExpressionAttributeValues={
            ":code": {"S": code},
            ":one": {"N": "1"},
            **({":aside": {"S": ASIDE}} if poison else {}),
        },
    )
    return poison


def unsent() -> Iterator[Unsent]:
    """All that SNS has not taken, the oldest first within each group. The index lags a moment behind."""
    for segment in random.sample(range(SEGMENTS), SEGMENTS):
        yield from _pages(client("dynamodb").scan, Segment=segment, TotalSegments=SEGMENTS)


def _pages(read: Callable[..., dict[str, Any]], **request: Any) -> Iterator[Unsent]:
    request |= {"TableName": _table(), "IndexName": INDEX, "Limit": 100}
    while True:
        page = read(**request)
        yield from (unsent_of(each) for each in page.get("Items", []) if waits(each))
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def waits(item: Item) -> bool:
    return "unsent_at" in item and "poison" not in item


def unsent_of(item: Item) -> Unsent:
    """From an item, or from the new image of a stream's record."""
    return Unsent(
        reference=_text(item, "pk").removeprefix("entry#"),
        group=_text(item, "group"),
        event_id=_text(item, "event_id"),
        body=_text(item, "body"),
        attributes={name: each.get("S", "") for name, each in item.get("attributes", {}).get("M", {}).items()},
        stored_at=float(item.get("stored_at", {}).get("N", "0")),
        tries=int(item.get("tries", {}).get("N", "0")),
        follows=_text(item, "follows"),
    )


def _item(entry: Entry, now: float, last: str | None, of: str | None = None) -> Item:
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")
    return {
        "pk": {"S": f"entry#{entry.reference}"},
        "group": {"S": entry.group},
        "event_id": {"S": entry.event_id},
        "body": {"S": entry.body},
        "attributes": {"M": {name: {"S": value} for name, value in entry.attributes.items()}},
        "token": {"S": entry.token},
        "fingerprint": {"S": entry.fingerprint},
        "stored_at": {"N": f"{now:.6f}"},
        "unsent_group": {"S": entry.group},
        "unsent_at": {"S": f"{at}#{entry.reference}"},
        **({"follows": {"S": last}} if last else {}),
        **({"subject": {"S": of}} if of else {}),
    }


def _put(item: Item, condition: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": _table(), "Item": item, "ConditionExpression": condition, **more}}


def _claim(entry: Entry, idempotency_key: str, now: float) -> dict[str, Any]:
    item = {
        "pk": {"S": _key_of(entry.group, idempotency_key)},
        "reference": {"S": entry.reference},
        "token": {"S": entry.token},
        "fingerprint": {"S": entry.fingerprint},
        "expires_at": {"N": str(int(now) + KEY_SECONDS)},
    }
    return _put(
        item,
        "attribute_not_exists(pk) OR expires_at < :now",
        ExpressionAttributeValues={":now": {"N": str(int(now))}},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def _next(entry: Entry, last: str) -> dict[str, Any]:
    """Of an ordered topic: this entry is the group's last now, if `last` still is."""
    item = {"pk": {"S": f"last#{entry.group}"}, "reference": {"S": entry.reference}}
    if not last:
        return _put(item, "attribute_not_exists(pk)")
    return _put(item, "reference = :last", ExpressionAttributeValues={":last": {"S": last}})


def _last(group: str) -> str:
    return _text(_read(f"last#{group}"), "reference")


def _ordered() -> bool:
    return os.environ[names.INTAKE_TOPIC_ARN].endswith(".fifo")


def _read(pk: str) -> Item:
    found: Item = (
        client("dynamodb").get_item(TableName=_table(), Key={"pk": {"S": pk}}, ConsistentRead=True).get("Item", {})
    )
    return found


def _key_of(group: str, key: str) -> str:
    return f"key#{hashlib.sha256(f'{group} {key}'.encode()).hexdigest()}"


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")


def _table() -> str:
    return os.environ[names.INTAKE_TABLE]
