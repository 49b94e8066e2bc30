"""What became of the events that were given to publish_many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fanout.aws_errors import is_throttled
from fanout.publisher.errors import Failure, InvalidEvent, PublishResult
from fanout.publisher.event import Event


@dataclass(frozen=True, slots=True)
class Refusal:
    event: Event
    reason: str
    retryable: bool

    @classmethod
    def of(cls, event: Event, entry: Any) -> Refusal:
        """https://docs.aws.amazon.com/sns/latest/api/API_BatchResultErrorEntry.html"""
        if entry is None:
            return cls(event, "SNS's answer does not name this event", retryable=True)
        code = str(entry.get("Code", "no code"))
        reason = f"{code}: {entry.get('Message', 'no message')}"
        return cls(event, reason, retryable=not entry.get("SenderFault", False) or is_throttled(code))


@dataclass(slots=True)
class Tally:
    """`open`: what was read and has no answer yet; `ended`: what the reading raised."""

    published: int = 0
    failed: list[Failure] = field(default_factory=list)
    open: list[Event] = field(default_factory=list)
    ended: BaseException | None = None

    def read(self, events: Iterable[Event], check: Callable[[Event], None]) -> Iterator[Event]:
        """`events`, each checked and noted."""
        numbered = enumerate(events, start=1)
        while (event := self._next(numbered, check)) is not None:
            self.open.append(event)
            yield event

    def _next(self, numbered: Iterator[tuple[int, Event]], check: Callable[[Event], None]) -> Event | None:
        try:
            for number, event in numbered:
                _checked(number, event, check)
                return event
        except BaseException as error:
            self.ended = error
            raise
        return None

    def settle(self, events: list[Event], failed: list[Failure]) -> None:
        """These of the open ones have their answer; all are published but the failed."""
        self.open = without(self.open, events)
        self.published += len(events) - len(failed)
        self.failed += failed

    def result(self, stopped: str = "") -> PublishResult:
        """`stopped`: why the open ones are not published, as far as anybody knows."""
        return PublishResult(self.published, (*self.failed, *(Failure(each.id, stopped) for each in self.open)))


def _checked(number: int, event: Event, check: Callable[[Event], None]) -> None:
    try:
        check(event)
    except (TypeError, InvalidEvent) as error:
        raise type(error)(f"event {number} of those given: {error}") from None


def without(events: list[Event], gone: list[Event]) -> list[Event]:
    """By identity, one for one: somebody may publish the same event twice."""
    count = Counter(map(id, gone))
    kept = []
    for each in events:
        if count[id(each)]:
            count[id(each)] -= 1
        else:
            kept.append(each)
    return kept


def tell(error: BaseException, result: PublishResult) -> None:
    error.add_note(f"before this: {result}")
    try:
        error.result = result  # type: ignore[attr-defined]  # what its docstring says of any exception
    except AttributeError:
        return  # an exception with slots: its note counts
