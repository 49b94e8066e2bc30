"""From an archived body to the message that the publisher sent: the same body, byte for byte, and the same attributes.

The attributes repeat fields of the event, as its contract says, so they are made again from the body. What a publisher
gave beside them (`attributes=`) is in no archive.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fanout import names
from fanout.contracts.contract import Contracts
from fanout.errors import UserError
from fanout.ops.send.queue import OutgoingMessage
from fanout.publisher import Event, InvalidEvent, checked_event
from fanout.publisher.attributes import MAX_ATTRIBUTES, as_message_attributes

LARGEST_MESSAGE: Final = 1_048_576
"""Bytes that SQS takes, and so the most that a topic can have delivered:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
_OWN: Final = (names.HEARTBEAT_SUFFIX, names.PROBE_SUFFIX)


class Refused(UserError):
    """The body is no event by today's contracts; the words name path and rule, never a value."""


class Engines(UserError):
    """A heartbeat or a probe: it is never replayed."""


@dataclass(frozen=True)
class Archived:
    """`body` is the archived text; `time`: seconds."""

    event: Event
    source: str
    time: float
    body: str = field(repr=False)

    @classmethod
    def read(cls, body: str, contracts: Contracts) -> "Archived":
        """Raises Refused and Engines."""
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused("it is not JSON") from None
        if not isinstance(parsed, dict):
            raise Refused("it is no JSON object")
        if str(parsed.get("type", "")).endswith(_OWN):
            raise Engines
        try:
            event = checked_event(parsed, contracts=contracts, max_bytes=LARGEST_MESSAGE)
        except InvalidEvent as error:
            raise Refused(str(error).removesuffix("; nothing was published")) from None
        return cls(event, str(parsed["source"]), _seconds(parsed["time"]), body)

    def outgoing(self, key: str, *, group: str | None, again_from: float | None) -> OutgoingMessage:
        """`again_from`: what was done before that moment is done again. Raises Refused."""
        attributes: dict[str, Any] = dict(as_message_attributes(self.event.attributes))
        if again_from is not None:
            if len(attributes) >= MAX_ATTRIBUTES:
                raise Refused(f"it has {len(attributes)} attributes: no room for {names.REPLAY_ATTRIBUTE}")
            attributes[names.REPLAY_ATTRIBUTE] = {"DataType": "Number", "StringValue": f"{again_from:.3f}"}
        return OutgoingMessage(key, self.body, attributes, group)


def _seconds(time: str) -> float:
    """The contract has checked it; a leap second is read as the second before."""
    leap = time[16:19] == ":60"
    moment = datetime.fromisoformat((f"{time[:16]}:59{time[19:]}" if leap else time).upper())
    return moment.astimezone(UTC).timestamp()
