"""Many events in as few requests as SNS allows."""

from collections.abc import Iterable, Iterator
from typing import Final

from fanout.publisher.event import MAX_BYTES, Event

MAX_ENTRIES: Final = 10
"""Events in one batch (https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html)."""


def batches(events: Iterable[Event], max_bytes: int = MAX_BYTES) -> Iterator[list[Event]]:
    """Lists of at most MAX_ENTRIES events and `max_bytes` bytes, in order; reads one event ahead at most.

    When `events` raises, SystemExit and KeyboardInterrupt too, what was read comes out first, so that no event is dropped
    on the way.
    """
    reading = iter(events)
    batch: list[Event] = []
    size = 0
    stopped: BaseException | None = None
    while stopped is None:
        try:
            event = next(reading)
        except StopIteration:
            break
        except BaseException as error:
            stopped = error
            break
        if size + event.size > max_bytes:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event.size
        if len(batch) == MAX_ENTRIES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
    if stopped is not None:
        raise stopped
