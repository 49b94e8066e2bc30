"""Whose data was erased: an item of the records' table for each reference, under its hash, which never expires.

It is where whoever may look at a stack reads already, a hundred keys at a time, so that `fanout dead import` and `fanout
replay` can ask for each event whether it may come back. The hash is no secret: whoever knows a reference can make it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fanout import names
from fanout.contracts.contract import value_at
from fanout.contracts.ids import contracts_of
from fanout.errors import OpsError
from fanout.ops.aws import records
from fanout.ops.aws.session import Aws
from fanout.words import counted


@dataclass(frozen=True)
class Tombstone:
    """`at`: when the first erasure of this reference began. `group`: of its events, as far as that was known."""

    at: datetime
    group: str | None = None


def digest(reference: str) -> str:
    return hashlib.sha256(f"{names.ERASED_PREFIX}#{reference}".encode("utf-8", "surrogatepass")).hexdigest()


def key(reference: str) -> str:
    return f"{names.ERASED_PREFIX}#{digest(reference)}"


def references_of(event: Any) -> set[str]:
    """By the contract of its type, or any where its own is not known; none of an event that tells of an erasure."""
    contracts = (each for each in contracts_of(event) if each.reference and not each.erases)
    values = (value_at(event, str(each.reference)) for each in contracts)
    return {each for each in values if isinstance(each, str) and each}


def erased(aws: Aws, table: str | None, references: Iterable[str]) -> set[str]:
    """Those of `references` that have one; a stack without a table has none. Raises OpsError where that is not known."""
    wanted = {key(each): each for each in references}
    found: set[str] = set()
    for items, left, _ in records.get_items(aws, table, wanted) if table and wanted else ():
        if left:
            raise OpsError(
                f"whether {counted(len(left), 'reference')} were erased is not known ({records.BUSY}): try again"
            )
        found |= {wanted[str(each[names.RECORD_KEY]["S"])] for each in items}
    return found


def write(aws: Aws, table: str, reference: str, group: str | None) -> Tombstone:
    """Again: the first one stays as it is."""
    at = datetime.now(UTC).replace(microsecond=0)
    values = {":at": {"S": at.isoformat()}} | ({":group": {"S": group}} if group else {})
    more = ", grouped = if_not_exists(grouped, :group)" if group else ""
    answer = aws.dynamodb.update_item(
        TableName=table,
        Key={names.RECORD_KEY: {"S": key(reference)}},
        UpdateExpression=f"SET {names.ERASED_AT} = if_not_exists({names.ERASED_AT}, :at){more}",
        ExpressionAttributeValues=values,
        ReturnValues="ALL_NEW",
    )
    kept = answer["Attributes"]
    return Tombstone(datetime.fromisoformat(kept[names.ERASED_AT]["S"]), kept.get("grouped", {}).get("S"))
