"""`fanout send`: events that keep the contract, published as any publisher does, and followed to their end."""

import json
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.contracts.app import app_contracts
from fanout.contracts.contract import Contract, with_value
from fanout.errors import Unusable
from fanout.ops.aws import logs, records
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, read_subscriptions
from fanout.ops.dead_letters import browse
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.timeline.state import DEAD, DONE, FILTERED_OUT, NOT_FOUND, RETRYING
from fanout.publisher import Event, EventPublisher, InvalidArgument, InvalidEvent, PublishError, checked_event
from fanout.publisher.event import LARGEST_LIMIT, MAX_BYTES

MOST = 10_000


def read_events(source: str | None, *, example: bool, count: int, type_: str | None = None) -> list[Event]:
    """From a file of one JSON object, an array or JSON Lines; `-` is standard input. `count` copies have ids of their own.

    Their size is for the topic to refuse. `type_` is that of the example, where contracts/ has several.
    """
    if example == (source is not None):
        raise Unusable("which event? give a file, - for standard input, or --example")
    if type_ is not None and not example:
        raise Unusable(
            f"--type {type_} says which example: add --example, or leave it out, as a file's events say theirs"
        )
    if not 1 <= count <= MOST:
        raise Unusable(f"--count is {count}: expected 1 to {MOST}")
    if source is None:
        return [_example(type_) for _ in range(count)]
    given = _parsed(_text(source), source)
    return [event for number, each in enumerate(given, 1) for event in _copies(each, count, _place(number, given))]


def _copies(event: dict[str, Any], count: int, place: str) -> list[Event]:
    try:
        if count == 1:
            return [checked_event(event, max_bytes=LARGEST_LIMIT)]
        return [checked_event({**event, "id": str(uuid.uuid4())}, max_bytes=LARGEST_LIMIT) for _ in range(count)]
    except InvalidEvent as error:
        raise Unusable(f"{place}{error}") from None


def _place(number: int, given: Sequence[Any]) -> str:
    """Which of several events a message is about."""
    return f"event {number} of {len(given)}: " if len(given) > 1 else ""


def publish_written(stack: Stack, published: Sequence[Event]) -> None:
    """As `publish`, with their ids in the journal first."""
    Journal.open(stack, "send").write_all({"step": "publishing", "event_id": each.id} for each in published)
    publish(stack, published)


def publish(stack: Stack, published: Sequence[Event]) -> None:
    """Publishes them to the stack's topic, or raises what was not published and why."""
    try:
        publisher = EventPublisher(
            stack.topic_arn, client=stack.aws.sns, fair_by=stack.fair_by, max_bytes=stack.max_bytes or MAX_BYTES
        )
        result = publisher.publish_many(published)
    except (InvalidArgument, InvalidEvent) as error:
        raise Unusable(f"{stack.name}: {error}") from None
    except PublishError as error:
        raise Unusable(f"{error}{f' ({error.result})' if error.result else ''}") from None
    if result.failed:
        raise Unusable(f"{result}: the first: {result.failed[0].reason}")


@dataclass
class Progress:
    """How far one subscriber is with the events that were sent."""

    subscriber: DeployedSubscriber
    states: dict[str, str]
    unread: str = ""
    """Why the last look saw nothing, as AWS says it: the next one may."""

    def count(self, state: str) -> int:
        return sum(each == state for each in self.states.values())

    @property
    def is_over(self) -> bool:
        return all(each in (DONE, DEAD, FILTERED_OUT) for each in self.states.values())

    @property
    def is_well(self) -> bool:
        """Every event is done, or kept back by the subscriber's filter."""
        return all(each in (DONE, FILTERED_OUT) for each in self.states.values())

    def as_dict(self) -> dict[str, Any]:
        counted = {state: self.count(state) for state in (DONE, DEAD, RETRYING, NOT_FOUND, FILTERED_OUT)}
        return {"task": self.subscriber.task, **counted}

    def look(self, since: datetime) -> None:
        """At the records; and at the log for every event that no record tells the end of its last attempt. Raises what AWS says."""
        recorded = self._look_at_records(since)
        open_ = {each for each in self.states if each not in recorded and not self._is_settled(each)}
        if not open_:
            return
        reading = logs.Reading(self.subscriber.aws, self.subscriber.log_group, logs.OUTCOMES, since)
        for line in reading.outcomes():
            if line.event_id is not None and line.event_id in open_:
                self._set(line.event_id, line.is_success, line.kind == "dead", line.attempt)
        url = self.subscriber.dead_letter_queue_url
        if url and self.count(NOT_FOUND) and browse.read_depth(self.subscriber.aws, url).all:
            self._look_into_dead_letters()

    def _look_at_records(self, since: datetime) -> set[str]:
        """The events whose last attempt's end is recorded. An older record tells of the event as it was sent before."""
        table, open_ = self.subscriber.records_table, [each for each in self.states if not self._is_settled(each)]
        if table is None or not open_:
            return set()
        found = records.read(self.subscriber.aws, table, [(self.subscriber.task, each) for each in open_])
        recorded = set[str]()
        for (_, event_id), told in found.of.items():
            for each in told:
                if each.state != records.WORKING and (each.at is None or each.at >= since):
                    self._set(event_id, each.state == records.DONE, each.state == records.DEAD, each.attempt)
                    recorded.add(event_id)
        return recorded

    def _is_settled(self, event_id: str) -> bool:
        return self.states[event_id] in (DONE, DEAD, FILTERED_OUT)

    def _set(self, event_id: str, done: bool, dead: bool, attempt: int) -> None:
        used_up = bool(self.subscriber.attempts) and attempt >= self.subscriber.attempts
        self.states[event_id] = DONE if done else DEAD if dead or used_up else RETRYING

    def _look_into_dead_letters(self) -> None:
        """What SNS could not deliver, or the function never told of."""
        url = self.subscriber.dead_letter_queue_url
        with browse.browse(self.subscriber.aws, url) as browsing:
            for message in browsing:
                if message.event_id is not None and self.states.get(message.event_id) == NOT_FOUND:
                    self.states[message.event_id] = DEAD


def require_outcomes(stack: Stack, wait: bool) -> None:
    """Raises Unusable in one line where they would be waited for, and nobody writes them down."""
    if wait and (stack.unseen or not stack.subscribers):
        raise Unusable(f"not every subscriber of {stack.name} is known here, so no outcome is sure: leave out --wait")
    silent = ", ".join(each.task for each in stack.subscribers if not each.tells_outcomes)
    if wait and silent:
        raise Unusable(
            f"what takes the messages of {silent} has no fanout.runtime, so no outcome comes: leave out --wait"
        )


def follow(stack: Stack, sent: Sequence[Event], seconds: float, stop: Stop) -> Iterator[list[Progress]]:
    """Again and again until every event is done or dead everywhere, or the time is over."""
    since = datetime.now(UTC) - timedelta(minutes=5)  # this machine's clock may be fast
    progress = list(_begin(stack, sent))
    end, pause = time.monotonic() + seconds, 0.25
    while True:
        for each in progress:
            try:
                each.look(since)
                each.unread = ""
            except (ClientError, BotoCoreError) as error:
                each.unread = one_line(error)
        yield progress
        if all(each.is_over for each in progress) or time.monotonic() > end or stop:
            return
        stop.sleep(pause)
        pause = min(pause * 1.5, 3.0)


def _begin(stack: Stack, sent: Sequence[Event]) -> Iterator[Progress]:
    """The subscribers of the topic, each with the events that its filter lets through; all where that cannot be read."""
    for subscriber in stack.subscribers:
        try:
            found = read_subscriptions(subscriber)
        except (ClientError, BotoCoreError):
            found = []
        of_topic = [each for each in found if each.topic_arn == stack.topic_arn]
        if found and not of_topic:
            continue
        states = {}
        for event in sent:
            known = KnownEvent.from_event(event)
            is_refused = bool(of_topic) and all(each.lets_through(known) is False for each in of_topic)
            states[event.id] = FILTERED_OUT if is_refused else NOT_FOUND
        yield Progress(subscriber, states)


def _example(type_: str | None) -> Event:
    """A copy of a type's first valid example, by default of the first type that has one."""
    contracts = app_contracts()
    if type_ is not None and type_ not in contracts.by_type:
        raise Unusable(f"--type {type_} has no schema in contracts/: it has {', '.join(contracts.by_type)}")
    chosen = [each for each in contracts if type_ in (None, each.type)]
    found = next(((each, example) for each in chosen for example in each.examples[:1]), None)
    if found is None:
        of_type = f" of {type_}" if type_ else ""
        raise Unusable(f"contracts/examples/valid has no event{of_type}: add one, or give a file")
    return checked_event(as_new(*found), contracts=contracts)


def as_new(contract: Contract, example: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that is made now, under ids of its own where its schema allows these."""
    own = {contract.group: "fanout-example", contract.reference: f"example-{uuid.uuid4().hex[:12]}"}
    event = {**json.loads(json.dumps(example)), "id": str(uuid.uuid4()), "time": datetime.now(UTC).isoformat()}
    for path, value in own.items():
        changed = with_value(event, path, value) if path else event
        event = changed if contract.problem_of(changed) is None else event
    return event


def _text(source: str) -> str:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
        return text.removeprefix("\ufeff")  # a byte order mark, as PowerShell writes it
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{source} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None


def _parsed(text: str, source: str) -> list[dict[str, Any]]:
    try:
        value = _json(text)
        values = value if isinstance(value, list) else [value]
        found = {f"event {number} of {len(values)}": each for number, each in enumerate(values, start=1)}
    except ValueError:
        found = dict(_lines(text, source))
    if not found:
        raise Unusable(f"{source} has no event")
    for place, each in found.items():
        if not isinstance(each, dict):
            raise Unusable(f"{source}, {place}: an event is a JSON object, and this is {_KINDS[type(each)]}")
    return list(found.values())


_KINDS = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}


def _lines(text: str, source: str) -> Iterator[tuple[str, Any]]:
    """By line, which ends at a line feed and at nothing else: U+2028 and U+0085 may stand in a string as they are.

    https://jsonlines.org
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield f"line {number}", _json(line)
            except ValueError:
                raise Unusable(f"{source}, line {number}: neither JSON nor JSON Lines") from None


def _json(text: str) -> Any:
    """Raises ValueError, for what is nested too deeply as well."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
