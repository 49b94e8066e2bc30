"""Groups a subscriber's dead-letter messages by cause."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import UserError
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DELIVERY, DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Cause, Explainer, Group, attempts_at
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


Told = Callable[[DeadLetterSummary], None]
"""Called with a summary that is not ended yet: it changes while it is looked at."""


def collect(stack: Stack, task: str | None, *, limit: int, told: Told = lambda _: None) -> list[DeadLetterSummary]:
    """Side by side; one that cannot be read does not hide the others. `told` hears of each on the way."""
    stack.require_subscribers()
    journal = Journal.of(stack)
    return in_lanes(lambda each: _summarize(each, journal, limit, told), stack.with_letters(task))


def _summarize(subscriber: DeployedSubscriber, journal: Journal, limit: int, told: Told) -> DeadLetterSummary:
    found = DeadLetterSummary(subscriber.task)
    counting = _Counting(subscriber, journal, found)
    try:
        found.total = browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url).all
        told(found)
        if found.total:
            subscriber.require_own_letters()
        with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=limit) as browsing:
            waiting: list[DeadLetterMessage] = []
            for page in browsing.pages():
                waiting += page
                found.seen = browsing.seen
                if len(waiting) >= AT_A_TIME:
                    counting.add(waiting)
                    waiting = []
                    told(found)
        counting.add(waiting)  # the messages are shown again before the log is asked
        found.seen, found.completeness = browsing.seen, browsing.completeness
    except (ClientError, BotoCoreError, UserError) as error:
        found.problem = one_line(error)
    told(found)
    return found


class _Counting:
    """Into one summary; nobody is asked anything before there is a message."""

    def __init__(self, subscriber: DeployedSubscriber, journal: Journal, found: DeadLetterSummary) -> None:
        self._subscriber, self._journal, self._found = subscriber, journal, found
        self._groups: dict[Cause, Group] = {}

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self._subscriber.aws, self._subscriber)

    @cached_property
    def _before(self) -> Redriven:
        return self._journal.redriven(self._subscriber.dead_letter_queue_name)

    @cached_property
    def _most_attempts(self) -> int:
        return self._subscriber.attempts if self._subscriber.kind != DELIVERY else 0

    def add(self, messages: list[DeadLetterMessage]) -> None:
        causes = each_alone(self._explainer.explain, messages) if messages else []
        for message, cause in zip(messages, causes, strict=True):
            if cause is None:
                self._found.unread.append(message.message_id)
                continue
            most = self._most_attempts if message.moved_by_sqs else 0
            self._groups.setdefault(cause, Group(cause)).add(message, attempts_at(message, most))
            self._found.redriven[cause] += message in self._before
        self._found.groups = sorted(self._groups.values(), key=lambda each: str(each.last), reverse=True)
