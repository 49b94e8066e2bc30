"""What a publishing service uses. Its only configuration is the topic ARN, and the schemas of what it publishes."""

from fanout.errors import ContractError
from fanout.publisher.client import EventPublisher, Receipt
from fanout.publisher.errors import (
    EventTooLarge,
    Failure,
    InvalidArgument,
    InvalidEvent,
    InvalidTopicArn,
    PublishError,
    PublishResult,
)
from fanout.publisher.event import Event, checked_event, new_event

__all__ = [
    "ContractError",
    "Event",
    "EventPublisher",
    "EventTooLarge",
    "Failure",
    "InvalidArgument",
    "InvalidEvent",
    "InvalidTopicArn",
    "PublishError",
    "PublishResult",
    "Receipt",
    "checked_event",
    "new_event",
]
