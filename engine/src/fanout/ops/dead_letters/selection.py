"""Which dead letters a command is about."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from fanout.errors import Unusable, UserError
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters.causes import UNREAD, Cause, Explainer
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.words import counted

_AGE = re.compile(r"(\d+)\s*(s|m|min|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}


@dataclass
class Selection:
    """Everything given must hold. `found` are those of `ids` that are a seen letter's own: no other letter has them, so a look for
    these can end early. Of an event, or under a reference, there may be more letters."""

    causes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    older_than: timedelta | None = None
    found: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    """Message ids that a look for causes could not read: they are left where they are."""
    unsure: set[str] = field(default_factory=set)
    """Message ids whose log was not read to its end, so that theirs may be a wanted cause: they are left, too."""

    @classmethod
    def from_options(
        cls, causes: Sequence[str], ids: Sequence[str], older_than: str | None, *, everything: bool
    ) -> "Selection":
        """From options; one of them must be there, so that nothing happens to everything by accident."""
        if everything and (causes or ids or older_than):
            raise Unusable("--all means every dead letter: leave out --cause, --id and --older-than")
        if not (everything or causes or ids or older_than):
            raise Unusable("which dead letters? give --cause (see fanout dead list), --id, --older-than, or --all")
        return cls(tuple(causes), tuple(ids), age(older_than) if older_than else None)

    @property
    def is_everything(self) -> bool:
        return not (self.causes or self.ids or self.older_than)

    @property
    def is_satisfied(self) -> bool:
        """Nothing more can come."""
        return bool(self.ids) and set(self.ids) <= self.found

    @property
    def completeness(self) -> Completeness:
        """Of the look for causes, so far."""
        if not self.unsure:
            return COMPLETE
        many = counted(len(self.unsure), "dead letter")
        return Completeness((f"{many} whose cause was not read, as not all of the log was",))

    def as_dict(self) -> dict[str, object]:
        older = self.older_than.total_seconds() if self.older_than else None
        return {"causes": list(self.causes), "ids": list(self.ids), "older_than_seconds": older}

    def pick(self, messages: Sequence[DeadLetterMessage], explainer: Explainer) -> list[DeadLetterMessage]:
        """Asks the log only for messages that pass everything else."""
        picked = [each for each in messages if self._is_wanted(each) and self._is_old(each)]
        if not self.causes or not picked:
            return picked
        causes = each_alone(explainer.explain, picked)
        self.unread |= {each.message_id for each, cause in zip(picked, causes, strict=True) if cause is None}
        read = [(each, cause) for each, cause in zip(picked, causes, strict=True) if cause is not None]
        chosen = [each for each, cause in read if any(cause.matches(wanted) for wanted in self.causes)]
        matched = {each.message_id for each in chosen}
        self.unsure -= {each.message_id for each, _ in read}
        self.unsure |= {each.message_id for each, cause in read if cause == UNREAD} - matched
        return chosen

    def _is_wanted(self, message: DeadLetterMessage) -> bool:
        if message.message_id in self.ids:
            self.found.add(message.message_id)
        return not self.ids or any(message.matches(id_) for id_ in self.ids)

    def _is_old(self, message: DeadLetterMessage) -> bool:
        return self.older_than is None or datetime.now(UTC) - message.sent_at >= self.older_than


def each_alone(
    explain: Callable[[Sequence[DeadLetterMessage]], list[Cause]], messages: Sequence[DeadLetterMessage]
) -> list[Cause | None]:
    """The causes of `messages`; one that cannot be read is None, and its trouble is nobody else's.

    What AWS answers to the question for all of them is raised, as it is about all of them.
    """
    try:
        return list(explain(messages))
    except (ClientError, BotoCoreError, UserError):
        raise
    except Exception:
        return [None] if len(messages) < 2 else [each for one in messages for each in each_alone(explain, [one])]


def age(text: str) -> timedelta:
    """90s, 30min, 12h, 2d."""
    found = _AGE.fullmatch(text.strip())
    if not found:
        raise Unusable(f"{text!r} is no length of time: expected something like 30min, 12h or 2d")
    try:
        return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    except (OverflowError, ValueError):
        raise Unusable(f"{text[:20]}... is longer than any message lives: give at most 14d") from None
