"""Emits what is stored: behind the table's stream within a second, and each minute whatever that left behind.

Both are the same work on another list, safe to run twice and at once: an event keeps its id, and an entry is marked only
after SNS's yes. So stored means published at least once, however long SNS, its key or its topic is away.

The stream is for speed alone. Its function answers "done" for all it was given: what SNS did not take, it leaves to the
sweep, and no entry ever stands in another's way.
"""

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, repeat
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
MARGIN_MS: Final = 5_000
AT_ONCE: Final = 10
PORTION: Final = 100
"""Entries that are held in memory."""
OF_THE_ENTRY: Final = {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationError"}
"""Codes that name the message, and not the topic, its key, the rights or the moment."""


def on_stream(event: dict[str, Any], context: Any) -> None:
    """Lambda's handler behind the stream, whose filter lets new entries through alone."""
    images = (each.get("dynamodb", {}).get("NewImage", {}) for each in event["Records"])
    fresh = {each.reference: each for each in (store.unsent_of(image) for image in images if image.get("unsent_at"))}
    if _ordered():
        groups = dict.fromkeys(each.group for each in fresh.values())
        fresh = {each.reference: each for group in groups for each in store.unsent(group)} | fresh
    _Round(context).work_on(fresh.values())


def sweep(event: object, context: Any) -> None:
    """Lambda's handler of the schedule; says each minute how old the oldest is, so that its silence is an alarm too."""
    sweeping = _Round(context, youngest=0 if _ordered() else SWEPT_AFTER)
    sweeping.work_on(store.unsent())
    emit(**{names.UNSENT_AGE: round(sweeping.oldest_left, 1), names.SWEPT: sweeping.sent})


class _Round:
    """One pass over entries, in constant memory; `youngest` seconds old is what is left to the stream."""

    def __init__(self, context: Any, youngest: float = 0) -> None:
        self._context, self._youngest = context, youngest
        self.sent = 0
        self.oldest_left = 0.0
        """Seconds."""

    def work_on(self, entries: Iterable[Unsent]) -> None:
        if _ordered():
            waiting: set[str] = set()
            for one in entries:
                if one.group not in waiting and not self._settle(one, self._in_time() and _emitted(one)):
                    waiting.add(one.group)
            return
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for some in _portions(entries):
                old = [each for each in some if time.time() - each.stored_at >= self._youngest]
                answers = pool.map(_emitted, old) if self._in_time() else repeat(False)
                for one, answer in zip(old, answers, strict=False):
                    self._settle(one, answer)
                for one in some:
                    if one not in old:
                        self._settle(one, False)

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
    """False: it stays where it is. Nothing is raised."""
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
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    if code not in OF_THE_ENTRY:
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
    topic = os.environ[names.INTAKE_TOPIC_ARN]
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in one.attributes.items()}
    message: dict[str, Any] = {"TopicArn": topic, "Message": one.body, "MessageAttributes": attributes}
    if topic.endswith(".fifo"):
        message |= {"MessageGroupId": one.group, "MessageDeduplicationId": one.reference}
    return message


def _ordered() -> bool:
    return os.environ[names.INTAKE_TOPIC_ARN].endswith(".fifo")
