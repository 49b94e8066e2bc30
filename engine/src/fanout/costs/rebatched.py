"""A template as it would be with another batch size and window: what `fanout cost --favours` compares."""

from copy import deepcopy
from typing import Any

from fanout.costs.schedules import SCHEDULES
from fanout.costs.subscribers import subscribers
from fanout.template.messaging import is_fifo
from fanout.template.template import Template


def rebatched(template: dict[str, Any], size: int, window: int, *, bounded: bool = True) -> dict[str, Any]:
    """The template with every mapping from a queue set so; not `bounded`: without MaximumConcurrency.

    A FIFO queue has no window. Without schedules too: what heartbeats cost is no matter of batching.
    """
    changed = deepcopy(template)
    for schedule in Template(template).of(*SCHEDULES):
        del changed["Resources"][schedule.id]
    for subscriber in subscribers(Template(template)):
        if subscriber.mapping is None:
            continue
        ordered = subscriber.queue is not None and is_fifo(subscriber.queue) is True
        properties = changed["Resources"][subscriber.mapping.id]["Properties"]
        properties["BatchSize"] = size
        properties["MaximumBatchingWindowInSeconds"] = 0 if ordered else window
        if not bounded:
            properties.pop("ScalingConfig", None)
    return changed
