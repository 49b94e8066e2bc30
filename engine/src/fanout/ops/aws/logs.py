"""Questions to a function's log: for a kind of line in a span of time, or for messages by their ids. Each has a bound.

Whoever asks for an event asks by id in a narrow span, so that the number of pages does not grow with the traffic of others.
What was not read is in the completeness of the answer, and nothing is concluded from it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from typing import Any, Final

from botocore.exceptions import ClientError

from fanout.aws_errors import code_of
from fanout.ops.aws import line as lines
from fanout.ops.aws.line import Line, Raw
from fanout.ops.aws.session import Aws
from fanout.ops.completeness import COMPLETE, Completeness

MOST_PAGES: Final = 200
"""Of a question for every line of a kind."""
FEW_PAGES: Final = 10
"""Of a question by id."""
AT_ONCE: Final = 4
"""Requests of this program under way at a time. AWS takes a few a second of an account, and refuses what is more:
https://repost.aws/knowledge-center/cloudwatch-logs-throttling"""
_ASKING: Final = BoundedSemaphore(AT_ONCE)
FULL_PAGE: Final = 10_000
"""A page has 1 MB or 10,000 events, or fewer, or none, and ends the log only when it has no token:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
LONGEST_PATTERN: Final = 1_024
"""Characters: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
OUTCOMES: Final = "{ $.outcome = * }"
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/FilterAndPatternSyntax.html; an embedded AWS may answer
more than was asked for, so every line is looked at again here."""
ELSEWHERE: Final = Completeness(
    ("its log: a worker elsewhere has it, or what takes its messages has no fanout.runtime and writes none",)
)
_LIFE: Final = timedelta(seconds=lines.LONGEST_LIFE)


class Reading:
    """One question to one log group. Iterate it, oldest first; then `completeness` says what was not read.

    A log group that nothing was written to yet has no lines; of "" nothing is read: it is wherever a team runs its worker.
    """

    def __init__(
        self,
        aws: Aws,
        log_group: str,
        pattern: str,
        since: datetime,
        until: datetime | None = None,
        *,
        pages: int = MOST_PAGES,
    ) -> None:
        self._aws, self._log_group, self._most = aws, log_group, pages
        self._arguments: dict[str, Any] = {"logGroupName": log_group, "startTime": _ms(since)}
        if pattern:
            self._arguments["filterPattern"] = pattern
        if until is not None:
            self._arguments["endTime"] = _ms(until)
        self.pages = 0
        self.read_until = since
        """Of what was read, the newest."""
        self.completeness = self._unread("it was not read")

    def __iter__(self) -> Iterator[Raw]:
        if not self._log_group:
            self.completeness = ELSEWHERE
            return
        arguments = dict(self._arguments)
        while self.pages < self._most:
            self.pages += 1
            try:
                with _ASKING:
                    page = self._aws.logs.filter_log_events(**arguments)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                self.completeness = COMPLETE
                return
            events = page.get("events", [])
            for each in events:
                raw = Raw.from_event(each)
                self.read_until = max(self.read_until, raw.at)
                yield raw
            if not page.get("nextToken"):
                full = len(events) >= FULL_PAGE
                self.completeness = self._unread("a full page, and no way to the next one") if full else COMPLETE
                return
            arguments["nextToken"] = page["nextToken"]
        self.completeness = self._unread(f"there is more than {self._most} pages of it")

    def outcomes(self) -> Iterator[Line]:
        for raw in self:
            found = lines.outcome(raw)
            if found is not None:
                yield found

    def _unread(self, why: str) -> Completeness:
        return Completeness((f"the log {self._log_group} after {self.read_until:%Y-%m-%d %H:%M:%S} UTC: {why}",))


@dataclass
class History:
    """By message id: its outcomes, and the attempts that began and never ended, oldest first."""

    of: dict[str, list[Line]] = field(default_factory=dict)
    completeness: Completeness = COMPLETE

    @property
    def lines(self) -> list[Line]:
        return sorted((line for found in self.of.values() for line in found), key=lambda line: line.at)


def about(
    aws: Aws, log_group: str, word: str, since: datetime, until: datetime | None = None, *, pages: int = FEW_PAGES
) -> tuple[list[Line], Completeness]:
    """Every outcome of the event or message `word` (an id, or an event's reference), oldest first."""
    reading = Reading(aws, log_group, one_of([word]), since, until, pages=pages)
    found = [each for each in reading.outcomes() if word in (each.event_id, each.ids.reference, each.message_id)]
    return sorted(found, key=lambda line: line.at), reading.completeness


def history(
    aws: Aws,
    log_group: str,
    ids: Iterable[str],
    since: datetime,
    until: datetime | None = None,
    *,
    life: timedelta = _LIFE,
    pages: int = FEW_PAGES,
) -> History:
    """Of messages, by their ids; an event's id finds the outcomes of its messages, and none of its crashes.

    A `received` line names the messages of an invocation before any is tried; an invocation that ends has one outcome
    for each. How it ended is in Lambda's own report; of a worker, whose attempts take up to `life`, nobody reports, and it
    has ended once the message was handed out again. `pages` is for every 25 of them.
    """
    found = History()
    began: dict[tuple[str, str], Line] = {}
    for some in _in_patterns(dict.fromkeys(ids)):
        reading = Reading(aws, log_group, one_of(some), since, until, pages=pages)
        open_: dict[tuple[str, str], Line] = {}
        for raw in reading:
            for attempt in lines.announced(raw):
                if attempt.message_id in some and attempt.request_id is not None:
                    open_[attempt.request_id, attempt.message_id] = attempt
            line = lines.outcome(raw)
            if line is not None and not {line.message_id, line.event_id}.isdisjoint(some):
                found.of.setdefault(line.message_id, []).append(line)
                open_.pop((line.request_id or "", line.message_id), None)
        found.completeness += reading.completeness
        read_until = None if reading.completeness else reading.read_until
        began |= {key: each for key, each in open_.items() if read_until is None or each.at + life < read_until}
    if life > _LIFE:
        _add_superseded(began, found, life)
    else:
        _add_crashes(aws, log_group, began, found, pages)
    for each in found.of.values():
        each.sort(key=lambda line: line.at)
    return found


def _add_crashes(aws: Aws, log_group: str, began: dict[tuple[str, str], Line], found: History, pages: int) -> None:
    """Those of `began` whose invocation has ended, or must have."""
    if not began:
        return
    ends: dict[str, str] = {}
    requests = dict.fromkeys(request for request, _ in began)
    times = [each.at for each in began.values()]
    since, until = min(times) - timedelta(seconds=60), max(times) + _LIFE + timedelta(seconds=60)
    for some in _in_patterns(requests):
        reading = Reading(aws, log_group, one_of(some), since, until, pages=pages)
        for raw in reading:
            end = lines.end_of(raw)
            if end is not None and end[0] in requests and ends.get(end[0], "") == "":
                ends[end[0]] = end[1]
        found.completeness += reading.completeness
    now = datetime.now(UTC)
    for (request, message_id), line in began.items():
        if request in ends or now - line.at > _LIFE:
            found.of.setdefault(message_id, []).append(lines.crashed(line, ends.get(request, "")))


def _add_superseded(began: dict[tuple[str, str], Line], found: History, life: timedelta) -> None:
    """Those of `began` with a later attempt at their message, or so old that they must have ended."""
    newest: dict[str, int] = {}
    for each in (*began.values(), *found.lines):
        newest[each.message_id] = max(newest.get(each.message_id, 0), each.attempt)
    now = datetime.now(UTC)
    for (_, message_id), line in began.items():
        if line.attempt < newest[message_id] or now - line.at > life:
            found.of.setdefault(message_id, []).append(lines.lost(line))


def one_of(words: Iterable[str]) -> str:
    """The pattern of every line with one of these words in it."""
    quoted = [json.dumps(each, ensure_ascii=False) for each in words]
    return quoted[0] if len(quoted) == 1 else " ".join(f"?{each}" for each in quoted)


def _in_patterns(words: Iterable[str]) -> Iterator[list[str]]:
    """As many at a time as a pattern has room for."""
    some: list[str] = []
    for each in words:
        if some and len(one_of([*some, each])) > LONGEST_PATTERN:
            yield some
            some = []
        some.append(each)
    if some:
        yield some


def _ms(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))
