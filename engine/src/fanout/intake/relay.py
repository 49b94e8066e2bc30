"""Emits what is stored: behind the table's stream within a second, and each minute whatever that left behind.

Both are the same work on another list, safe to run twice and at once: an event keeps its id, and an entry is marked only
after SNS's yes. So stored means published at least once, however long SNS, its key or its topic is away.

The stream is for speed alone. Its function answers "done" for all it was given: what SNS did not take, it leaves to the
sweep, and no entry ever stands in another's way.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

from fanout import names
from fanout.intake import store
from fanout.intake.metrics import emit
from fanout.intake.store import Unsent
from fanout.runtime.aws import client
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger

SWEPT_AFTER: Final = 120
"""Seconds after which an entry is the sweep's."""
MARGIN_MS: Final = 15_000
"""What a publish and its mark take at most, each in two tries."""
AT_ONCE: Final = 10
PORTION: Final = 100
"""Entries that are held in memory."""
MOST_BEFORE: Final = 50
"""Of entries that the stream's function emits before one of an ordered topic; a longer backlog is the sweep's."""
OF_THE_ENTRY: Final = {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationError"}
"""Codes that name the message, and not the topic, its key, the rights or the moment."""
OF_THE_TOPIC: Final = re.compile("TopicArn|MessageGroupId|MessageDeduplicationId")
"""Parameters that the stack gives: what is wrong with them is wrong with every entry, and none is to blame."""


def on_stream(event: dict[str, Any], context: Any) -> None:
    """Lambda's handler behind the stream, whose filter lets new entries through alone."""
    images = (each.get("dynamodb", {}).get("NewImage", {}) for each in event["Records"])
    fresh = {each.reference: each for each in (store.unsent_of(image) for image in images if image.get("unsent_at"))}
    Round(context).work_on(fresh.values())


def sweep(event: object, context: Any) -> None:
    """Lambda's handler of the schedule; says each minute how old the oldest is, so that its silence is an alarm too."""
    sweeping = Round(context, youngest=SWEPT_AFTER)
    sweeping.work_on(store.unsent())
    emit(
        **{names.UNSENT_AGE: round(sweeping.oldest_left, 1), **({names.SWEPT: sweeping.sent} if sweeping.sent else {})}
    )


class Round:
    """One pass over entries, in constant memory; what is less than `youngest` seconds old is left to the stream."""

    def __init__(self, context: Any, youngest: float = 0) -> None:
        self._context, self._youngest = context, youngest
        self._ordered = _topic().endswith(".fifo")
        self._last: dict[str, str] = {}
        """By group, of an ordered topic: the reference of what was emitted last."""
        self.sent = 0
        self.oldest_left = 0.0
        """Seconds, of what was looked at."""

    def work_on(self, entries: Iterable[Unsent]) -> None:
        if self._ordered:
            self._one_by_one(entries)
            return
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for some in _portions(entries):
                in_time = self._in_time()
                answers = pool.map(self._emitted, some)
                for one, answer in zip(some, answers, strict=True):
                    self._settle(one, answer)
                if not in_time:
                    return

    def _one_by_one(self, entries: Iterable[Unsent]) -> None:
        waiting: set[str] = set()
        for one in entries:
            if not self._in_time():
                self._settle(one, False)
                return
            if one.group not in waiting and not self._settle(one, self._emitted_in_order(one)):
                waiting.add(one.group)

    def _emitted_in_order(self, one: Unsent) -> bool:
        """After those before it in its group. Nothing is raised."""
        try:
            chain = self._up_to(one)
        except Exception as error:
            logger.warning(
                "not emitted", extra={**describe(error), "reference": one.reference, "event_id": one.event_id}
            )
            return False
        for each in chain:
            if not self._emitted(each):
                return False
            self._last[one.group] = each.reference
        return bool(chain)

    def _up_to(self, one: Unsent) -> list[Unsent]:
        """What waits before it, and itself; nothing where that is too long.

        Each names the one before, so that no lagging index can hide one.
        """
        chain = [one]
        while chain[0].follows not in ("", self._last.get(one.group)):
            found = store.find(chain[0].follows)
            if not store.waits(found):
                break
            chain.insert(0, store.unsent_of(found))
            if len(chain) > MOST_BEFORE:
                return []
        return chain

    def _emitted(self, one: Unsent) -> bool:
        """False: it stays where it is. Nothing is raised.

        Of a group whose backlog the sweep has begun it takes what is young as well, so that the stream gets the group back.
        """
        is_young = time.time() - one.stored_at < self._youngest and one.group not in self._last
        return not is_young and self._in_time() and _emitted(one)

    def _in_time(self) -> bool:
        return bool(self._context.get_remaining_time_in_millis() > MARGIN_MS)

    def _settle(self, one: Unsent, emitted: bool) -> bool:
        if emitted:
            self.sent += 1
        else:
            self.oldest_left = max(self.oldest_left, time.time() - one.stored_at)
        return emitted


def _portions(entries: Iterable[Unsent]) -> Iterator[list[Unsent]]:
    reading = iter(entries)
    while some := list(islice(reading, PORTION)):
        yield some


def _emitted(one: Unsent) -> bool:
    try:
        client("sns").publish(**_message(one))
    except Exception as error:
        told = describe(error)
        logger.warning("not emitted", extra={**told, "reference": one.reference, "event_id": one.event_id})
        return _refused(one, error)
    try:
        store.emitted(one)
    except Exception as error:  # it is published again, under the same id
        logger.warning("emitted, but not marked", extra={**describe(error), "reference": one.reference})
    return True


def _refused(one: Unsent, error: Exception) -> bool:
    """Whether the group need not wait for it: once it is poison."""
    response = getattr(error, "response", None)
    told = response.get("Error", {}) if isinstance(response, dict) else {}
    code = told.get("Code", "")
    if code not in OF_THE_ENTRY or OF_THE_TOPIC.search(str(told.get("Message", ""))):
        return False
    try:
        if not store.refused(one, code):
            return False
    except Exception as failed:
        logger.warning("a refusal is not counted", extra={**describe(failed), "reference": one.reference})
        return False
    logger.error(
        "SNS will never take this entry", extra={"reference": one.reference, "event_id": one.event_id, "code": code}
    )
    emit(**{names.POISON: 1})
    return True


def _message(one: Unsent) -> dict[str, Any]:
    topic = _topic()
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in one.attributes.items()}
    message: dict[str, Any] = {"TopicArn": topic, "Message": one.body, "MessageAttributes": attributes}
    if topic.endswith(".fifo"):
        message |= {"MessageGroupId": one.group, "MessageDeduplicationId": one.reference}
    return message


def _topic() -> str:
    return os.environ[names.INTAKE_TOPIC_ARN]
