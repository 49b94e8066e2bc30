"""What the table of a stack says of an event at a task: one item for each task and event id, in it one record for each source.

A CloudEvent is the same by its source and id together (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#id),
and the id alone is what a person has in hand, so the id is the key and the source names the record inside.

    task_event  "<task>#<event id>"     the key
    expires_at  seconds                 DynamoDB deletes the item after it; renewed by every copy of the event that comes
    reference   the event's reference   the key of the index; only where the contract names one
    of_<hash of the source>             a map:
        source, claim, data             of whom; who holds or held it; a fingerprint of type and data (see `fingerprint`)
        state                           working, done, failed, dead
        lease_until                     while it is working: seconds, after which another attempt may begin
        attempt, message_id, request_id of the last attempt
        first_at, at                    seconds with milliseconds: of the first attempt, of the last state
        error_type, error               of failed and dead, as in the log line; nothing in them can be an answer
        dead_letter                     of dead: the message id in the dead-letter queue, once the function sent it there

An item of an engine before 0.4 has `claim`, `lease_until` and `expires_at` at its top, no record, and no source: it stands for any.
`lease_until` stands at the top of today's items too, as long as the record written last is not done: for functions of those engines,
which run for a moment next to ours, and again after a rollback. Without `claim` it says nothing to us.

A task that claims nothing has `claim` in its record all the same, and none of it is ever `working`. With several sources in one
item, `expires_at` is the latest of theirs, and `reference` that of the record written last.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fanout.runtime.event import Event

WORKING, DONE, FAILED, DEAD = "working", "done", "failed", "dead"
PREFIX = "of_"
_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def key(task: str, event_id: str) -> str:
    """Of the item."""
    return f"{task}#{event_id}"


def attribute(source: str) -> str:
    """The name of the record of `source` within the item."""
    return PREFIX + hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def fingerprint(type_: str, data: Any) -> str:
    """Equal for equal content, however its JSON is written: 64 bits of a hash over type and data.

    The event's time and extensions are no part of it: a publisher that tries again may set them anew.
    """
    return hashlib.sha256(_json([type_, data]).encode()).hexdigest()[:16]


def identity(event: "Event") -> str:
    """32 hex digits, the same for every copy of an event: of source, id, type and data.

    For a name at a task's target, or its idempotency key. Neither time nor extensions change it, as a publisher that tries
    again may set them anew; another source's event of the same id, or other content under it, has another.
    """
    parts = [event.source, event.id, fingerprint(event.type, event.raw.get("data"))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
