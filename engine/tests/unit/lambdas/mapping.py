"""A queue and the event source mapping in front of a function, with the rules of AWS and a clock of their own.

Written from what AWS says and from what it was recorded to do: test_mapping.py holds the recordings. Stricter than the
embedded AWS, which deletes a batch whose answer is wrong.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagegroupid-property.html
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

LONGEST_VISIBILITY = 43_200
DEDUPLICATION_SECONDS = 300
_numbers = count(1)


@dataclass
class Clock:
    now: float = 1_000_000.0


class NoAnswer(Exception):
    """The function raised, timed out, was killed, or its answer could not be turned into JSON: a function error."""


def returned(answer: str | NoAnswer, batch: Sequence[str]) -> set[str]:
    """The message ids that SQS keeps; it deletes the rest of the batch. `answer` is what the runtime sent, as JSON.

    Complete success: nothing at all, {}, null, or batchItemFailures that is empty or null. Complete failure: a
    function error, an answer that is no JSON, an itemIdentifier that is missing, null, "" or of no message in the
    batch. What neither AWS's page nor a recording tells (a number, a text) is taken for a complete failure.
    """
    everything = set(batch)
    if isinstance(answer, NoAnswer):
        return everything
    try:
        response = json.loads(answer)
    except ValueError:
        return everything
    if response in (None, "", [], {}):
        return set()
    if not isinstance(response, dict):
        return everything
    failures = response.get("batchItemFailures")
    if failures in (None, []):
        return set()
    named = {_identifier(failure) for failure in failures} if isinstance(failures, list) else {""}
    return named if named <= everything else everything


def _identifier(failure: object) -> str:
    """Empty for whatever AWS does not understand."""
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    return identifier if isinstance(identifier, str) else ""


@dataclass(eq=False)
class Message:
    body: str
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    group: str | None = None
    deduplication: str | None = None
    id: str = field(default_factory=lambda: f"m-{next(_numbers)}")
    visible_at: float = 0.0
    received: int = 0
    handle: str = ""


@dataclass
class Queue:
    """`max_receives` None: a dead-letter queue. `chance` decides what a standard queue leaves open: order, duplicates."""

    clock: Clock
    fifo: bool = False
    visibility: int = 180
    max_receives: int | None = None
    dead_letters: "Queue | None" = None
    chance: Random = field(default_factory=lambda: Random(0))
    delivers_twice: float = 0.0
    """How likely a standard queue hands out again what was deleted ("on rare occasions")."""
    messages: list[Message] = field(default_factory=list)
    _sent: dict[str, float] = field(default_factory=dict)

    def send(self, message: Message) -> None:
        """A FIFO queue takes a message whose deduplication id it has seen within five minutes, and drops it."""
        if self.fifo:
            assert message.group is not None and message.deduplication is not None, "SQS refuses it in a FIFO queue"
            if self._sent.get(message.deduplication, float("-inf")) > self.clock.now - DEDUPLICATION_SECONDS:
                return
            self._sent[message.deduplication] = self.clock.now
        self.messages.append(message)

    def receive(self, most: int) -> list[Message]:
        """What is visible, each hidden from now on; what was received too often is moved in place of delivered."""
        batch: list[Message] = []
        for message in self._deliverable():
            if len(batch) == most:
                break
            if self.max_receives is not None and message.received >= self.max_receives:
                self._bury(message)
                continue
            message.received += 1
            message.handle = f"{message.id}, time {message.received}"
            message.visible_at = self.clock.now + self.visibility
            batch.append(message)
        return batch

    def hide(self, handle: str, seconds: int) -> bool:
        """ChangeMessageVisibility; False for a handle that is no longer the message's latest."""
        assert 0 <= seconds <= LONGEST_VISIBILITY, "SQS refuses it"
        for message in self.messages:
            if message.handle == handle:
                message.visible_at = self.clock.now + seconds
                return True
        return False

    def delete(self, message: Message) -> None:
        if not self.fifo and self.chance.random() < self.delivers_twice:
            message.visible_at = self.clock.now
            return
        self.messages.remove(message)

    def next_visible(self) -> float:
        """When the clock must be for `receive` to find something."""
        return min(message.visible_at for message in self.messages) if not self.fifo else self._next_group()

    def _next_group(self) -> float:
        """A group comes back when the last of its hidden messages does."""
        groups: dict[str | None, float] = {}
        for message in self.messages:
            groups[message.group] = max(groups.get(message.group, 0.0), message.visible_at)
        return min(groups.values())

    def _deliverable(self) -> list[Message]:
        visible = [message for message in self.messages if message.visible_at <= self.clock.now]
        if self.fifo:  # nothing of a group is handed out while one of its messages is in flight
            busy = {message.group for message in self.messages if message.visible_at > self.clock.now}
            return [message for message in visible if message.group not in busy]
        self.chance.shuffle(visible)
        return visible

    def _bury(self, message: Message) -> None:
        """The same message: id, body and attributes stay."""
        assert self.dead_letters is not None
        self.messages.remove(message)
        self.dead_letters.messages.append(message)


@dataclass
class Mapping:
    """Takes batches from `queue`, has `invoke` work on them, and does what the answer says."""

    queue: Queue
    invoke: Callable[[dict[str, Any]], str]
    batch_size: int = 10
    acknowledged: Callable[[Message], None] = lambda message: None
    """Hears of each message before it is deleted."""

    def run(self, most_invocations: int = 300) -> None:
        """Until the queue is empty; time passes only while there is nothing to do."""
        for _ in range(most_invocations):
            if batch := self.queue.receive(self.batch_size):
                self._hand_over(batch)
            elif not self.queue.messages:
                return
            else:
                self.queue.clock.now = max(self.queue.clock.now, self.queue.next_visible())
        raise AssertionError(f"not quiescent after {most_invocations} invocations: {self.queue.messages}")

    def _hand_over(self, batch: list[Message]) -> None:
        try:
            answer: str | NoAnswer = self.invoke({"Records": [self._record(message) for message in batch]})
        except NoAnswer as error:
            answer = error
        kept = returned(answer, [message.id for message in batch])
        for message in batch:
            if message.id not in kept:
                self.acknowledged(message)
                self.queue.delete(message)

    def _record(self, message: Message) -> dict[str, Any]:
        """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
        attributes = {
            "ApproximateReceiveCount": str(message.received),
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        }
        if message.group is not None:
            attributes["MessageGroupId"] = message.group
        if message.deduplication is not None:
            attributes["MessageDeduplicationId"] = message.deduplication
        return {
            "messageId": message.id,
            "receiptHandle": message.handle,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": message.attributes,
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:queue{'.fifo' if self.queue.fifo else ''}",
            "awsRegion": "eu-west-1",
        }
