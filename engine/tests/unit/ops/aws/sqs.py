"""SQS in memory, with what its documentation says of queues and no more: the one double of it for operators' commands.

Each behaviour names its source; `docs` is https://docs.aws.amazon.com/AWSSimpleQueueService/latest.
"""

import itertools
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from fanout.publisher.size import message_size

MOST_BYTES = 1_048_576
"""Of a message and of a request: docs/SQSDeveloperGuide/quotas-messages.html."""
TWELVE_HOURS = 43_200
FIVE_MINUTES = 300
_TEXT = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


class Clock:
    """Stands still until somebody waits."""

    def __init__(self) -> None:
        self.time = 1_750_000_000.0

    def __call__(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Message:
    id: str
    body: str
    attributes: dict[str, Any]
    system: dict[str, str]
    visible_at: float
    receipt: str | None = None
    received_at: float = 0.0
    receives: int = 0

    @property
    def group(self) -> str | None:
        return self.system.get("MessageGroupId")


@dataclass
class Queue:
    """`lag`: seconds for which its counts are old; `more`: attributes besides the counts."""

    name: str
    messages: list[Message] = field(default_factory=list)
    deduplicated: dict[str, tuple[float, str]] = field(default_factory=dict)
    lag: float = 0.0
    more: dict[str, str] = field(default_factory=dict)
    counted: list[tuple[float, tuple[int, int]]] = field(default_factory=list)

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")


def refused(code: str, operation: str, message: str = "", status: int = 400, retries: int = 0) -> ClientError:
    told: Any = {"HTTPStatusCode": status, "RetryAttempts": retries}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": told}, operation)


class Sqs:
    """`around` is called before and after each operation is carried out, and may raise: a kill, a refusal, a lost answer.

    `fails` gives, for an entry of a batch, the code it alone is refused with. `empty` receives that do not wait come back
    empty though messages are there.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.queues: dict[str, Queue] = {}
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.around: Callable[[str, str, dict[str, Any]], None] = lambda when, operation, asked: None
        self.fails: Callable[[dict[str, Any]], str | None] = lambda entry: None
        self.empty: Iterator[bool] = itertools.repeat(False)
        self._ids = itertools.count()
        self._one_at_a_time = RLock()

    def queue(self, url: str) -> Queue:
        return self.queues.setdefault(url, Queue(url.rsplit("/", 1)[-1]))

    # ---- what tests put in and look at

    def put(self, url: str, body: str, *, id_: str | None = None, sent_at: float | None = None, **more: Any) -> Message:
        """A message as it is in a queue, whoever sent it; `more` are system attributes, `attributes` the others."""
        attributes = more.pop("attributes", {})
        sent = self.clock() if sent_at is None else sent_at
        system = {"SentTimestamp": str(int(sent * 1000)), **more}
        made = Message(id_ or f"put-{next(self._ids)}", body, attributes, system, self.clock())
        self.queue(url).messages.append(made)
        self._count(self.queue(url))
        return made

    def visible(self, url: str) -> list[Message]:
        return [each for each in self.queue(url).messages if each.visible_at <= self.clock()]

    def bodies(self, url: str) -> list[str]:
        return [each.body for each in self.queue(url).messages]

    def take(self, url: str) -> list[Message]:
        """All that is visible, gone from the queue: as its consumer works it off."""
        taken = self.visible(url)
        self.queue(url).messages = [each for each in self.queue(url).messages if each not in taken]
        return taken

    # ---- the operations

    def send_message(self, **asked: Any) -> dict[str, Any]:
        """docs/APIReference/API_SendMessage.html"""
        return self._carried_out("SendMessage", asked, lambda: self._send(asked["QueueUrl"], asked))

    def send_message_batch(self, **asked: Any) -> dict[str, Any]:
        """docs/APIReference/API_SendMessageBatch.html: a sum over the limit refuses all, a fault of one entry that one."""

        def carry_out() -> dict[str, Any]:
            entries = asked["Entries"]
            self._check_entries(entries, "SendMessageBatch")
            size = sum(message_size(each["MessageBody"], each.get("MessageAttributes", {})) for each in entries)
            if size > MOST_BYTES:
                why = f"Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {size} bytes."
                raise refused("AWS.SimpleQueueService.BatchRequestTooLong", "SendMessageBatch", why)
            return self._each(entries, lambda entry: self._send(asked["QueueUrl"], entry))

        return self._carried_out("SendMessageBatch", asked, carry_out)

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        """docs/APIReference/API_ReceiveMessage.html: without waiting, SQS asks some of its servers only, and may find nothing."""

        def carry_out() -> dict[str, Any]:
            queue, wait = self.queue(asked["QueueUrl"]), asked.get("WaitTimeSeconds", 0)
            if not wait and next(self.empty):
                return {}
            found = self._receivable(queue, asked.get("MaxNumberOfMessages", 1))
            if not found and wait:
                self.clock.wait(wait)
                found = self._receivable(queue, asked.get("MaxNumberOfMessages", 1))
            for each in found:
                each.receives += 1
                each.receipt, each.received_at = f"receipt-{next(self._ids)}", self.clock()
                each.visible_at = self.clock() + asked.get("VisibilityTimeout", 30)
            self._count(queue)
            return {"Messages": [_shown(each) for each in found]} if found else {}

        return self._carried_out("ReceiveMessage", asked, carry_out)

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:
        """docs/APIReference/API_DeleteMessage.html: with an old receipt it succeeds, and perhaps nothing is deleted."""

        def carry_out() -> dict[str, Any]:
            self._check_entries(asked["Entries"], "DeleteMessageBatch")
            return self._each(asked["Entries"], lambda entry: self._delete(asked["QueueUrl"], entry["ReceiptHandle"]))

        return self._carried_out("DeleteMessageBatch", asked, carry_out)

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        """docs/APIReference/API_ChangeMessageVisibility.html: twelve hours at most, counted from the receive."""

        def carry_out() -> dict[str, Any]:
            self._check_entries(asked["Entries"], "ChangeMessageVisibilityBatch")
            return self._each(asked["Entries"], lambda entry: self._hide(asked["QueueUrl"], entry))

        return self._carried_out("ChangeMessageVisibilityBatch", asked, carry_out)

    def get_queue_attributes(self, **asked: Any) -> dict[str, Any]:
        """docs/APIReference/API_GetQueueAttributes.html: the counts are approximate, and right about a minute after the last change."""

        def carry_out() -> dict[str, Any]:
            queue = self.queue(asked["QueueUrl"])
            known = [counts for at, counts in queue.counted if at <= self.clock() - queue.lag]
            visible, hidden = self._counts(queue) if not queue.lag else known[-1] if known else (0, 0)
            return {
                "Attributes": {
                    "ApproximateNumberOfMessages": str(visible),
                    "ApproximateNumberOfMessagesNotVisible": str(hidden),
                    "ApproximateNumberOfMessagesDelayed": "0",
                    **queue.more,
                },
            }

        return self._carried_out("GetQueueAttributes", asked, carry_out)

    # ---- how they are carried out

    def _carried_out(
        self, operation: str, asked: dict[str, Any], carry_out: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        with self._one_at_a_time:
            self.calls[operation] += 1
            self.requests.append((operation, asked))
        self.around("before", operation, asked)
        with self._one_at_a_time:
            answer = carry_out()
        self.around("after", operation, asked)
        return answer

    def _check_entries(self, entries: list[dict[str, Any]], operation: str) -> None:
        if not entries:
            raise refused("AWS.SimpleQueueService.EmptyBatchRequest", operation)
        if len(entries) > 10:
            raise refused("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", operation)
        if len({each["Id"] for each in entries}) < len(entries):
            raise refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", operation)

    def _each(
        self, entries: list[dict[str, Any]], carry_out: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        for entry in entries:
            try:
                code = self.fails(entry)
                if code:
                    raise refused(code, "Batch")
                answer["Successful"].append({"Id": entry["Id"], **carry_out(entry)})
            except ClientError as error:
                answer["Failed"].append({"Id": entry["Id"], "SenderFault": True, **error.response["Error"]})
        return answer

    def _send(self, url: str, asked: dict[str, Any]) -> dict[str, Any]:
        queue, body, attributes = self.queue(url), asked["MessageBody"], asked.get("MessageAttributes", {})
        _check(body, attributes)
        system = {"SentTimestamp": str(int(self.clock() * 1000))}
        if "MessageGroupId" in asked:
            system["MessageGroupId"] = asked["MessageGroupId"]
        if trace := asked.get("MessageSystemAttributes", {}).get("AWSTraceHeader"):
            system["AWSTraceHeader"] = trace["StringValue"]
        if queue.is_fifo:
            # docs/SQSDeveloperGuide/using-messagededuplicationid-property.html: accepted, and not delivered again
            key = asked["MessageDeduplicationId"]
            at, id_ = queue.deduplicated.get(key, (float("-inf"), ""))
            if self.clock() - at < FIVE_MINUTES:
                return {"MessageId": id_}
            system["MessageDeduplicationId"] = key
        made = Message(f"sent-{next(self._ids)}", body, dict(attributes), system, self.clock())
        if queue.is_fifo:
            queue.deduplicated[asked["MessageDeduplicationId"]] = (self.clock(), made.id)
        queue.messages.append(made)
        self._count(queue)
        return {"MessageId": made.id}

    def _receivable(self, queue: Queue, most: int) -> list[Message]:
        """docs/SQSDeveloperGuide/FIFO-queues-understanding-logic.html: while messages of a group are in flight, no more of it."""
        now = self.clock()
        locked = {each.group for each in queue.messages if each.visible_at > now} if queue.is_fifo else set()
        found = [each for each in queue.messages if each.visible_at <= now and each.group not in locked - {None}]
        return found[:most]

    def _delete(self, url: str, receipt: str) -> dict[str, Any]:
        queue = self.queue(url)
        queue.messages = [each for each in queue.messages if each.receipt != receipt]
        self._count(queue)
        return {}

    def _hide(self, url: str, entry: dict[str, Any]) -> dict[str, Any]:
        for each in self.queue(url).messages:
            if each.receipt == entry["ReceiptHandle"]:
                until = self.clock() + entry["VisibilityTimeout"]
                if until - each.received_at > TWELVE_HOURS:
                    raise refused(
                        "InvalidParameterValue", "ChangeMessageVisibility", "beyond the limit [43200 seconds]"
                    )
                each.visible_at = until
        self._count(self.queue(url))
        return {}

    def _counts(self, queue: Queue) -> tuple[int, int]:
        hidden = sum(each.visible_at > self.clock() for each in queue.messages)
        return len(queue.messages) - hidden, hidden

    def _count(self, queue: Queue) -> None:
        queue.counted = [*queue.counted[-50:], (self.clock(), self._counts(queue))]


def _check(body: str, attributes: dict[str, Any]) -> None:
    if not body:
        raise refused("MissingParameter", "SendMessage", "The request must contain the parameter MessageBody.")
    texts = [body, *(each["StringValue"] for each in attributes.values() if "StringValue" in each)]
    if not all(_TEXT.fullmatch(each) for each in texts):
        raise refused("InvalidMessageContents", "SendMessage")
    if message_size(body, attributes) > MOST_BYTES:
        raise refused("InvalidParameterValue", "SendMessage", f"Message must be shorter than {MOST_BYTES} bytes.")
    if len(attributes) > 10:
        raise refused(
            "InvalidParameterValue", "SendMessage", "Number of message attributes exceeds the allowed maximum."
        )


def _shown(message: Message) -> dict[str, Any]:
    system = {**message.system, "ApproximateReceiveCount": str(message.receives)}
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "Attributes": system,
        "MessageAttributes": message.attributes,
    }


def answer_lost(operation: str, numbers: set[int]) -> Callable[[str, str, dict[str, Any]], None]:
    """An `around` of Sqs: it carries out the requests of these numbers (from 1), and nobody hears of it."""
    count = itertools.count(1)

    def around(when: str, named: str, asked: dict[str, Any]) -> None:
        if when == "after" and named == operation and next(count) in numbers:
            raise ReadTimeoutError(endpoint_url="https://sqs")

    return around


def in_turn(*answers: bool) -> Iterator[bool]:
    """For `empty`: these, and then never again."""
    return itertools.chain(deque(answers), itertools.repeat(False))
