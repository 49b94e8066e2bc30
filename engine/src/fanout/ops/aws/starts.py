"""Reads from a function's log whether it could start, and whether it was handed any message."""

from datetime import UTC, datetime

from fanout.ops.aws.logs import read
from fanout.ops.aws.session import Aws

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
) -> list[tuple[datetime, str, str]]:
    """When the function could not start, the type of the error, and what it says; oldest first.

    Python says it in a line of its own, Lambda in its report of the start. No event is in hand at that moment, so that
    the text can hold no answer.
    """
    found: dict[tuple[datetime, str], str] = {}
    for raw in read(aws, log_group, STARTS, since, until):
        value = raw.value or {}
        at = datetime.fromtimestamp(raw.timestamp / 1000, UTC)
        record = value.get("record") if value.get("type") == "platform.initReport" else None
        if isinstance(record, dict) and record.get("status") in ("error", "failure", "timeout"):
            found.setdefault(
                (at, str(record.get("errorType") or "InitError")), f"its start ended in {record['status']}"
            )
        elif str(value.get("errorType")) in _START_ERRORS:
            found[at, str(value["errorType"])] = " ".join(
                str(value.get("errorMessage") or value.get("message")).split()
            )
    return sorted((at, type_, text) for (at, type_), text in found.items())


def has_attempts(aws: Aws, log_group: str, since: datetime, until: datetime | None = None) -> bool:
    """Whether the function was handed any message."""
    lines = read(aws, log_group, RECEIVED, since, until)
    return any((raw.value or {}).get("message") == "received" for raw in lines)
