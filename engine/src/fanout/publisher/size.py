"""What SNS and SQS count of a message: bytes of UTF-8, never characters."""

from collections.abc import Mapping
from typing import Any


def message_size(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of the body, and of each attribute's name, data type and value, in the shape of their APIs.

    A system attribute (the trace header), a message group and a deduplication id do not count.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    return _bytes(body) + sum(
        _bytes(name) + sum(_bytes(part) for part in value.values()) for name, value in attributes.items()
    )


def _bytes(part: Any) -> int:
    return len(part) if isinstance(part, bytes | bytearray) else len(str(part).encode("utf-8", "surrogatepass"))
