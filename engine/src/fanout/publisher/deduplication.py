"""What SNS knows an event by in a FIFO topic, for the five minutes in which it takes nothing twice."""

import hashlib
import json


def deduplication_id(body: str) -> str:
    """64 hex digits of an event's source, id, type and data; its time and extensions change nothing.

    Two sources may use one id. And what SNS finds twice it drops without a word, so other content under the same source and
    id has to pass: the tasks see it, and make a dead letter of it.
    https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
    """
    event = json.loads(body)
    parts = [event[name] for name in ("source", "id", "type", "data")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
