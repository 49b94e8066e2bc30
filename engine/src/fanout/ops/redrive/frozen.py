"""Which letters a redrive is about: those that its first look, or its dry run, saw. What dies later is not in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from fanout.errors import Unusable
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.causes import Cause, Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import Selection, each_alone
from fanout.ops.journal import Journal, Redriven

_PORTION = 500


@dataclass
class Frozen:
    """`until`, for a FIFO queue alone: a look sees ten of a group, and SQS stamps each message when it arrives there, so its
    clock tells what came later. A standard queue keeps the time of the first sending: there the ids do.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """

    ids: dict[str, None] = field(default_factory=dict)
    until: datetime | None = None
    causes: dict[Cause, int] = field(default_factory=dict)
    """Of those picked, the cause with the newest letter first."""
    redriven: int = 0
    seen: int = 0
    unread: set[str] = field(default_factory=set)
    completeness: Completeness = COMPLETE

    def __len__(self) -> int:
        return len(self.ids)

    def pick(
        self, messages: Sequence[DeadLetterMessage], selection: Selection, explainer: Explainer
    ) -> list[DeadLetterMessage]:
        """Those of `messages` that are in it."""
        if self.until is None:
            return [each for each in messages if each.message_id in self.ids]
        return selection.pick([each for each in messages if each.sent_at <= self.until], explainer)


def freeze(
    subscriber: DeployedSubscriber, selection: Selection, journal: Journal, *, visibility: int = browse.VISIBILITY
) -> Frozen:
    """Looks at the queue once, for as long as `visibility` allows; nothing is changed."""
    until = sqs_time(subscriber) if subscriber.is_fifo else None
    found = Frozen(until=until)
    newest: dict[Cause, datetime] = {}
    before = journal.redriven(subscriber.dead_letter_queue_name)
    explainer = Explainer(subscriber.aws, subscriber)
    portion: list[DeadLetterMessage] = []
    with browse.browse(
        subscriber.aws,
        subscriber.dead_letter_queue_url,
        visibility=visibility,
        limit=browse.MOST,
        patience=visibility + 5,
    ) as browsing:
        for page in browsing.pages():
            portion += page
            if len(portion) >= _PORTION:
                _add(found, selection.pick(portion, explainer), explainer, newest, before)
                portion = []
            if selection.is_satisfied:
                break
    _add(found, selection.pick(portion, explainer), explainer, newest, before)
    found.seen, found.unread = browsing.seen, found.unread | selection.unread
    found.completeness = COMPLETE if selection.is_satisfied else browsing.completeness
    found.causes = dict(sorted(found.causes.items(), key=lambda each: newest[each[0]], reverse=True))
    return found


def thawed(subscriber: DeployedSubscriber, journal: Journal, run: str) -> Frozen:
    """What the dry run `run` saw, from the journal. Raises Unusable when it is not there."""
    ids = journal.frozen(run, subscriber.dead_letter_queue_name)
    if ids is None:
        raise Unusable(f"no dry run {run} of {subscriber.task} is in the journal {journal.path}")
    return Frozen(ids=dict.fromkeys(ids))


def _add(
    found: Frozen,
    picked: Sequence[DeadLetterMessage],
    explainer: Explainer,
    newest: dict[Cause, datetime],
    before: Redriven,
) -> None:
    counted: Counter[Cause] = Counter(found.causes)
    for message, cause in zip(picked, each_alone(explainer.explain, picked) if picked else [], strict=True):
        found.ids[message.message_id] = None
        found.redriven += message in before
        if cause is None:
            found.unread.add(message.message_id)
            continue
        counted[cause] += 1
        newest[cause] = max(newest.get(cause, message.sent_at), message.sent_at)
    found.causes = dict(counted)


def sqs_time(subscriber: DeployedSubscriber) -> datetime:
    """Now, by SQS's clock; its answers tell whole seconds, hence the one more."""
    url = subscriber.dead_letter_queue_url
    answer = subscriber.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return (parsedate_to_datetime(said) if said else datetime.now(UTC)) + timedelta(seconds=1)
