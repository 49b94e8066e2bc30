"""Publishing to the topic, through one boto3 client per EventPublisher."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import is_throttled
from fanout.contracts.contract import Contracts, load
from fanout.publisher.attributes import as_message_attributes
from fanout.publisher.batches import batches
from fanout.publisher.deduplication import deduplication_id
from fanout.publisher.errors import Failure, InvalidEvent, InvalidTopicArn, PublishError, PublishResult
from fanout.publisher.event import Event, checked_event, new_event
from fanout.publisher.refusals import is_unknown_throttling, publish_error

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

ATTEMPTS: Final = 5
"""Times a throttled request, or an event that failed alone, is sent before it is reported."""

_BACKOFF_SECONDS: Final = 0.1
_MAX_BACKOFF_SECONDS: Final = 2.0
_TOPIC_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}(?P<fifo>\.fifo)?"
)
_GROUP: Final = re.compile("[!-~]{1,128}")
_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    parameter_validation=False,  # an Event was checked when it was made, against the same rules and more
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """SNS has the event, and delivers it to every subscriber or to the subscriber's dead-letter queue."""

    event_id: str
    message_id: str


class EventPublisher:
    """The publishing service's side of the topic. Make one at start-up and share it: it is safe in threads.

    topic_arn: the region is taken from it.
    contracts: the folder of the schemas of what is published, or the file of one; otherwise `contracts/` of the app, or
    of the working directory, when the first event is made. No event goes out unchecked.
    session: a boto3 Session to make the client from; client: an SNS client made by you, used as it is.
    Without them: boto3's default session, 2 s to connect, 10 s to answer, 4 tries in botocore's standard retry mode
    (https://docs.aws.amazon.com/boto3/latest/guide/retries.html).

    After a time-out SNS may have accepted an event that is then sent again: tasks see it twice, under the same id, and
    skip an id that they have completed.
    Raises InvalidTopicArn; ContractError for schemas that cannot be used; PublishError when boto3 cannot make a client (an unknown profile, for instance).
    """

    def __init__(
        self,
        topic_arn: str,
        *,
        contracts: str | Path | Contracts | None = None,
        session: boto3.Session | None = None,
        client: SNSClient | None = None,
    ) -> None:
        match = _TOPIC_ARN.fullmatch(topic_arn) if isinstance(topic_arn, str) else None
        if match is None:
            raise InvalidTopicArn(
                f"not the ARN of an SNS topic: {topic_arn!r}; expected arn:aws:sns:<region>:<account>:<name>, "
                "which is an output of the topic's stack"
            )
        self.topic_arn = topic_arn
        found = load(Path(contracts)) if isinstance(contracts, str | Path) else contracts
        self.new = partial(new_event, contracts=found)
        self.checked = partial(checked_event, contracts=found)
        self._fifo = match["fifo"] is not None
        self._client = client or self._new_client(session, match["region"])
        if self._client.meta.region_name != match["region"]:
            raise InvalidTopicArn(
                f"the topic {topic_arn} is not in {self._client.meta.region_name}, the region of the client: "
                f"make the client with region_name={match['region']!r}"
            )

    def publish(self, event: Event) -> Receipt:
        """Publish one event; raises PublishError when SNS has not said that it has it."""
        answer = self._request(self._client.publish, **self._message(event))
        return Receipt(event_id=event.id, message_id=answer["MessageId"])

    def publish_many(self, events: Iterable[Event]) -> PublishResult:
        """Publish events in batches, reading `events` as it goes, so a generator of any length needs little memory.

        An event that SNS fails alone is sent again under the same id, ATTEMPTS times at most, then reported in the
        result; the others go on. When SNS refuses a whole request, reading stops and PublishError is raised; its
        `result` has what became of the events read so far. When `events` itself raises, what was read is published
        first. In a FIFO topic an event sent again may come after younger ones.

        Whatever ends it early, SystemExit and Ctrl-C too, has a `result` as well: an event that was read is counted as
        published, or named with the reason why not. Raises TypeError for what is no event, and says which one it is.
        """
        tally = _Tally()
        try:
            for batch in batches(tally.read(events, self._check)):
                self._publish_batch(batch, tally)
        except BaseException as error:
            result = tally.result("it was read, and then the publishing was stopped: publish the same event again")
            if isinstance(error, PublishError):
                error.result = result
            else:
                _tell(error, result)
            raise
        return tally.result()

    def _publish_batch(self, batch: list[Event], tally: _Tally) -> None:
        left = batch
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(_backoff(attempt))
            try:
                refusals = self._send(left)
            except PublishError as error:
                tally.settle(left, [Failure(event.id, str(error)) for event in left])
                raise
            last = attempt == ATTEMPTS - 1
            again = [] if last else [each.event for each in refusals if each.retryable]
            failed = [Failure(each.event.id, each.reason) for each in refusals if last or not each.retryable]
            tally.settle(_without(left, again), failed)
            left = again
            if not left:
                return

    def _send(self, events: list[Event]) -> list[_Refusal]:
        """One request; the events that SNS's answer does not name as successful."""
        entries: list[Any] = [{"Id": str(index), **self._message(event)} for index, event in enumerate(events)]
        answer = self._request(self._client.publish_batch, PublishBatchRequestEntries=entries)
        accepted = {each.get("Id") for each in answer.get("Successful") or []}
        failed: dict[Any, Any] = {each.get("Id"): each for each in answer.get("Failed") or []}
        return [_Refusal.of(e, failed.get(str(i))) for i, e in enumerate(events) if str(i) not in accepted]

    def _request(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return operation(TopicArn=self.topic_arn, **arguments)
            except (ClientError, BotoCoreError) as error:
                if attempt == ATTEMPTS or not is_unknown_throttling(error):
                    raise publish_error(error, self.topic_arn) from error
            time.sleep(_backoff(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _message(self, event: Event) -> dict[str, Any]:
        self._check(event)
        message = {"Message": event.body, "MessageAttributes": as_message_attributes(event.attributes)}
        if self._fifo:
            return {**message, "MessageGroupId": _group(event), "MessageDeduplicationId": deduplication_id(event.body)}
        return message

    def _check(self, event: Event) -> None:
        """Raises TypeError and InvalidEvent."""
        if not isinstance(event, Event):
            raise TypeError(f"publish takes what new() or checked() returns, not a {type(event).__name__}")
        if self._fifo:
            _group(event)

    def _new_client(self, session: boto3.Session | None, region: str) -> SNSClient:
        try:
            client: SNSClient = (session or boto3).client("sns", region_name=region, config=_CONFIG)
        except BotoCoreError as error:
            raise publish_error(error, self.topic_arn) from error
        client.meta.events.register("before-call.sns", _encode_once)
        return client


@dataclass(frozen=True, slots=True)
class _Refusal:
    event: Event
    reason: str
    retryable: bool

    @classmethod
    def of(cls, event: Event, entry: Any) -> _Refusal:
        """https://docs.aws.amazon.com/sns/latest/api/API_BatchResultErrorEntry.html"""
        if entry is None:
            return cls(event, "SNS's answer does not name this event", retryable=True)
        code = str(entry.get("Code", "no code"))
        reason = f"{code}: {entry.get('Message', 'no message')}"
        return cls(event, reason, retryable=not entry.get("SenderFault", False) or is_throttled(code))


@dataclass(slots=True)
class _Tally:
    """`open`: what was read and has no answer yet."""

    published: int = 0
    failed: list[Failure] = field(default_factory=list)
    open: list[Event] = field(default_factory=list)

    def read(self, events: Iterable[Event], check: Callable[[Event], None]) -> Iterator[Event]:
        """`events`, each checked and noted."""
        for number, event in enumerate(events, start=1):
            try:
                check(event)
            except (TypeError, InvalidEvent) as error:
                raise type(error)(f"event {number} of those given: {error}") from None
            self.open.append(event)
            yield event

    def settle(self, events: list[Event], failed: list[Failure]) -> None:
        """These of the open ones have their answer; all are published but the failed."""
        self.open = _without(self.open, events)
        self.published += len(events) - len(failed)
        self.failed += failed

    def result(self, stopped: str = "") -> PublishResult:
        """`stopped`: why the open ones are not published, as far as anybody knows."""
        return PublishResult(self.published, (*self.failed, *(Failure(each.id, stopped) for each in self.open)))


def _without(events: list[Event], gone: list[Event]) -> list[Event]:
    """By identity, one for one: somebody may publish the same event twice."""
    count = Counter(map(id, gone))
    kept = []
    for each in events:
        if count[id(each)]:
            count[id(each)] -= 1
        else:
            kept.append(each)
    return kept


def _tell(error: BaseException, result: PublishResult) -> None:
    error.add_note(f"before this: {result}")
    try:
        error.result = result  # type: ignore[attr-defined]  # what its docstring says of any exception
    except AttributeError:
        return  # an exception with slots: its note counts


def _encode_once(params: dict[str, Any], **_: Any) -> None:
    """botocore would encode the fields of a request twice, to sign it and to send it: a fifth of what an event costs.

    https://docs.aws.amazon.com/boto3/latest/guide/events.html
    """
    if isinstance(params["body"], dict):
        params["body"] = urlencode(params["body"])


def _group(event: Event) -> str:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_RequestParameters"""
    if not _GROUP.fullmatch(event.group):
        raise InvalidEvent(
            f"the topic keeps order, but the group of {event.type} is no MessageGroupId: give a property of its schema "
            'the role "group", with a pattern of at most 128 letters, digits and punctuation'
        )
    return event.group


def _backoff(attempt: int) -> float:
    """Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), in seconds."""
    return random.uniform(0, min(_MAX_BACKOFF_SECONDS, _BACKOFF_SECONDS * 2**attempt))
