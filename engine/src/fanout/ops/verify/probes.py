"""Probes as `fanout verify` publishes them: events of the engine that no task sees, known by their ids.

What a probe does is written in `fanout.runtime.probe`. It says itself until when it does so, and is done afterwards: what
a killed run leaves in a task's queue ends by itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fanout import names
from fanout.ops.aws import line
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, Subscription
from fanout.ops.dead_letters.message import DeadLetterMessage

PREFIX: Final = line.PROBE
"""Of the id of every probe of every run."""
GROUP: Final = "fanout-probe"
"""Of a FIFO topic: probes wait behind no event."""
HEARTBEAT: Final = {"type": names.HEARTBEAT_TYPE}
"""The message attributes of a heartbeat, which the filters of the engine's subscribers let through."""


@dataclass(frozen=True)
class Probe:
    """One message for the topic. `attributes`: by name, texts."""

    id: str
    at: datetime
    data: Mapping[str, Any]
    attributes: Mapping[str, str]

    def request(self, topic_arn: str, *, copy: str = "") -> dict[str, Any]:
        """The parameters of SNS's Publish. A `copy` is another message with the same event."""
        event = {
            "specversion": "1.0",
            "id": self.id,
            "source": "/fanout/verify",
            "type": names.PROBE_TYPE,
            "time": self.at.isoformat(timespec="milliseconds"),
            "data": dict(self.data),
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in self.attributes.items()}
        request = {"TopicArn": topic_arn, "Message": json.dumps(event), "MessageAttributes": attributes}
        ordered = {"MessageGroupId": GROUP, "MessageDeduplicationId": self.id + copy}
        return {**request, **(ordered if topic_arn.endswith(".fifo") else {})}


def is_probe(message: DeadLetterMessage, prefix: str = PREFIX) -> bool:
    """By type and id together: nothing that an app publishes."""
    event = message.event or {}
    id_, type_ = event.get("id"), event.get("type")
    return isinstance(id_, str) and id_.startswith(prefix) and str(type_).endswith(names.PROBE_SUFFIX)


def attributes_for(subscriptions: Sequence[Subscription]) -> dict[str, str] | None:
    """With which a probe passes the filter of one of them; None where made-up attributes cannot, as for a filter on the body."""
    for attributes in (
        HEARTBEAT,
        *({**HEARTBEAT, **_wanted(each.policy)} for each in subscriptions if not each.in_body),
        {},  # to workers that no heartbeat shall wake
    ):
        event = KnownEvent(attributes, {})
        if any(each.lets_through(event) is True for each in subscriptions):
            return dict(attributes)
    return None


def reach(subscribers: Sequence[DeployedSubscriber], read: Any) -> dict[str, dict[str, str] | None]:
    """By task, the attributes that reach it; `read` gives a subscriber's subscriptions, and none for another topic."""
    return {each.task: attributes_for(found) if (found := read(each)) else None for each in subscribers}


def _wanted(policy: Mapping[str, Any]) -> dict[str, str]:
    """For each key the first value that a plain condition names."""
    found = {}
    for key, conditions in policy.items():
        for each in conditions if isinstance(conditions, list) else []:
            value = each.get("prefix", each.get("equals-ignore-case")) if isinstance(each, dict) else each
            if isinstance(value, str) and key != "$or":
                found[key] = value
                break
    return found


def now() -> datetime:
    return datetime.now(UTC)
