"""When a failing event is tried again, as a stopwatch started at its first attempt shows it."""

from __future__ import annotations

from dataclasses import dataclass

from fanout import names
from fanout.catalog import markdown
from fanout.catalog.reading import Subscriber
from fanout.template import dead_letters

DELAYS, JITTER = names.RETRY_DELAYS, names.RETRY_JITTER


@dataclass(frozen=True)
class Schedule:
    """`delays`, in seconds, between one attempt and the next. `own`: the function sets them, up to `jitter` away from it."""

    delays: tuple[float, ...]
    jitter: float
    own: bool

    @property
    def attempts(self) -> int:
        return len(self.delays) + 1

    @property
    def total(self) -> float:
        return sum(self.delays)


def schedule(of: Subscriber) -> Schedule | None:
    """None for a queue without a dead-letter queue, or whose numbers cannot be seen: nobody knows how often it tries."""
    attempts = dead_letters.attempts_of(of.queue)
    visibility = of.queue.number("VisibilityTimeout", default=30)
    if not attempts or visibility is None or of.dead_letter_queue is None:
        return None
    delays, jitter = of.variable(DELAYS), of.variable(JITTER)
    try:
        own = tuple(float(each) for each in delays.split(",")) if delays else ()
        if len(own) == attempts - 1:
            return Schedule(own, float(jitter or 0), own=True)
    except ValueError:  # not our variables: the queue's own time-out decides
        own = ()
    return Schedule((visibility,) * (int(attempts) - 1), 0, own=False)


def timeline(of: Subscriber) -> str:
    found = schedule(of)
    if found is None:
        return markdown.paragraph(_ENDLESS)
    columns, rows = ("attempt", "after"), [(str(number), markdown.clock(after)) for number, after in _offsets(found)]
    last = f"After attempt {found.attempts} the event is a dead letter. {_kept(of)}"
    if not found.own:
        return f"{markdown.table(columns, rows)}\n{markdown.paragraph(f'{_BY_QUEUE} {last}')}"
    hidden = of.queue.number("VisibilityTimeout", default=30) or 0
    more = [
        (_jittered(after, found.jitter), markdown.clock((number - 1) * hidden)) for number, after in _offsets(found)
    ]
    wide = (*columns, "with jitter", f"if the {'worker' if of.worker else 'function'} crashes or times out each time")
    table = markdown.table(wide, [(*row, *rest) for row, rest in zip(rows, more, strict=True)])
    return f"{table}\n{markdown.paragraph(f'{_BY_FUNCTION} {last}')}"


_ENDLESS = (
    "A message that fails comes back until the queue forgets it: there is no dead-letter queue where it would be seen."
)
_BY_QUEUE = "What fails shows again when the queue's visibility time-out is over."
_BY_FUNCTION = "Hours, minutes and seconds from the first attempt. What no retry can help (`PermanentError`) is a dead letter at once."


def _offsets(found: Schedule) -> list[tuple[int, float]]:
    """(number, seconds after the first) of each attempt."""
    return [(number, sum(found.delays[: number - 1])) for number in range(1, found.attempts + 1)]


def _jittered(offset: float, jitter: float) -> str:
    if not offset or not jitter:
        return ""
    return f"{markdown.clock(offset * (1 - jitter))} to {markdown.clock(offset * (1 + jitter))}"


def _kept(of: Subscriber) -> str:
    kept = of.dead_letter_queue.number("MessageRetentionPeriod", default=345_600) if of.dead_letter_queue else None
    return f"It is kept until {markdown.span(kept)} after it was published." if kept else ""
