"""CloudWatch Logs in memory, as FilterLogEvents is documented: the one double of it for operators' commands.

`docs` is https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

MEGABYTE = 1_048_576
PAGE = 10_000
LONGEST_PATTERN = 1_024


def outcome(kind: str = "done", message_id: str = "m1", attempt: int = 1, **more: Any) -> dict[str, Any]:
    """As `fanout.runtime.outcome` logs it."""
    own = {"level": "INFO", "message": kind, "task": "task", "log": "fanout"}
    told = {"outcome": kind, "message_id": message_id, "attempt": attempt, "duration_ms": 1.5}
    return {**own, **told, "function_request_id": f"r-{message_id}-{attempt}", **more}


def received(messages: dict[str, int], request_id: str) -> dict[str, Any]:
    """As `fanout.runtime.batch` announces an invocation."""
    return {"message": "received", "log": "fanout", "messages": messages, "function_request_id": request_id}


def report(request_id: str, status: str = "success") -> dict[str, Any]:
    return {"type": "platform.report", "record": {"requestId": request_id, "status": status}}


@dataclass
class Written:
    at: int
    readable_at: float
    message: str


class Logs:
    """`page_bytes` and `page_events`: what a page has at most; `empty_every`: one page in so many is empty, with a token.

    `scanned`: how many events one call looks at, matching or not, before it gives up with a token. `delay`: seconds until a
    line can be read. `around` is called with each request, and may raise.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock or (lambda: datetime.now(UTC).timestamp())
        self.groups: dict[str, list[Written]] = {}
        self.requests: list[dict[str, Any]] = []
        self.around: Callable[[dict[str, Any]], None] = lambda asked: None
        self.page_bytes, self.page_events, self.scanned = MEGABYTE, PAGE, 50_000
        self.empty_every = 0
        self.delay = 0.0

    def write(self, group: str, *lines: Any, at: datetime | float | None = None) -> None:
        when = at.timestamp() if isinstance(at, datetime) else self.clock() if at is None else at
        for each in lines:
            text = each if isinstance(each, str) else json.dumps(each)
            self.groups.setdefault(group, []).append(Written(int(when * 1000), self.clock() + self.delay, text))

    def filter_log_events(
        self,
        *,
        logGroupName: str,
        filterPattern: str = "",
        startTime: int = 0,
        endTime: int | None = None,
        nextToken: str | None = None,
    ) -> dict[str, Any]:
        """docs/APIReference/API_FilterLogEvents.html: up to 1 MB or 10,000 events, sorted by time, perhaps fewer or none; a
        token means that there may be more. An end before the beginning is refused."""
        asked = {
            "logGroupName": logGroupName,
            "filterPattern": filterPattern,
            "startTime": startTime,
            "endTime": endTime,
        }
        self.requests.append(asked)
        self.around(asked)
        if len(filterPattern) > LONGEST_PATTERN or (endTime is not None and endTime < startTime):
            raise ClientError({"Error": {"Code": "InvalidParameterException", "Message": ""}}, "FilterLogEvents")
        if logGroupName not in self.groups:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "FilterLogEvents")
        begin = int(nextToken or 0)
        if self.empty_every and len(self.requests) % self.empty_every == 0:
            return {"events": [], "nextToken": str(begin)}
        found: list[dict[str, Any]] = []
        size, matches, number = 0, matcher(filterPattern), begin
        events = sorted(
            (
                each
                for each in self.groups[logGroupName]
                if startTime <= each.at <= (endTime or each.at) and each.readable_at <= self.clock()
            ),
            key=lambda each: each.at,
        )
        while number < len(events) and number - begin < self.scanned:
            each = events[number]
            if matches(each.message):
                if found and (size + len(each.message) > self.page_bytes or len(found) >= self.page_events):
                    break
                size += len(each.message)
                found.append(
                    {"message": each.message, "timestamp": each.at, "logStreamName": "s", "eventId": str(number)}
                )
            number += 1
        return {"events": found, **({"nextToken": str(number)} if number < len(events) else {})}


def matcher(pattern: str) -> Callable[[str], bool]:
    """docs/logs/FilterAndPatternSyntax.html, as far as operators' commands use it: a quoted term, `?` before each of several
    that are alternatives, and for JSON `$.field = "text"`, `= *` and `||`."""
    if not pattern:
        return lambda message: True
    if pattern.startswith("{"):
        conditions = re.findall(r"\$\.(\w+) = (\*|\"[^\"]*\")", pattern)
        assert conditions, f"a pattern that the double does not know: {pattern}"
        return lambda message: any(_has(message, name, wanted) for name, wanted in conditions)
    terms = re.findall(r"(\??)(\"(?:[^\"\\]|\\.)*\")", pattern)
    assert terms and " ".join(mark + term for mark, term in terms) == pattern, f"not known to the double: {pattern}"
    assert len(terms) == 1 or all(mark for mark, _ in terms)
    words = [json.loads(term) for _, term in terms]
    return lambda message: any(word in message for word in words)


def _has(message: str, name: str, wanted: str) -> bool:
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict) or name not in value:
        return False
    if wanted == "*":
        return True
    text = wanted.strip('"')
    return isinstance(value[name], str) and (
        value[name].startswith(text[:-1]) if text.endswith("*") else value[name] == text
    )
