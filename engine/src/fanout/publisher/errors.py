"""What can go wrong, each in one line that never holds personal data."""

from __future__ import annotations

from dataclasses import dataclass


class InvalidTopicArn(ValueError):
    """The one configured value is not the ARN of an SNS topic."""


class InvalidArgument(ValueError):
    """What an EventPublisher was made with cannot be right."""


class InvalidEvent(ValueError):
    """The event breaks the contract or SNS's rules; nothing was sent. Names the place, never the value."""


class EventTooLarge(InvalidEvent):
    """Body and attributes together are over SNS's limit; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One event that SNS did not accept."""

    event_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What became of the events given to publish_many: how many SNS accepted, and each one that it did not."""

    published: int
    failed: tuple[Failure, ...]

    def __str__(self) -> str:
        return f"{self.published} events published, {len(self.failed)} not"


class PublishError(Exception):
    """AWS refused a request, or did not answer; the cause is chained.

    `retryable`: publishing the same event again can help. Not a new one: after a time-out SNS may have accepted it, and
    tasks skip an event id that they have completed.
    `result`: set by publish_many alone, what became of the events read so far; other exceptions out of it have one too.
    """

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.result: PublishResult | None = None
