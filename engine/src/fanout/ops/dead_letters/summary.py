"""Groups a subscriber's dead-letter messages by cause."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Cause, Explainer, Group
from fanout.ops.dead_letters.message import DeadLetterMessage

AT_A_TIME = 500
"""Messages in memory while their causes are joined."""


@dataclass
class DeadLetterSummary:
    """One subscriber's dead letters. `complete` is False when there are more than were looked at."""

    task: str
    total: int = 0
    seen: int = 0
    complete: bool = True
    groups: list[Group] = field(default_factory=list)
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "total": max(self.total, self.seen),
            "looked_at": self.seen,
            "complete": self.complete,
            "groups": [each.as_dict() for each in self.groups],
            "problem": self.problem,
        }


def collect(subscribers: Sequence[DeployedSubscriber], *, limit: int) -> list[DeadLetterSummary]:
    """Side by side; one that cannot be read does not hide the others."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda each: _summarize(each, limit), subscribers))


def _summarize(subscriber: DeployedSubscriber, limit: int) -> DeadLetterSummary:
    found = DeadLetterSummary(subscriber.task)
    groups: dict[Cause, Group] = {}
    try:
        found.total = browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url).all
        explainer = Explainer(subscriber.aws, subscriber)
        with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=limit) as browsing:
            waiting: list[DeadLetterMessage] = []
            for page in browsing.pages():
                waiting += page
                if len(waiting) >= AT_A_TIME:
                    _count(explainer, waiting, groups)
                    waiting = []
            found.seen, found.complete = browsing.seen, browsing.complete
        _count(explainer, waiting, groups)  # the messages are shown again before the log is asked
    except (ClientError, BotoCoreError) as error:
        found.problem = one_line(error)
    found.groups = sorted(groups.values(), key=lambda each: -each.count)
    return found


def _count(explainer: Explainer, messages: list[DeadLetterMessage], groups: dict[Cause, Group]) -> None:
    if not messages:
        return
    for message, cause in zip(messages, explainer.explain(messages), strict=True):
        groups.setdefault(cause, Group(cause)).add(message)
