"""Reads from a function's log whether it could start, and whether it was handed any message."""

from datetime import datetime

from fanout.ops.aws.line import announced
from fanout.ops.aws.logs import FEW_PAGES, Reading
from fanout.ops.aws.session import Aws
from fanout.ops.completeness import Completeness

RECEIVED = '{ $.message = "received" }'
STARTS = '{ ($.type = "platform.initReport") || ($.errorType = "Runtime.*") }'
"""https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-initReport"""
_START_ERRORS = {
    "Runtime.ImportModuleError",
    "Runtime.HandlerNotFound",
    "Runtime.UserCodeSyntaxError",
    "Runtime.MalformedHandlerName",
    "Runtime.InvalidEntrypoint",
}


def start_failures(
    aws: Aws, log_group: str, since: datetime, until: datetime | None = None
) -> tuple[list[tuple[datetime, str, str]], Completeness]:
    """When the function could not start, the type of the error, and what it says; oldest first.

    Python says it in a line of its own, Lambda in its report of the start. No event is in hand at that moment, so that
    the text can hold no answer.
    """
    found: dict[tuple[datetime, str], str] = {}
    reading = Reading(aws, log_group, STARTS, since, until, pages=FEW_PAGES)
    for raw in reading:
        value = raw.value or {}
        at = raw.at
        record = value.get("record") if value.get("type") == "platform.initReport" else None
        if isinstance(record, dict) and _text(record.get("status")) in ("error", "failure", "timeout"):
            found.setdefault(
                (at, _text(record.get("errorType")) or "InitError"), f"its start ended in {record['status']}"
            )
        elif (type_ := _text(value.get("errorType"))) in _START_ERRORS:
            found[at, type_] = _text(value.get("errorMessage")) or _text(value.get("message"))
    return sorted((at, type_, text) for (at, type_), text in found.items()), reading.completeness


def has_attempts(aws: Aws, log_group: str, since: datetime, until: datetime | None = None) -> bool | None:
    """Whether the function was handed any message; None when no such line was seen, and not all was read."""
    reading = Reading(aws, log_group, RECEIVED, since, until, pages=FEW_PAGES)
    if any(announced(raw) for raw in reading):
        return True
    return False if reading.completeness else None


def _text(value: object) -> str:
    """On one line; "" for what is no text."""
    return " ".join(value.encode("utf-8", "replace").decode().split()) if isinstance(value, str) else ""
