"""Events, records and a context, shaped as AWS hands them over. No AWS is reached."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

from events import OrderPlaced
from fanout.contracts.app import app_contracts, heartbeat_example
from fanout.runtime.batch import BatchResponse, handler_of
from fanout.runtime.event import parse


@dataclass
class Context:
    """Lambda's context, with a clock that stands still."""

    aws_request_id: str = "request-1"
    remaining_ms: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def example() -> dict[str, Any]:
    event: dict[str, Any] = json.loads(app_contracts().valid["contact_form"])
    return event


def order(body: str) -> OrderPlaced:
    """The event of a body that is one."""
    event = parse(body, OrderPlaced)
    assert isinstance(event, OrderPlaced)
    return event


def handler(run: Callable[[Any], object]) -> Callable[[dict[str, Any], Any], BatchResponse]:
    """The handler of a task that runs `run` on each event of the app."""

    def task(event: OrderPlaced) -> None:
        run(event)

    return handler_of(task)


def heartbeat(**changes: Any) -> str:
    """The body of a heartbeat."""
    return json.dumps({**json.loads(heartbeat_example()), **changes})


def record(body: str, message_id: str = "m-1", *, received: int = 1) -> dict[str, Any]:
    """One record of an SQS batch: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    return {
        "messageId": message_id,
        "receiptHandle": f"handle of {message_id}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(received),
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:queue",
        "awsRegion": "eu-west-1",
    }


def ended(given_up: list[Event]) -> None:
    """Waits until threads that were given up have come to their end."""
    for each in given_up:
        each.wait(5)
