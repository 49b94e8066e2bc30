"""Many events in as few requests as SNS allows."""

from collections.abc import Iterable, Iterator
from typing import Final

from fanout.publisher.event import MAX_BYTES, Event

MAX_ENTRIES: Final = 10
"""Events in one batch (https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html)."""


def batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Lists of at most MAX_ENTRIES events and MAX_BYTES bytes, in order; reads one event ahead at most.

    When `events` raises, what was read comes out first, so that no event is dropped on the way.
    """
    batch: list[Event] = []
    size = 0
    try:
        for event in events:
            if size + event.size > MAX_BYTES:
                yield batch
                batch, size = [], 0
            batch.append(event)
            size += event.size
            if len(batch) == MAX_ENTRIES:
                yield batch
                batch, size = [], 0
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
