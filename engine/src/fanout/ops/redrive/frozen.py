"""Which letters a redrive is about: those that its first look, or its dry run, saw. What dies later is not in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from fanout.errors import Unusable
from fanout.ops import lease
from fanout.ops.aws.subscriber import DeployedSubscriber
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


class Exactly(Selection):
    """What was frozen, and nothing else, for whatever takes a selection."""

    def __init__(self, frozen: Frozen) -> None:
        super().__init__()
        self._left = set(frozen.ids)

    @property
    def is_everything(self) -> bool:
        return False

    @property
    def is_satisfied(self) -> bool:
        return not self._left

    def pick(self, messages: Sequence[DeadLetterMessage], explainer: Explainer) -> list[DeadLetterMessage]:
        picked = [each for each in messages if each.message_id in self._left]
        self._left.difference_update(each.message_id for each in picked)
        return picked


def freeze(
    subscriber: DeployedSubscriber,
    selection: Selection,
    journal: Journal,
    *,
    visibility: int = browse.VISIBILITY,
    waiting: Callable[[str], None] = lambda _: None,
    seen: Callable[[int], None] = lambda _: None,
) -> Frozen:
    """Looks at the queue; nothing is changed. What somebody has in hand (a run that was killed, too) is waited for, for as
    long as such a hand can last; `waiting` is told so, and `seen` how many were looked at so far."""
    until = sqs_time(subscriber) if subscriber.is_fifo else None
    found = Frozen(until=until)
    look = _Look(subscriber, selection, found, journal.redriven(subscriber.dead_letter_queue_name), seen)
    end, patience = lease.now() + visibility + 5, 0.0
    while True:
        browsing = look.once(visibility, patience)
        if selection.is_satisfied or not browsing.may_see_more or lease.now() >= end:
            break
        if not patience:
            waiting(f"{'; '.join(browsing.completeness.unseen)}: waiting for a minute at most")
        patience = max(1.0, end - lease.now())
    found.unread |= selection.unread
    found.completeness = COMPLETE if selection.is_satisfied else browsing.completeness
    found.completeness += selection.completeness
    found.causes = dict(sorted(found.causes.items(), key=lambda each: look.newest[each[0]], reverse=True))
    return found


@dataclass
class _Look:
    """One look, and again; a letter that is seen twice counts once."""

    subscriber: DeployedSubscriber
    selection: Selection
    found: Frozen
    before: Redriven
    told: Callable[[int], None]
    newest: dict[Cause, datetime] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def once(self, visibility: int, patience: float) -> browse.Browse:
        portion: list[DeadLetterMessage] = []
        with browse.browse(
            self.subscriber.aws,
            self.subscriber.dead_letter_queue_url,
            visibility=visibility,
            limit=browse.MOST,
            patience=patience,
        ) as browsing:
            for page in browsing.pages():
                portion += [each for each in page if each.message_id not in self._seen]
                self._seen.update(each.message_id for each in page)
                self.told(len(self._seen))
                if len(portion) >= _PORTION:
                    self._add(portion)
                    portion = []
                if self.selection.is_satisfied:
                    break
        self._add(portion)
        self.found.seen = len(self._seen)
        return browsing

    def _add(self, portion: Sequence[DeadLetterMessage]) -> None:
        explainer = Explainer(self.subscriber.aws, self.subscriber)
        picked = self.selection.pick(portion, explainer)
        for message, cause in zip(picked, each_alone(explainer.explain, picked) if picked else [], strict=True):
            self.found.ids[message.message_id] = None
            self.found.redriven += message in self.before
            if cause is None:
                self.found.unread.add(message.message_id)
                continue
            self.found.causes[cause] = self.found.causes.get(cause, 0) + 1
            self.newest[cause] = max(self.newest.get(cause, message.sent_at), message.sent_at)


def thawed(subscriber: DeployedSubscriber, journal: Journal, run: str) -> Frozen:
    """What the dry run `run` saw and no run has moved since, from the journal. Raises Unusable when it is not there."""
    queue = subscriber.dead_letter_queue_name
    ids = journal.frozen(run, queue)
    if ids is None:
        raise Unusable(f"no dry run {run} of {subscriber.task} is in the journal {journal.path}")
    moved = journal.moved(queue)
    return Frozen(ids=dict.fromkeys(each for each in ids if each not in moved))


def sqs_time(subscriber: DeployedSubscriber) -> datetime:
    """Now, by SQS's clock; its answers tell whole seconds, hence the one more."""
    url = subscriber.dead_letter_queue_url
    answer = subscriber.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return (parsedate_to_datetime(said) if said else datetime.now(UTC)) + timedelta(seconds=1)
