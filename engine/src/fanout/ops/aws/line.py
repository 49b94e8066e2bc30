"""Lines of a function's log: what the runtime wrote, and not ours. Whatever a task prints, reading it never raises.

A line is the runtime's when it has its mark (names.LOG_FIELD) or, written by an engine before 0.4, no such field; and when
every field that is read has the type that the runtime gives it. A task's own JSON is nobody's outcome.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from fanout import names
from fanout.contracts.ids import Ids, of_line
from fanout.ops.dead_letters.wrapped import json_value

KINDS: Final = frozenset({"done", "duplicate", "heartbeat", "failed", "dead"})
CRASHED: Final = "crashed"
"""Of an attempt that was announced and has no outcome."""
LONGEST_LIFE: Final = 900.0
"""Seconds that an invocation can take: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
PROBE: Final = "fanout-probe-"
"""Of the id of every probe of `fanout verify`."""
_MOST_ATTEMPTS: Final = 1_000_000
_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


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

    @property
    def is_probe(self) -> bool:
        """What `fanout verify` asked for happened, which says nothing of the task either."""
        return (self.event_id or "").startswith(PROBE)

    def as_dict(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "ids"}
        return {**fields, **dict(self.ids.named), "at": self.at.isoformat(timespec="milliseconds")}


@dataclass(frozen=True, slots=True)
class Raw:
    """One log event: its JSON, or None for what is no JSON object, or nested deeper than anything of ours."""

    id: str
    timestamp: int
    stream: str
    text: str
    value: dict[str, Any] | None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Raw":
        """From an answer of FilterLogEvents; an embedded AWS may give no id."""
        text, stream, timestamp = event["message"], event.get("logStreamName", ""), event["timestamp"]
        value = json_value(text) if text.startswith("{") else None
        id_ = event.get("eventId") or f"{stream} {timestamp} {text}"
        return cls(id_, timestamp, stream, text, value if isinstance(value, dict) else None)

    @property
    def at(self) -> datetime:
        try:
            return datetime.fromtimestamp(self.timestamp / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return _EPOCH


def outcome(raw: Raw) -> Line | None:
    """What the line says of one message; None when it is not ours."""
    value = raw.value
    if value is None or not _is_marked(value):
        return None
    kind, message_id, attempt = value.get("outcome"), value.get("message_id"), value.get("attempt")
    request_id, duration = value.get("function_request_id"), value.get("duration_ms")
    if not (
        isinstance(kind, str) and kind in KINDS and _is_id(message_id) and _is_count(attempt) and _is_id(request_id)
    ):
        return None
    if not all(value.get(name) is None or isinstance(value[name], str) for name in _TEXTS):
        return None
    if duration is not None and not _is_duration(duration):
        return None
    shown = {name: _shown(each) for name, each in value.items() if isinstance(each, str)}
    return Line(
        kind=kind,
        message_id=str(message_id),
        attempt=int(str(attempt)),
        at=_when(value, raw),
        event_id=shown.get("event_id"),
        ids=of_line(shown),
        error_type=shown.get("error_type"),
        error=shown.get("error"),
        request_id=str(request_id),
        trace_id=shown.get("xray_trace_id"),
        duration_ms=duration,
        log_stream=raw.stream,
    )


_TEXTS: Final = ("event_id", "error_type", "error", "xray_trace_id")


def announced(raw: Raw) -> list[Line]:
    """The messages of an invocation before any is tried, as attempts that crashed, for as long as nothing else is known."""
    value = raw.value
    if value is None or not _is_marked(value) or value.get("message") != "received":
        return []
    messages, request_id = value.get("messages"), value.get("function_request_id")
    if not isinstance(messages, dict) or not _is_id(request_id):
        return []
    if not all(_is_id(each) and _is_count(attempt) for each, attempt in messages.items()):
        return []
    trace = value.get("xray_trace_id")
    line = Line(
        kind=CRASHED,
        message_id="",
        attempt=0,
        at=_when(value, raw),
        request_id=str(request_id),
        trace_id=_shown(trace) if isinstance(trace, str) else None,
        log_stream=raw.stream,
    )
    return [replace(line, message_id=each, attempt=attempt) for each, attempt in messages.items()]


_PLAIN_END = re.compile(r"^(?:END|REPORT) RequestId: (\S{1,256})")


def end_of(raw: Raw) -> tuple[str, str] | None:
    """The request that ended, and how: success, timeout, error, failure, or "" where that is not said; None: no such line.

    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
    """
    if raw.value is not None and raw.value.get("type") == "platform.report":
        record = raw.value.get("record")
        request_id, status = (
            (record.get("requestId"), record.get("status")) if isinstance(record, dict) else (None, None)
        )
        return (str(request_id), status if isinstance(status, str) else "") if _is_id(request_id) else None
    found = _PLAIN_END.match(raw.text)
    return (found[1], "timeout" if "Status: timeout" in raw.text else "") if found else None


def crashed(line: Line, how: str) -> Line:
    """`line`, of `announced`, with how its invocation ended."""
    said = {"timeout": "its time was over", "error": "it crashed or ran out of memory", "failure": "it crashed"}
    error = f"the function ended before this message had an outcome: {said.get(how, 'see its log')}"
    return replace(line, error_type="FunctionTimedOut" if how == "timeout" else "FunctionEnded", error=error)


def lost(line: Line) -> Line:
    """`line`, of `announced`, of a worker that was gone before it said what became of it."""
    return replace(
        line, error_type="WorkerEnded", error="the worker was gone before this message had an outcome: see its log"
    )


def _is_marked(value: Mapping[str, Any]) -> bool:
    mark = value.get(names.LOG_FIELD, names.METADATA)
    return isinstance(mark, str) and mark == names.METADATA


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_ATTEMPTS


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _shown(text: str) -> str:
    """Half a pair of surrogates cannot be written anywhere."""
    return text.encode("utf-8", "replace").decode()


def _when(value: Mapping[str, Any], raw: Raw) -> datetime:
    """By the function's clock; by CloudWatch's where that says nothing."""
    said = value.get("timestamp")
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else raw.at
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return raw.at
