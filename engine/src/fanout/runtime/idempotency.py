"""What becomes of an event at this task is kept in DynamoDB (`record` has the shape), and so its effect happens once.

Claim, work, tell how it ended: two requests for each attempt. The claim is a conditional write, so of two copies of one
event that arrive together one works and the other waits. A claim ends by itself, so a crash while working costs time and
not the event; and so it is left where the function's time is over first. What no consumer can close is the moment
between the effect and its record: a crash there repeats the effect when the message comes back.

A task whose target can tell what it has seen (the archive) claims nothing: it only tells how each attempt ended.

A path into a map is refused where the map is missing, and two paths of one expression may not overlap, so a record is set
whole: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

import os
import time
from typing import Any, Final

from fanout import names
from fanout.runtime import record
from fanout.runtime.aws import unchecked as client
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.event import Event
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger

TABLE = os.environ.get(names.COMPLETED_TABLE)
CLAIMS = os.environ.get(names.IDEMPOTENT) != "false"
LEASE_MARGIN_SECONDS = 5
"""What a claim outlasts the attempt by: clocks differ between containers."""
RENEWED_AFTER_SECONDS = 3_600
"""A copy renews what it meets, unless that is younger: a record is kept for a day longer than a copy can wait."""
LONGEST_ERROR = 400
"""Characters: with it an item of one source is 1 kB at most, one write unit, unless its ids are very long."""
LONGEST_REFERENCE = 2_048
"""Bytes of an index's key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

_CLAIMABLE: Final = (
    "attribute_not_exists(task_event) OR expires_at < :now"
    " OR (attribute_not_exists(claim) OR lease_until < :now)"
    " AND (attribute_not_exists(#record) OR #record.#state IN (:failed, :dead)"
    " OR #record.#state = :working AND #record.lease_until < :now)"
)
"""New, forgotten (DynamoDB deletes expired items days late), not done, or claimed by somebody who never came back."""
_REPLAYABLE: Final = f"{_CLAIMABLE} OR #record.#state = :done AND #record.#at < :replay AND #record.#data = :data"
"""For a copy that `fanout replay --again` sent: done before that replay began is not done for it, done since then is."""
_OURS: Final = "#record.claim = :claim"
_NOT_DONE: Final = "attribute_not_exists(#record) OR #record.#state <> :done"
"""Without claims: the failure of a later copy must not hide that the event was done."""

Message = dict[str, Any]
Item = dict[str, Any]
Fields = dict[str, Any]

if TABLE is not None:
    client("dynamodb")  # made in the init phase, where Lambda gives a whole processor, and not by the first message


class InProgress(TransientError):
    """Another copy of this event is being worked on: this one comes back, and finds out how that ended."""

    def __init__(self) -> None:
        super().__init__("another copy of this event is being worked on")


class OtherContent(PermanentError):
    """An event of this source and id was done, and it was another one: one of the two needs an id of its own."""

    def __init__(self) -> None:
        super().__init__("an event of the same source and id, with other content, was done: this one needs another id")


class TooManySources(PermanentError):
    """The item of an id, 400 kB, has no room for the record of one more source."""

    def __init__(self) -> None:
        super().__init__("too many sources use the id of this event: the record of one more does not fit")


class Claim:
    """The record of one event during one attempt. Only `take` raises."""

    def __init__(self, event: Event, message: Message, request_id: str) -> None:
        if TABLE is None:
            return  # nothing is asked of it
        received = message["attributes"]
        self._event = event
        self._token = os.urandom(16).hex()
        self._name = record.attribute(event.source)
        self._replay = _moment(message.get("messageAttributes", {}).get(names.REPLAY_ATTRIBUTE, {}))
        self._first_at = int(received.get("ApproximateFirstReceiveTimestamp") or time.time() * 1000) / 1000
        self._fields: Item = {
            "source": event.source,
            "claim": self._token,
            "data": record.fingerprint(event.type, event.raw.get("data")),
            "attempt": int(received["ApproximateReceiveCount"]),
            "message_id": message["messageId"],
            "request_id": request_id,
        }

    def take(self, seconds_left: float) -> bool:
        """True: the task is to run; False: the event was done before.

        `seconds_left` is the time this attempt has. Raises InProgress while another attempt holds the event,
        OtherContent, TooManySources, and whatever DynamoDB raises when it cannot be asked: the task must not run then.
        """
        if TABLE is None or not CLAIMS:
            return True
        now = int(time.time())
        lease = {"lease_until": now + int(seconds_left) + LEASE_MARGIN_SECONDS}
        values: dict[str, Any] = {each: each for each in (record.WORKING, record.FAILED, record.DEAD)}
        condition = _CLAIMABLE
        if self._replay:
            condition, values = (
                _REPLAYABLE,
                {**values, "done": record.DONE, "replay": self._replay, "data": self._fields["data"]},
            )
        dynamodb = client("dynamodb")
        try:
            before = self._write(record.WORKING, condition, fields=lease, now=now, **values)
        except dynamodb.exceptions.ConditionalCheckFailedException as refused:
            return self._met(refused.response.get("Item", {}))
        except dynamodb.exceptions.ClientError as error:
            if "Item size" in str(error):
                raise TooManySources from None
            raise
        if int(before.get(names.RECORD_EXPIRES, {"N": "0"})["N"]) >= now:
            self._first_at = float(_texts(before.get(self._name, {})).get("first_at", self._first_at))
        return True

    def hold(self, seconds: float) -> bool:
        """For an attempt of no known length: the claim that was taken ends `seconds` from now. False: it is over, or another's.

        Raises what DynamoDB raises.
        """
        if TABLE is None or not CLAIMS:
            return True
        dynamodb, until = client("dynamodb"), int(time.time() + seconds) + LEASE_MARGIN_SECONDS
        try:
            dynamodb.update_item(
                TableName=TABLE,
                Key=_key(self._event),
                UpdateExpression="SET #record.lease_until = :until, lease_until = :until",
                ConditionExpression=f"{_OURS} AND #record.#state = :working",
                ExpressionAttributeNames={"#record": self._name, "#state": "state"},
                ExpressionAttributeValues={
                    ":claim": _typed(self._token),
                    ":working": _typed(record.WORKING),
                    ":until": _typed(until),
                },
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def done(self) -> None:
        """If it cannot be written, the effect still happened: not a failure."""
        self._end(record.DONE)

    def failed(self, error: BaseException) -> None:
        """Lets the next attempt begin. If it cannot be written, the claim ends by itself."""
        self._end(record.FAILED, error)

    def dead(self, error: BaseException, dead_letter: str) -> None:
        """`dead_letter`: the id that the message has in the dead-letter queue."""
        self._end(record.DEAD, error, dead_letter=dead_letter)

    def not_recorded(self, state: str, error: BaseException) -> None:
        """Says so, as whoever gave up an attempt that waits for the record of its end; `error` is why."""
        if TABLE is not None:
            what = "a second delivery would repeat it" if state == record.DONE else "its claim ends by itself"
            self._warn(f"{state}, but not recorded: {what}", error)

    def _met(self, item: Item) -> bool:
        """What stands in the way of this claim: perhaps itself, where the SDK asked twice as an answer was lost."""
        mine = _texts(item.get(self._name, {}))
        if mine.get("claim") == self._token:
            return True
        if "claim" in item:  # of an engine before 0.4, for any source
            if "lease_until" in item:
                raise InProgress
        elif mine.get("state") != record.DONE:
            raise InProgress
        elif mine.get("data") != self._fields["data"]:
            raise OtherContent
        self._renew(int(item[names.RECORD_EXPIRES]["N"]))
        return False

    def _renew(self, expires_at: int) -> None:
        """A copy that comes is a copy that can come again: the record lives as long as one that is written now."""
        new = int(time.time()) + _remembered()
        if new - expires_at < RENEWED_AFTER_SECONDS:
            return
        try:
            client("dynamodb").update_item(
                TableName=TABLE,
                Key=_key(self._event),
                UpdateExpression="SET expires_at = :new",
                ConditionExpression="expires_at < :new",
                ExpressionAttributeValues={":new": {"N": str(new)}},
            )
        except Exception as error:
            self._warn("duplicate, but its record is not renewed: it ends when it would have", error)

    def _end(self, state: str, error: BaseException | None = None, **fields: str) -> None:
        if TABLE is None:
            return
        try:
            if error is not None:
                fields |= {name: text[:LONGEST_ERROR] for name, text in describe(error).items()}
            if CLAIMS:
                self._write(state, _OURS, claim=self._token, fields=fields)
            elif state == record.DONE:
                self._write(state, fields=fields)
            else:
                self._unless_done(state, fields)
        except Exception as refused:
            self.not_recorded(state, refused)

    def _unless_done(self, state: str, fields: Fields) -> None:
        dynamodb = client("dynamodb")
        try:
            self._write(state, _NOT_DONE, done=record.DONE, fields=fields)
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return  # it was done by another copy, and so it stays

    def _write(self, state: str, condition: str = "", *, fields: Fields, **values: float | str) -> Item:
        """Sets the record, and returns the item as it was; `values` are those of the condition.

        The item expires with the record written last. The lease at its top is for functions of an engine before 0.4,
        next to which this one runs for a moment of a deployment or a rollback: without one they take an event for done.
        """
        now = time.time()
        whole = {**self._fields, **fields, "state": state, "first_at": self._first_at, "at": round(now, 3)}
        set_: dict[str, Any] = {"#record": whole, names.RECORD_EXPIRES: int(now) + _remembered()}
        if CLAIMS and state != record.DONE:
            set_["lease_until"] = fields.get("lease_until", int(now))
        if 0 < len(self._event.reference.encode()) <= LONGEST_REFERENCE:
            set_["#reference"] = self._event.reference
        aliases = {
            "#record": self._name,
            "#reference": names.RECORD_REFERENCE,
            "#state": "state",
            "#at": "at",
            "#data": "data",
        }
        changes = "SET " + ", ".join(f"{name} = :{name.lstrip('#')}" for name in set_)
        removed = "REMOVE claim" if "lease_until" in set_ else "REMOVE claim, lease_until"
        request: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        answer = client("dynamodb").update_item(
            TableName=TABLE,
            Key=_key(self._event),
            UpdateExpression=f"{changes} {removed}",
            ExpressionAttributeNames={name: of for name, of in aliases.items() if name in set_ or name in condition},
            ExpressionAttributeValues={
                f":{name.lstrip('#')}": _typed(value) for name, value in (set_ | values).items()
            },
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **request,
        )
        before: Item = answer.get("Attributes", {})
        return before

    def _warn(self, message: str, error: BaseException) -> None:
        logger.warning(message, extra={**describe(error), "event_id": self._event.id})


def _key(event: Event) -> Item:
    return {names.RECORD_KEY: _typed(record.key(os.environ[names.TASK], event.id))}


def _moment(attribute: Message) -> float | None:
    """Seconds, of a message's attribute; None where it has none that is a time."""
    try:
        moment = float(attribute.get("stringValue") or "nan")
    except ValueError:
        return None
    return moment if 0 < moment < 1e11 else None


def _typed(value: Any) -> Item:
    """As DynamoDB takes it: text, a number, or a map of both."""
    if isinstance(value, dict):
        return {"M": {name: _typed(each) for name, each in value.items()}}
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _texts(record_: Item) -> dict[str, str]:
    """A record of an item, each value as text; {} where there is none."""
    return {name: str(text) for name, typed in record_.get("M", {}).items() for text in typed.values()}


def _remembered() -> int:
    return int(os.environ[names.COMPLETED_SECONDS])
