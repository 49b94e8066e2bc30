"""What a form service uses to publish its events. Its only configuration is the topic ARN."""

from publisher.errors import EventTooLarge, Failure, InvalidEvent, InvalidTopicArn, PublishError, PublishResult
from publisher.event import Event, checked_event, form_submitted
from publisher.sns import FormEvents, Receipt

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
