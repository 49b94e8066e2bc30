"""An operator's world in memory: two queues of one task, a stack, a journal, and a clock that stands still."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout import names
from fanout.ops import lease
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.journal import Journal
from tests.unit.ops.aws.sqs import Clock, Sqs

QUEUE, DEAD = "https://sqs/1/queue", "https://sqs/1/dead"


def event(number: int | str = 1, **more: Any) -> dict[str, Any]:
    """Valid by the contract of the engine's own app."""
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/shops/berlin",
        "type": "order.placed.v1",
        "time": "2026-01-15T09:30:00Z",
        "data": {"shop_id": "berlin", "order_id": f"o{number}", "items": {"q": "s3cret"}},
        **more,
    }


def message(body: Any, attributes: dict[str, Any] | None = None, **system: str) -> DeadLetterMessage:
    text = body if isinstance(body, str) else json.dumps(body)
    return DeadLetterMessage.from_sqs(
        {
            "MessageId": "m1",
            "ReceiptHandle": "r1",
            "Body": text,
            "MessageAttributes": attributes or {},
            "Attributes": {"SentTimestamp": "1000", **system},
        },
        float("inf"),
    )


def text(value: str) -> dict[str, str]:
    """An attribute."""
    return {"DataType": "String", "StringValue": value}


class World:
    """One stack with one task; `operator` is another journal on another machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, *, fifo: bool = False) -> None:
        self.folder = folder
        self.clock = Clock()
        self.sqs = Sqs(self.clock)
        monkeypatch.setattr(lease, "now", self.clock)
        monkeypatch.setenv(names.HOME, str(folder))
        suffix = ".fifo" if fifo else ""
        self.queue, self.dead = QUEUE + suffix, DEAD + suffix
        self.aws = cast(
            Aws,
            SimpleNamespace(
                sqs=self.sqs,
                caller="arn:aws:iam::123456789012:user/me",
                region="eu-west-1",
                is_aws=True,
                logs=SimpleNamespace(filter_log_events=lambda **_: {"events": []}),
                functions=SimpleNamespace(get_function_configuration=lambda **_: {}),
            ),
        )
        self.subscriber = DeployedSubscriber(self.aws, "Task", "task", self.queue, self.dead, "function")
        self.stack = self.stack_of("123456789012", "eu-west-1", "Orders-prod")

    def stack_of(self, account: str, region: str, name: str) -> Stack:
        arn = f"arn:aws:cloudformation:{region}:{account}:stack/{name}/1"
        return Stack(self.aws, name, arn, "CREATE_COMPLETE", {}, (self.subscriber,))

    def journal(self, command: str = "dead redrive", operator: str = "me") -> Journal:
        return Journal(self.folder / f"{operator}.jsonl", "arn:aws:iam::1:user/me", command, f"{operator}@here")

    def bury(self, count: int, group: Callable[[int], str] | None = None, begin: int = 0) -> None:
        """Dead letters, one for each event."""
        for number in range(begin, begin + count):
            more: dict[str, Any] = {"MessageGroupId": group(number)} if group else {}
            self.sqs.put(self.dead, json.dumps(event(number)), id_=f"m{number}", **more)

    def sent(self) -> list[str]:
        """The ids of the events in the task's own queue."""
        return [json.loads(each)["id"] for each in self.sqs.bodies(self.queue)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    return World(monkeypatch, tmp_path)


@pytest.fixture
def fifo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    return World(monkeypatch, tmp_path, fifo=True)
