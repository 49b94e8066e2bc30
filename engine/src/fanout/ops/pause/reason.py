"""Whether a subscriber is paused, and why: its mapping is off, and the reason is a tag of the mapping.

CloudFormation changes a property only when the template does, and no template of ours says whether a mapping is on: a
pause outlives deployments that leave the mapping alone. One that changes it may turn it on again; the tag stays, and
`fanout status` reports the difference. A tag that no template has is left alone by CloudFormation.

The mapping has the circuit's tag as well, so that whoever may switch it reads with one ListTags whose it is:
https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fanout import names
from fanout.ops.aws.subscriber import DeployedSubscriber

TAG = names.PAUSED_TAG
_MOST = 256
"""Characters of a tag's value, letters, digits, spaces and these: https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html"""
_NOT_IN_TAGS = re.compile(r"[^\w\s.:/=+@-]", re.ASCII)


@dataclass(frozen=True)
class Pause:
    """Who paused, when, and why."""

    at: str
    by: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {"at": self.at, "by": self.by, "reason": self.reason}

    def __str__(self) -> str:
        """As the tag's value."""
        return f"{self.at} by {self.by} = {self.reason}"[:_MOST]


def read(subscriber: DeployedSubscriber) -> Pause | None:
    return pause_in(subscriber.tags())


def pause_in(tags: Mapping[str, str]) -> Pause | None:
    """The pause that these tags of a mapping tell of."""
    value = tags.get(TAG)
    if value is None:
        return None
    at, _, rest = value.partition(" by ")
    by, _, reason = rest.partition(" = ")
    return Pause(at, by, reason)


def said(by: str, reason: str) -> Pause:
    """One of now, in the characters that a tag may have."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    who = by.rsplit(":", 1)[-1]
    return Pause(moment, _NOT_IN_TAGS.sub("_", who), " ".join(_NOT_IN_TAGS.sub("_", reason).split()))
