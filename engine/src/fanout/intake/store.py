"""The table of entries: an entry is there with what is to be emitted of it, or not at all.

    pk               entry#<reference>, key#<hash of group and idempotency key>, rate#<hash of source and minute>
    unsent_group     of an entry that SNS has not taken yet, with `unsent_at`: the key of the index `unsent`, so that the
    unsent_at        index holds these alone; RFC 3339 with the reference behind it, by which a group is in order
    body, attributes, group, event_id, token, fingerprint, stored_at
    tries, refused   how often SNS refused this entry itself, and with which code; after MOST_TRIES it is `poison` and no
                     longer unsent: an alarm rings, and `fanout intake retry` brings it back
    emitted_at       set after SNS's yes, in the request that takes it out of the index
    expires_at       seconds; DynamoDB deletes the item after it. Of an entry that is not emitted there is none

One TransactWriteItems stores the entry and claims the idempotency key:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from fanout import names
from fanout.intake.entry import Entry
from fanout.runtime.aws import client

KEY_SECONDS: Final = 7 * 86_400
"""An idempotency key is remembered for a week."""
MOST_TRIES: Final = 10
INDEX: Final = "unsent"

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


def store(entry: Entry, idempotency_key: str | None) -> Stored:
    """Raises what DynamoDB raises: nothing is stored then, as far as anybody knows, and the same key may try again."""
    now = time.time()
    puts: list[dict[str, Any]] = [
        {"Put": {"TableName": _table(), "Item": _item(entry, now), "ConditionExpression": "attribute_not_exists(pk)"}}
    ]
    if idempotency_key:
        claim = {
            "pk": {"S": _key_of(entry.group, idempotency_key)},
            "reference": {"S": entry.reference},
            "token": {"S": entry.token},
            "fingerprint": {"S": entry.fingerprint},
            "expires_at": {"N": str(int(now) + KEY_SECONDS)},
        }
        puts.append(
            {
                "Put": {
                    "TableName": _table(),
                    "Item": claim,
                    "ConditionExpression": "attribute_not_exists(pk) OR expires_at < :now",
                    "ExpressionAttributeValues": {":now": {"N": str(int(now))}},
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            }
        )
    dynamodb = client("dynamodb")
    try:
        dynamodb.transact_write_items(TransactItems=puts, ClientRequestToken=entry.reference)
    except dynamodb.exceptions.TransactionCanceledException as cancelled:
        reasons = cancelled.response.get("CancellationReasons", [])
        claimed = reasons[1] if len(reasons) > 1 else {}
        if claimed.get("Code") != "ConditionalCheckFailed":
            raise
        before = claimed.get("Item") or _read(_key_of(entry.group, idempotency_key or ""))
        how: Literal["again", "other"] = "again" if _text(before, "fingerprint") == entry.fingerprint else "other"
        return Stored(how, _text(before, "reference"), _text(before, "token"))
    return Stored("new", entry.reference, entry.token)


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
    change = "SET refused = :code, poison = :code ADD tries :one REMOVE unsent_group, unsent_at"
    client("dynamodb").update_item(
        TableName=_table(),
        Key={"pk": {"S": f"entry#{one.reference}"}},
        UpdateExpression=change if poison else "SET refused = :code ADD tries :one",
        ConditionExpression="attribute_exists(unsent_at)",
        ExpressionAttributeValues={":code": {"S": code}, ":one": {"N": "1"}},
    )
    return poison


def unsent(group: str | None = None) -> Iterator[Unsent]:
    """All that SNS has not taken, or a group's, the oldest first within each group. The index lags a moment behind."""
    dynamodb = client("dynamodb")
    request: dict[str, Any] = {"TableName": _table(), "IndexName": INDEX, "Limit": 100}
    if group is not None:
        request |= {
            "KeyConditionExpression": "unsent_group = :group",
            "ExpressionAttributeValues": {":group": {"S": group}},
        }
    while True:
        page = dynamodb.scan(**request) if group is None else dynamodb.query(**request)
        yield from map(unsent_of, page.get("Items", []))
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


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
    )


def too_many(source: str, most: int) -> bool:
    """Whether this address has asked more than `most` times in this minute. The address itself is not stored."""
    minute = int(time.time()) // 60
    name = hashlib.sha256(f"{minute} {source}".encode()).hexdigest()[:32]
    answer = client("dynamodb").update_item(
        TableName=_table(),
        Key={"pk": {"S": f"rate#{name}"}},
        UpdateExpression="SET expires_at = :end ADD asked :one",
        ExpressionAttributeValues={":one": {"N": "1"}, ":end": {"N": str((minute + 2) * 60)}},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["asked"]["N"]) > most


def _item(entry: Entry, now: float) -> Item:
    at = _now()
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
    }


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
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _table() -> str:
    return os.environ[names.INTAKE_TABLE]
