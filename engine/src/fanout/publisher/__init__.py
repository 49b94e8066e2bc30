"""What a form service uses to publish its events. Its only configuration is the topic ARN."""

from fanout.publisher.client import FormEvents, Receipt
from fanout.publisher.errors import EventTooLarge, Failure, InvalidEvent, InvalidTopicArn, PublishError, PublishResult
from fanout.publisher.event import Event, checked_event, form_submitted

__all__ = [
    "Event",
    "EventTooLarge",
    "Failure",
    "FormEvents",
    "InvalidEvent",
    "InvalidTopicArn",
    "PublishError",
    "PublishResult",
    "Receipt",
    "checked_event",
    "form_submitted",
]
