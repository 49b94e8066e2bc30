"""A template as it would be with another batch size and window: what `fanout cost --favours` compares."""

from typing import Any

from fanout.costs.schedules import SCHEDULES
from fanout.costs.subscribers import subscribers
from fanout.template.messaging import is_fifo
from fanout.template.template import Template


def rebatched(template: dict[str, Any], size: int, window: int, *, bounded: bool = True) -> dict[str, Any]:
    """The template with every mapping from a queue set so; not `bounded`: without MaximumConcurrency.

    A FIFO queue has no window. Without schedules too: what heartbeats cost is no matter of batching.
    """
    read = Template(template)
    schedules = {each.id for each in read.of(*SCHEDULES)}
    resources = {id_: each for id_, each in template["Resources"].items() if id_ not in schedules}
    for subscriber in subscribers(read):
        if subscriber.mapping is None:
            continue
        ordered = subscriber.queue is not None and is_fifo(subscriber.queue) is True
        mapping = resources[subscriber.mapping.id]
        properties = {**mapping["Properties"], "BatchSize": size}
        properties["MaximumBatchingWindowInSeconds"] = 0 if ordered else window
        if not bounded:
            properties.pop("ScalingConfig", None)
        resources[subscriber.mapping.id] = {**mapping, "Properties": properties}
    return {**template, "Resources": resources}
