"""Publishing to the topic, through one boto3 client per EventPublisher."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fanout.contracts.app import app_contracts
from fanout.contracts.contract import Contracts, load
from fanout.publisher.attributes import as_message_attributes
from fanout.publisher.batches import batches
from fanout.publisher.deduplication import deduplication_id
from fanout.publisher.errors import Failure, InvalidArgument, InvalidEvent, InvalidTopicArn, PublishError, PublishResult
from fanout.publisher.event import LARGEST_LIMIT, MAX_BYTES, SMALLEST_LIMIT, Event, checked_event, new_event, too_large
from fanout.publisher.fairness import GROUP, Fairness
from fanout.publisher.refusals import UNREADABLE, is_retried_here, publish_error
from fanout.publisher.tally import Refusal, Tally, tell, without
from fanout.runtime.authorities import read_once

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

ATTEMPTS: Final = 5
"""Times a request that was throttled or got no readable answer, or an event that failed alone, is sent before it is reported."""

_BACKOFF_SECONDS: Final = 0.1
_MAX_BACKOFF_SECONDS: Final = 2.0
_TOPIC_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}(?P<fifo>\.fifo)?"
)
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
    fair_by: a property of the events (the contract's group, an attribute, or a required string of data): when one value of
    it floods a queue, SQS hands out the events of the other values first. For a topic that keeps no order.
    max_bytes: of an event with its attributes, and of a batch. 262144 is what every topic takes; up to 1048576 where the
    topic's MaximumMessageSize says so, which the embedded AWS does not know.
    session: a boto3 Session to make the client from; client: an SNS client made by you, used as it is.
    Without them: boto3's default session, 2 s to connect, 10 s to answer, 4 tries in botocore's standard retry mode
    (https://docs.aws.amazon.com/boto3/latest/guide/retries.html).

    After a time-out SNS may have accepted an event that is then sent again: tasks see it twice, under the same id, and
    skip an id that they have completed.
    Raises InvalidTopicArn, InvalidArgument; ContractError for schemas that cannot be used; PublishError when boto3 cannot make a client (an unknown profile, for instance).
    """

    def __init__(
        self,
        topic_arn: str,
        *,
        contracts: str | Path | Contracts | None = None,
        fair_by: str | None = None,
        max_bytes: int = MAX_BYTES,
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
        self._fifo = match["fifo"] is not None
        self._max_bytes = _checked_limit(max_bytes)
        self._fairness = self._new_fairness(fair_by, found)
        self.new = partial(new_event, contracts=found, max_bytes=max_bytes)
        self.checked = partial(checked_event, contracts=found, max_bytes=max_bytes)
        self._client = client or self._new_client(session, match["region"])
        if self._client.meta.region_name != match["region"]:
            raise InvalidTopicArn(
                f"the topic {topic_arn} is not in {self._client.meta.region_name}, the region of the client: "
                f"make the client with region_name={match['region']!r}"
            )

    def publish(self, event: Event) -> Receipt:
        """Publish one event; raises PublishError when SNS has not said that it has it."""
        message_id = self._request(self._publish_one, **self._message(event))
        return Receipt(event_id=event.id, message_id=message_id)

    def publish_many(self, events: Iterable[Event]) -> PublishResult:
        """Publish events in batches, reading `events` as it goes, so a generator of any length needs little memory.

        An event that SNS fails alone is sent again under the same id, ATTEMPTS times at most, then reported in the
        result; the others go on. When SNS refuses a whole request, reading stops and PublishError is raised; its
        `result` has what became of the events read so far. When `events` itself raises, what was read is published
        first, and that is raised, also where SNS refuses meanwhile. In a FIFO topic an event sent again may come after younger ones.

        Whatever ends it early, SystemExit and Ctrl-C too, has a `result` as well: an event that was read is counted as
        published, or named with the reason why not. Raises TypeError for what is no event, and says which one it is.
        """
        tally = Tally()
        try:
            for batch in batches(tally.read(events, self._check), self._max_bytes):
                self._publish_batch(batch, tally)
        except BaseException as error:
            result = tally.result("it was read, and then the publishing was stopped: publish the same event again")
            if not isinstance(error, PublishError):
                tell(error, result)
                raise
            error.result = result
            if tally.ended is None or tally.ended is error:
                raise
            tell(tally.ended, result)
            raise tally.ended  # noqa: B904  # its cause is its own
        return tally.result()

    def _publish_one(self, **request: Any) -> str:
        """Raises KeyError, as botocore does, for an answer that is none of SNS."""
        return self._client.publish(**request)["MessageId"]

    def _publish_batch(self, batch: list[Event], tally: Tally) -> None:
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
            tally.settle(without(left, again), failed)
            left = again
            if not left:
                return

    def _send(self, events: list[Event]) -> list[Refusal]:
        """One request; the events that SNS's answer does not name as successful."""
        entries: list[Any] = [{"Id": str(index), **self._message(event)} for index, event in enumerate(events)]
        answer = self._request(self._client.publish_batch, PublishBatchRequestEntries=entries)
        accepted = {each.get("Id") for each in answer.get("Successful") or []}
        failed: dict[Any, Any] = {each.get("Id"): each for each in answer.get("Failed") or []}
        return [Refusal.of(e, failed.get(str(i))) for i, e in enumerate(events) if str(i) not in accepted]

    def _request(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return operation(TopicArn=self.topic_arn, **arguments)
            except (ClientError, BotoCoreError, *UNREADABLE) as error:
                if attempt == ATTEMPTS or not is_retried_here(error):
                    raise publish_error(error, self.topic_arn) from error
            time.sleep(_backoff(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _message(self, event: Event) -> dict[str, Any]:
        self._check(event)
        message = {"Message": event.body, "MessageAttributes": as_message_attributes(event.attributes)}
        if self._fifo:
            return {**message, "MessageGroupId": _group(event), "MessageDeduplicationId": deduplication_id(event.body)}
        group = self._fairness.group(event) if self._fairness else None
        return message if group is None else {**message, "MessageGroupId": group}

    def _check(self, event: Event) -> None:
        """Raises TypeError and InvalidEvent."""
        if not isinstance(event, Event):
            raise TypeError(f"publish takes what new() or checked() returns, not a {type(event).__name__}")
        if self._fifo:
            _group(event)
        if event.size > self._max_bytes:
            raise too_large(event.id, event.size, self._max_bytes)

    def _new_fairness(self, fair_by: str | None, contracts: Contracts | None) -> Fairness | None:
        if fair_by is None:
            return None
        if self._fifo:
            raise InvalidArgument(
                f"fair_by is {fair_by!r}, and {self.topic_arn} keeps order by the contract's group: leave fair_by out"
            )
        return Fairness(fair_by, app_contracts() if contracts is None else contracts)

    def _new_client(self, session: boto3.Session | None, region: str) -> SNSClient:
        try:
            client: SNSClient = read_once((session or boto3).client("sns", region_name=region, config=_CONFIG))
        except BotoCoreError as error:
            raise publish_error(error, self.topic_arn) from error
        client.meta.events.register("before-call.sns", _encode_once)
        return client


def _checked_limit(max_bytes: int) -> int:
    """https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"""
    if not isinstance(max_bytes, int) or not SMALLEST_LIMIT <= max_bytes <= LARGEST_LIMIT:
        raise InvalidArgument(
            f"max_bytes is {max_bytes!r}: expected {SMALLEST_LIMIT} to {LARGEST_LIMIT}, as SNS takes it"
        )
    return max_bytes


def _encode_once(params: dict[str, Any], **_: Any) -> None:
    """botocore would encode the fields of a request twice, to sign it and to send it: a fifth of what an event costs.

    https://docs.aws.amazon.com/boto3/latest/guide/events.html
    """
    if isinstance(params["body"], dict):
        params["body"] = urlencode(params["body"])


def _group(event: Event) -> str:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_RequestParameters"""
    if not GROUP.fullmatch(event.group):
        raise InvalidEvent(
            f"the topic keeps order, but the group of {event.type} is no MessageGroupId: give a property of its schema "
            'the role "group", with a pattern of at most 128 letters, digits and punctuation'
        )
    return event.group


def _backoff(attempt: int) -> float:
    """Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), in seconds."""
    return random.uniform(0, min(_MAX_BACKOFF_SECONDS, _BACKOFF_SECONDS * 2**attempt))
