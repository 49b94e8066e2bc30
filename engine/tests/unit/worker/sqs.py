"""SQS as a worker meets it: the double of operators' commands, with what its documentation says of receipts and redrives.

`docs` is https://docs.aws.amazon.com/AWSSimpleQueueService/latest.
"""

from typing import Any

from fanout.runtime import decision
from tests.unit.ops.aws.sqs import Message, Queue, Sqs, refused
from tests.unit.worker.machine import Simulated

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/queue"
FIFO = f"{QUEUE}.fifo"
DEAD = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters"
MOST_RECEIVES = 3


class Clock:
    def __init__(self, machine: Simulated) -> None:
        self._machine = machine

    def __call__(self) -> float:
        return self._machine.real()

    def wait(self, seconds: float) -> None:
        self._machine.sleep(seconds)


class WorkerSqs(Sqs):
    """`hidden` has every visibility that was asked for: when, message id, seconds."""

    def __init__(self, machine: Simulated) -> None:
        super().__init__(Clock(machine))  # type: ignore[arg-type]
        self.tags: dict[str, str] = {}
        self.hidden: list[tuple[float, str, int]] = []

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        """As long as it takes until a message is there: docs/SQSDeveloperGuide/sqs-short-and-long-polling.html"""
        for _ in range(asked["WaitTimeSeconds"]):
            answer = super().receive_message(**{**asked, "WaitTimeSeconds": 0})
            if answer:
                return answer
            self.clock.wait(1)
        return super().receive_message(**{**asked, "WaitTimeSeconds": 0})

    def list_queue_tags(self, **asked: Any) -> dict[str, Any]:
        return self._carried_out("ListQueueTags", asked, lambda: {"Tags": dict(self.tags)})

    def _receivable(self, queue: Queue, most: int) -> list[Message]:
        """docs/SQSDeveloperGuide/sqs-dead-letter-queues.html: what was received as often as the queue allows is moved."""
        if queue.name.startswith("queue"):
            worn_out = [
                each for each in super()._receivable(queue, len(queue.messages)) if each.receives >= MOST_RECEIVES
            ]
            for each in worn_out:
                queue.messages.remove(each)
                self.queue(DEAD).messages.append(each)
        return super()._receivable(queue, most)

    def _hide(self, url: str, entry: dict[str, Any]) -> dict[str, Any]:
        """docs/APIReference/API_ChangeMessageVisibility.html: only of what is in flight, by the receipt of its last receive."""
        found = [each for each in self.queue(url).messages if each.receipt == entry["ReceiptHandle"]]
        if not found:
            raise refused("ReceiptHandleIsInvalid", "ChangeMessageVisibility")
        if found[0].visible_at <= self.clock():
            raise refused("AWS.SimpleQueueService.MessageNotInflight", "ChangeMessageVisibility")
        self.hidden.append((self.clock(), found[0].id, entry["VisibilityTimeout"]))
        return super()._hide(url, entry)


class Checked:
    """A client of `fanout.runtime.client`: in a thread whose attempt is over, no request goes out."""

    def __init__(self, double: Any) -> None:
        self._double = double
        self.exceptions = getattr(double, "exceptions", None)

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._double, name)

        def call(**asked: Any) -> Any:
            decision.check()
            return operation(**asked)

        return call
