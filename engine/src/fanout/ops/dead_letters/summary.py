"""Groups a subscriber's dead-letter messages by cause."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import UserError
from fanout.ops.aws.discovery import DeployedSubscriber, Stack
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Cause, Explainer, Group
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import each_alone
from fanout.ops.journal import Journal, Redriven

AT_A_TIME = 500
"""Messages in memory while their causes are joined."""


@dataclass
class DeadLetterSummary:
    """One subscriber's dead letters, the group with the newest first. `completeness` says what was not looked at."""

    task: str
    total: int = 0
    seen: int = 0
    completeness: Completeness = COMPLETE
    groups: list[Group] = field(default_factory=list)
    redriven: Counter[Cause] = field(default_factory=Counter)
    """How many of each cause were sent back before, by this operator's journal."""
    unread: list[str] = field(default_factory=list)
    """Ids of messages that cannot be read; export and drop take them as they are."""
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "total": max(self.total, self.seen),
            "looked_at": self.seen,
            "complete": bool(self.completeness),
            "unseen": list(self.completeness.unseen),
            "groups": [{**each.as_dict(), "redriven_before": self.redriven[each.cause]} for each in self.groups],
            "cannot_be_read": self.unread,
            "problem": self.problem,
        }


def collect(stack: Stack, task: str | None, *, limit: int) -> list[DeadLetterSummary]:
    """Side by side; one that cannot be read does not hide the others."""
    journal = Journal.of(stack)
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda each: _summarize(each, journal, limit), stack.with_letters(task)))


def _summarize(subscriber: DeployedSubscriber, journal: Journal, limit: int) -> DeadLetterSummary:
    found = DeadLetterSummary(subscriber.task)
    groups: dict[Cause, Group] = {}
    try:
        found.total = browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url).all
        before = journal.redriven(subscriber.dead_letter_queue_name)
        explainer = Explainer(subscriber.aws, subscriber)
        with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=limit) as browsing:
            waiting: list[DeadLetterMessage] = []
            for page in browsing.pages():
                waiting += page
                if len(waiting) >= AT_A_TIME:
                    _count(explainer, waiting, groups, found, before)
                    waiting = []
        _count(explainer, waiting, groups, found, before)  # the messages are shown again before the log is asked
        found.seen, found.completeness = browsing.seen, browsing.completeness
    except (ClientError, BotoCoreError, UserError) as error:
        found.problem = one_line(error)
    found.groups = sorted(groups.values(), key=lambda each: str(each.last), reverse=True)
    return found


def _count(
    explainer: Explainer,
    messages: list[DeadLetterMessage],
    groups: dict[Cause, Group],
    found: DeadLetterSummary,
    before: Redriven,
) -> None:
    for message, cause in zip(messages, each_alone(explainer.explain, messages) if messages else [], strict=True):
        if cause is None:
            found.unread.append(message.message_id)
            continue
        groups.setdefault(cause, Group(cause)).add(message)
        found.redriven[cause] += message in before
