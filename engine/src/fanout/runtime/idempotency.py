"""An effect happens once for each event id: a record in DynamoDB of what this task has completed.

Claim, work, complete. The claim is a conditional write, so of two copies of one event that arrive together one works
and the other waits. A claim ends by itself (`lease`), so a crash while working costs time and not the event. What no
consumer can close is the moment between the effect and its record: a crash there repeats the effect when the message
comes back. Tasks whose target can tell (the archive) need no record at all.
"""

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fanout import names
from fanout.runtime.aws import client
from fanout.runtime.errors import TransientError
from fanout.runtime.event import Event
from fanout.runtime.log import describe, logger

E = TypeVar("E", bound=Event)
TABLE = os.environ.get(names.COMPLETED_TABLE)
LEASE_MARGIN_SECONDS = 5
"""What a claim outlasts the attempt by: clocks differ between containers."""

_CLAIMABLE = "attribute_not_exists(task_event) OR expires_at < :now OR lease_until < :now"
"""New, forgotten (DynamoDB deletes expired items days late), or claimed by somebody who never came back."""

if TABLE is not None:
    client("dynamodb")  # made in the init phase, where Lambda gives a whole processor, and not by the first message


class InProgress(TransientError):
    """Another copy of this event is being worked on: this one comes back, and finds out how that ended."""


def once(task: Callable[[E], None], event: E, seconds_left: float) -> bool:
    """Runs `task` unless this event was completed before; tells whether it ran.

    `seconds_left` is the time this attempt has. Raises InProgress while another attempt holds the event, whatever
    DynamoDB raises when it cannot be asked (then the task has not run), and whatever the task raises (then the claim
    is given back).
    """
    if TABLE is None:
        task(event)
        return True
    key, claim = {"task_event": {"S": f"{os.environ[names.TASK]}#{event.id}"}}, os.urandom(16).hex()
    if not _claim(key, claim, seconds_left):
        return False
    try:
        task(event)
    except BaseException:
        _release(key, claim)
        raise
    _complete(key, claim)
    return True


def _claim(key: dict[str, Any], claim: str, seconds_left: float) -> bool:
    """True: claimed; False: completed before. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html"""
    now = int(time.time())
    dynamodb = client("dynamodb")
    item = {
        **key,
        "claim": {"S": claim},
        "lease_until": {"N": str(int(now + seconds_left + LEASE_MARGIN_SECONDS))},
        "expires_at": {"N": str(now + _remembered())},
    }
    try:
        dynamodb.put_item(
            TableName=TABLE,
            Item=item,
            ConditionExpression=_CLAIMABLE,
            ExpressionAttributeValues={":now": {"N": str(now)}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as refused:
        if "lease_until" in refused.response.get("Item", {}):
            raise InProgress("another copy of this event is being worked on") from None
        return False
    return True


def _complete(key: dict[str, Any], claim: str) -> None:
    """Without a lease the record says: done. If it cannot be written, the effect still happened: not a failure."""
    try:
        client("dynamodb").update_item(
            TableName=TABLE,
            Key=key,
            UpdateExpression="SET expires_at = :expires_at REMOVE lease_until",
            ConditionExpression="claim = :claim",
            ExpressionAttributeValues={
                ":claim": {"S": claim},
                ":expires_at": {"N": str(int(time.time()) + _remembered())},
            },
        )
    except Exception as error:
        told = {**describe(error), "event_id": _event_id(key)}
        logger.warning("done, but not recorded: a second delivery would repeat it", extra=told)


def _release(key: dict[str, Any], claim: str) -> None:
    """Lets the next attempt begin. If it cannot be written, the lease ends by itself."""
    try:
        client("dynamodb").delete_item(
            TableName=TABLE,
            Key=key,
            ConditionExpression="claim = :claim",
            ExpressionAttributeValues={":claim": {"S": claim}},
        )
    except Exception as error:
        told = {**describe(error), "event_id": _event_id(key)}
        logger.warning("claim not given back: it ends by itself", extra=told)


def _event_id(key: dict[str, Any]) -> str:
    return str(key["task_event"]["S"].partition("#")[2])


def _remembered() -> int:
    return int(os.environ[names.COMPLETED_SECONDS])
