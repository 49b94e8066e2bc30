"""A console in memory: its stack is told to it, and nothing is asked of AWS."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from fanout.console.allowed import read_allowed
from fanout.console.app import make_app
from fanout.console.budget import Budget
from fanout.console.collector import Collector
from fanout.console.console import Console
from fanout.console.guard import Guard
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.status.health import Health
from fanout.ops.status.report import Report

PORT = 4577
ADDRESS = f"http://127.0.0.1:{PORT}"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:Orders-prod-OrderPlaced"
ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Orders-prod/1"


def stack(tasks: Sequence[str], **outputs: str) -> Stack:
    of_aws = SimpleNamespace(
        is_aws=True,
        caller="arn:aws:iam::123456789012:user/me",
        region="eu-west-1",
        functions=SimpleNamespace(get_function_configuration=lambda **_: {}),
    )
    aws = cast(Aws, of_aws)
    subscribers = [
        DeployedSubscriber(aws, each.title(), each, f"https://q/{each}", f"https://d/{each}", each) for each in tasks
    ]
    return Stack(aws, "Orders-prod", ARN, "UPDATE_COMPLETE", {"TopicArn": TOPIC, **outputs}, tuple(subscribers))


def health(task: str, **more: Any) -> Health:
    numbers: dict[str, Any] = {"waiting": 0, "in_flight": 0, "delayed": 0, "dead": 0, "mapping": "Enabled"}
    return Health(task, **{**numbers, **more})


class Here:
    """A browser of this machine with the token, in front of a console that was started with `allow`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *healths: Health, allow: str = "") -> None:
        monkeypatch.setattr(Collector, "watch", lambda self, seconds=0.0: None)
        self.stack = stack([each.task for each in healths])
        self.console = Console(lambda: self.stack, lambda: self.stack, Budget(), read_allowed(allow))
        self.console.collector.state = Report(self.stack, datetime.now(UTC), list(healths), len(healths), [], [])
        self.guard = Guard.on_loopback(PORT)
        self.app = make_app(self.console, self.guard)
        self.client = TestClient(self.app, ADDRESS, follow_redirects=False)
        self.client.cookies.set(self.guard.cookie, self.guard.session)

    def stranger(self) -> TestClient:
        """Without the cookie."""
        return TestClient(self.app, ADDRESS, follow_redirects=False)

    def page(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, origin: str = ADDRESS, **form: str) -> Any:
        return self.client.post(
            path, data={"form_token": self.guard.form_token(""), **form}, headers={"origin": origin}
        )
