"""An intake whose AWS is `world`: one definition, the fixture app's contract."""

from collections.abc import Iterator
from typing import Any

import pytest

from fanout import names
from fanout.intake import config, relay, status, store
from tests.unit.intake.world import Entries, Topic
from tests.unit.lambdas.conftest import lines as lines

DEFINITION: dict[str, Any] = {
    "title": "Order",
    "type": "object",
    "additionalProperties": False,
    "required": ["email", "article"],
    "properties": {
        "email": {"title": "E-mail address", "type": "string", "format": "email", "x-fanout-goes-to": "customer.email"},
        "name": {"type": "string", "maxLength": 200, "x-fanout-goes-to": "customer.name"},
        "article": {"title": "Article", "type": "string", "enum": ["a chair", "a table"]},
        "number": {"type": "integer", "minimum": 1, "maximum": 9},
        "note": {"type": "string", "maxLength": 500, "x-fanout-lines": True},
        "gift": {"type": "boolean"},
        "extras": {"type": "array", "items": {"enum": ["cushion", "cover"]}},
    },
}
WRITTEN: dict[str, Any] = {
    "type": "order.placed.v1",
    "source": "/shop",
    "paths": {"group": "shop_id", "reference": "order_id", "answers": "items"},
    "attributes": {"type": "type", "shop_id": "data.shop_id"},
    "definitions": {"berlin": DEFINITION},
}
GOOD: dict[str, Any] = {"email": "kim@example.com", "article": "a chair"}


class World:
    def __init__(self) -> None:
        self.entries, self.topic = Entries(), Topic()

    def client(self, service: str) -> Any:
        return {"dynamodb": self.entries, "sns": self.topic}[service]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    put_in_place(made, monkeypatch)
    yield made


def put_in_place(made: World, patch: pytest.MonkeyPatch, topic: str = "orders") -> None:
    for module in (relay, status, store):
        patch.setattr(module, "client", made.client)
    patch.setattr(config, "load", lambda path=None: config.read(WRITTEN))
    for name, value in {
        names.INTAKE_TABLE: "entries",
        names.INTAKE_TOPIC_ARN: f"arn:aws:sns:eu-west-1:123456789012:{topic}",
        names.INTAKE_KEEP_SECONDS: "86400",
        names.INTAKE_PER_MINUTE: "0",
        names.STACK: "Intake-test",
    }.items():
        patch.setenv(name, value)
