"""Where a task that archives events puts each: `fanout replay` looks there. It is in the zip of a task that uses it."""

from fanout import names
from fanout.runtime.event import Event
from fanout.runtime.record import identity


def archive_key(event: Event) -> str:
    """`events-by-day/<year>/<month>/<day>/<group>/<event id>/<identity>.json`, by the event's own time in UTC.

    So the events of a day are one prefix, whatever their group, and `fanout replay` finds them.
    """
    day = event.time.date().isoformat().replace("-", "/")
    return f"{names.ARCHIVE_PREFIX}/{day}/{event.group or '-'}/{event.id}/{identity(event)}.json"
