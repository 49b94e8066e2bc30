"""What the functions said: one line per outcome, in order of time, a bounded number of pages at a time."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from fanout.aws_errors import code_of
from fanout.contracts.ids import Ids, of_line
from fanout.errors import OpsError
from fanout.ops.aws.session import Aws

MOST_PAGES = 200
"""Of one question; each has up to 10,000 events: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
FAILURES = '{ ($.outcome = "failed") || ($.outcome = "dead") }'
OUTCOMES = "{ $.outcome = * }"
ENDINGS = '{ ($.message = "received") || ($.outcome = *) || ($.type = "platform.report") }'
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/FilterAndPatternSyntax.html; an embedded AWS may answer
more than was asked for, so every line is looked at again here."""


class TooMuchLog(OpsError):
    """Nothing is concluded from the part of a log that was read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One outcome of one message.

    `kind`: done, duplicate, heartbeat, failed, dead; or `crashed`: received, and never an outcome.
    """

    kind: str
    message_id: str
    attempt: int
    at: datetime
    event_id: str | None = None
    ids: Ids = Ids()
    error_type: str | None = None
    error: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    duration_ms: float | None = None
    log_stream: str | None = None

    @property
    def is_success(self) -> bool:
        return self.kind in ("done", "duplicate", "heartbeat")

    @property
    def is_heartbeat(self) -> bool:
        """It was acknowledged, which says nothing of what the task depends on."""
        return self.kind == "heartbeat"

    def as_dict(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "ids"}
        return {**fields, **dict(self.ids.named), "at": self.at.isoformat(timespec="milliseconds")}


@dataclass(frozen=True, slots=True)
class Raw:
    """One log event: its JSON, or None for what is no JSON object."""

    id: str
    timestamp: int
    stream: str
    text: str
    value: dict[str, Any] | None

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp / 1000, UTC)


def read(aws: Aws, log_group: str, pattern: str, since: datetime, until: datetime | None = None) -> Iterator[Raw]:
    """Oldest first. A log group that nothing was written to yet has no lines."""
    arguments: dict[str, Any] = {"logGroupName": log_group, "filterPattern": pattern, "startTime": _ms(since)}
    if until is not None:
        arguments["endTime"] = _ms(until)
    for _ in range(MOST_PAGES):
        try:
            page = aws.logs.filter_log_events(**arguments)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return
            raise
        for each in page["events"]:
            text, stream = each["message"], each.get("logStreamName", "")
            id_ = each.get("eventId") or f"{stream} {each['timestamp']} {text}"  # an embedded AWS may have none
            yield Raw(id_, each["timestamp"], stream, text, _object(text))
        if not page.get("nextToken"):
            return
        arguments["nextToken"] = page["nextToken"]
    raise TooMuchLog(f"{log_group} has more lines since {since:%Y-%m-%d %H:%M} than can be read: shorten --since")


def outcomes(
    aws: Aws, log_group: str, since: datetime, until: datetime | None = None, *, pattern: str = OUTCOMES
) -> Iterator[Line]:
    for raw in read(aws, log_group, pattern, since, until):
        line = outcome(raw)
        if line is not None:
            yield line


def about(aws: Aws, log_group: str, word: str, since: datetime) -> list[Line]:
    """Every outcome of the event or message `word` (an id, or an event's reference), oldest first; crashes too when it is a message's."""
    found = []
    for raw in read(aws, log_group, json.dumps(word), since):
        line = outcome(raw)
        if line is not None and word in (line.event_id, line.ids.reference, line.message_id):
            found.append(line)
    return sorted(found, key=lambda line: line.at)


def crashes(
    aws: Aws, log_group: str, message_ids: Iterable[str], since: datetime, until: datetime | None = None
) -> dict[str, list[Line]]:
    """Attempts of these messages that were announced and never ended: the function crashed, or its time was over.

    A `received` line names the messages of an invocation before any is tried; an invocation that ends has one outcome
    for each. How it ended is in Lambda's own report:
    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
    """
    wanted = set(message_ids)
    announced: dict[tuple[str, str], Line] = {}
    ends: dict[str, str] = {}
    now = datetime.now(UTC)
    for raw in read(aws, log_group, ENDINGS, since, until):
        _end_of(raw, ends)
        value = raw.value or {}
        if value.get("message") == "received":
            for message_id, attempt in dict(value.get("messages", {})).items():
                if message_id in wanted:
                    request = str(value.get("function_request_id", ""))
                    announced[request, message_id] = _crash(raw, message_id, int(attempt), request)
        line = outcome(raw)
        if line is not None and line.request_id is not None:
            announced.pop((line.request_id, line.message_id), None)
    found: dict[str, list[Line]] = {}
    for (request, message_id), line in announced.items():
        if request in ends or (now - line.at).total_seconds() > 900:  # no function lives longer
            found.setdefault(message_id, []).append(_ended(line, ends.get(request, "")))
    return found


def outcome(raw: Raw) -> Line | None:
    value = raw.value
    if not value or "outcome" not in value or "message_id" not in value:
        return None
    return Line(
        kind=str(value["outcome"]),
        message_id=str(value["message_id"]),
        attempt=int(value.get("attempt", 0)),
        at=_when(value, raw.timestamp),
        event_id=value.get("event_id"),
        ids=of_line(value),
        error_type=value.get("error_type"),
        error=value.get("error"),
        request_id=value.get("function_request_id"),
        trace_id=value.get("xray_trace_id"),
        duration_ms=value.get("duration_ms"),
        log_stream=raw.stream,
    )


def _crash(raw: Raw, message_id: str, attempt: int, request: str) -> Line:
    value = raw.value or {}
    return Line(
        kind="crashed",
        message_id=message_id,
        attempt=attempt,
        at=_when(value, raw.timestamp),
        request_id=request,
        trace_id=value.get("xray_trace_id"),
        log_stream=raw.stream,
    )


def _ended(line: Line, how: str) -> Line:
    said = {"timeout": "its time was over", "error": "it crashed or ran out of memory", "failure": "it crashed"}
    error = f"the function ended before this message had an outcome: {said.get(how, 'see its log')}"
    fields = {name: getattr(line, name) for name in line.__slots__}
    return Line(**{**fields, "error_type": "FunctionTimedOut" if how == "timeout" else "FunctionEnded", "error": error})


_PLAIN_END = re.compile(r"^(?:END|REPORT) RequestId: (\S+)")
_TIMED_OUT = re.compile(r"(?:RequestId: )?(\S+).*Task timed out after")


def _end_of(raw: Raw, ends: dict[str, str]) -> None:
    if raw.value and raw.value.get("type") == "platform.report":
        record = raw.value.get("record", {})
        ends[str(record.get("requestId"))] = str(record.get("status", ""))
    elif found := _PLAIN_END.match(raw.text):
        ends.setdefault(found[1], "timeout" if "Status: timeout" in raw.text else "")


def _object(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _when(value: dict[str, Any], timestamp: int) -> datetime:
    try:
        return datetime.fromisoformat(str(value["timestamp"])).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.fromtimestamp(timestamp / 1000, UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
