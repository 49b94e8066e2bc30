"""An intake over the tests' app, in a world without AWS; its requests and invocations."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from fanout import names
from fanout.intake import attachments, config, rate, relay, status, store
from fanout.packaging.intake_zip import configuration
from fanout.runtime import aws
from tests.places import APP
from tests.unit.intake.entries import TOPIC, World
from tests.unit.ops.aws.attachments import BUCKET, AttachmentsS3

DEFINITIONS = Path(__file__).parent / "definitions"
WRITTEN = configuration(APP, DEFINITIONS, event_type="order.placed.v1", answers="items", source="/shop")
CONFIG = config.read(WRITTEN)
VARIABLES = {
    names.STACK: "Intake-test",
    names.TASK: "intake",
    names.INTAKE_TABLE: "entries",
    names.INTAKE_TOPIC_ARN: TOPIC,
    names.INTAKE_KEEP_SECONDS: "86400",
    names.INTAKE_PER_MINUTE: "0",
    names.INTAKE_ORIGINS: "https://www.example.com",
}


def put_in_place(world: World, monkeypatch: pytest.MonkeyPatch, topic: str = TOPIC) -> World:
    clock = SimpleNamespace(time=lambda: world.now, sleep=lambda seconds: None)
    for module in (store, relay, rate, status):
        monkeypatch.setattr(module, "client", world.client)
    for module in (store, relay, rate, status):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(config, "load", lambda: CONFIG)
    monkeypatch.setattr(relay, "AT_ONCE", 1)  # one after the other, so that a step has a number
    for name, value in (VARIABLES | {names.INTAKE_TOPIC_ARN: topic}).items():
        monkeypatch.setenv(name, value)
    return world


WITH_FILES = Path(__file__).parent / "with_files"
GIVEN: Any = {"event_type": "order.placed.v1", "answers": "items", "source": "/shop"}
CONFIG_WITH_FILES = config.read(configuration(APP, WITH_FILES, **GIVEN, with_files=True))


def attach(monkeypatch: pytest.MonkeyPatch) -> AttachmentsS3:
    """The bucket of an intake that is in place, and its definitions that ask for files."""
    made = AttachmentsS3()
    monkeypatch.setattr(attachments, "client", lambda service: made)
    monkeypatch.setattr(attachments, "_signer", lambda: made)
    monkeypatch.setattr(aws, "client", lambda service: made)
    monkeypatch.setattr(config, "load", lambda: CONFIG_WITH_FILES)
    monkeypatch.setenv(names.ATTACHMENTS_BUCKET, BUCKET)
    return made


class Context:
    """Of an invocation that has all the time in the world, or `milliseconds` and one less at each look."""

    def __init__(self, looks: float = float("inf")) -> None:
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 60_000 if self.looks >= 0 else 0


def joined(query: str) -> dict[str, str]:
    """As payload 2.0 hands over a name that comes twice:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    return {name: ",".join(values) for name, values in parse_qs(query, keep_blank_values=True).items()}


def request(method: str = "POST", path: str = "/contact", **more: Any) -> dict[str, Any]:
    """Payload 2.0 of an HTTP API."""
    headers = {"content-type": "application/json", "host": "forms.example.com", **more.pop("headers", {})}
    http = {"method": method, "sourceIp": more.pop("source", "203.0.113.7")}
    return {"rawPath": path, "headers": headers, "requestContext": {"http": http}, "isBase64Encoded": False, **more}
