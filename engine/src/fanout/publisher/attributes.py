"""Message attributes: what filter policies look at, and what SNS and SQS demand of them."""

import re
from collections.abc import Mapping
from typing import Final

from fanout import names
from fanout.publisher.errors import InvalidEvent

MAX_ATTRIBUTES: Final = 10
"""Raw delivery to SQS drops a message with more (https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html)."""

_DATA_TYPE: Final = "String"
_NAME: Final = re.compile(r"(?!aws\.|amazon\.)[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII | re.IGNORECASE)
_MAX_NAME: Final = 255
_OWN: Final = names.CAUSE_ATTRIBUTE.rpartition(".")[0] + "."
_VALUE: Final = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def checked_attributes(ours: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Ours and the caller's in one; raises InvalidEvent for what SNS or SQS would refuse, perhaps on delivery only."""
    for name in extra:
        _check_name(name, reserved=ours)
    attributes = {**ours, **extra}
    for name, value in attributes.items():
        _check_value(name, value)
    if len(attributes) > MAX_ATTRIBUTES:
        raise InvalidEvent(
            f"{len(attributes)} attributes with those of the contract, at most {MAX_ATTRIBUTES} survive raw delivery: "
            "put what no filter needs into the event (https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html)"
        )
    return attributes


def as_message_attributes(attributes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """In the shape of SNS's API."""
    return {name: {"DataType": _DATA_TYPE, "StringValue": value} for name, value in attributes.items()}


def _check_name(name: str, *, reserved: Mapping[str, str]) -> None:
    if not isinstance(name, str) or len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise InvalidEvent(
            f"attribute name {str(name)[:_MAX_NAME]!r}: use letters, digits, - and _, with single dots between, "
            f"at most {_MAX_NAME}, and not AWS. or Amazon. at the start"
        )
    if name.lower().startswith(_OWN):
        raise InvalidEvent(f"attribute {name!r}: names that begin with {_OWN} are the engine's own")
    if name in reserved:
        raise InvalidEvent(f"attribute {name!r} is set from the event: choose another name")


def _check_value(name: str, value: str) -> None:
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise InvalidEvent(f"the value of attribute {name!r} must be a string, not empty, without control characters")
