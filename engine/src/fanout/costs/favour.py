"""What each word of `favour` asks of a mapping: docs/adr/0028-batching-and-polling.md."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from fanout.costs.schedules import SCHEDULES
from fanout.costs.subscribers import subscribers
from fanout.template.messaging import is_fifo
from fanout.template.template import Template

Favour = Literal["latency", "cost"]


@dataclass(frozen=True)
class Gathering:
    """How a mapping gathers messages; `window` in seconds."""

    batch_size: int
    window: int


FAVOURS: dict[str, Gathering] = {
    "latency": Gathering(batch_size=10, window=0),
    "cost": Gathering(batch_size=10, window=20),
}
"""Ten messages are what one SQS request takes and what a task works on at the same time: more saves little and risks its
time-out. 20 seconds because a queue with little traffic may wait so long with any window: "even if you set a batch window
lower than 20 seconds", https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""


def favouring(word: str, *, ordered: bool) -> Gathering:
    """A FIFO queue has no window."""
    chosen = FAVOURS[word]
    return Gathering(chosen.batch_size, 0) if ordered else chosen


def favoured(template: dict[str, Any], word: str, *, bounded: bool = True) -> dict[str, Any]:
    """The template with every mapping from a queue set as `word` would; not `bounded`: without MaximumConcurrency.

    Without schedules too: what heartbeats cost is in no word.
    """
    changed = deepcopy(template)
    for each in Template(template).of(*SCHEDULES):
        del changed["Resources"][each.id]
    for subscriber in subscribers(Template(template)):
        ordered = subscriber.queue is not None and is_fifo(subscriber.queue) is True
        gathering = favouring(word, ordered=ordered)
        properties = changed["Resources"][subscriber.mapping.id]["Properties"]
        properties["BatchSize"] = gathering.batch_size
        properties["MaximumBatchingWindowInSeconds"] = gathering.window
        if not bounded:
            properties.pop("ScalingConfig", None)
    return changed
