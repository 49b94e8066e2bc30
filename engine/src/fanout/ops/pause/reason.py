"""Whether a subscriber is paused, and why: the mapping is off, and the reason is a tag of its queue.

CloudFormation changes a property only when the template does, and no template of ours says whether a mapping is on: a
pause outlives deployments that leave the mapping alone. One that changes it may turn it on again; the tag stays, and
`fanout status` reports the difference. A tag that no template has is left alone by CloudFormation.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fanout import names
from fanout.ops.aws.discovery import DeployedSubscriber

TAG = names.PAUSED_TAG
_MOST = 256
"""Characters of a tag's value, letters, digits, spaces and these: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html"""
_NOT_IN_TAGS = re.compile(r"[^\w\s.:/=+@-]", re.ASCII)


@dataclass(frozen=True)
class Pause:
    """Who paused, when, and why."""

    at: str
    by: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {"at": self.at, "by": self.by, "reason": self.reason}


def read(subscriber: DeployedSubscriber) -> Pause | None:
    value = subscriber.tags().get(TAG)
    if value is None:
        return None
    at, _, rest = value.partition(" by ")
    by, _, reason = rest.partition(" = ")
    return Pause(at, by, reason)


def write(subscriber: DeployedSubscriber, by: str, reason: str) -> Pause:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    who = by.rsplit(":", 1)[-1]
    pause = Pause(moment, _NOT_IN_TAGS.sub("_", who), " ".join(_NOT_IN_TAGS.sub("_", reason).split()))
    value = f"{pause.at} by {pause.by} = {pause.reason}"[:_MOST]
    subscriber.aws.sqs.tag_queue(QueueUrl=subscriber.queue_url, Tags={TAG: value})
    return pause


def erase(subscriber: DeployedSubscriber) -> None:
    subscriber.aws.sqs.untag_queue(QueueUrl=subscriber.queue_url, TagKeys=[TAG])
