"""What a schema marks as personal is in no repr and no log line, whatever a task hands over."""

import io
import json
import logging
from typing import Any

import pytest

from fanout.contracts.app import app_contracts
from fanout.contracts.contract import value_at
from fanout.ops.dead_letters.plain import redacted
from fanout.runtime.log import Line
from tests.unit.contracts.given import OrderPlaced, read

CANARY = "canary-7f3a"


@pytest.fixture
def body() -> str:
    event = json.loads(app_contracts().valid["contact_form"])
    customer = {"email": f"{CANARY}@example.com", "name": CANARY}
    return json.dumps({**event, "data": {**event["data"], "customer": customer, "items": {"a": CANARY}}})


def test_the_apps_schema_marks_them() -> None:
    (contract,) = app_contracts()
    assert contract.personal == ("data.customer.email", "data.customer.name", "data.items")


def test_repr_and_str_show_no_personal_field_at_any_depth(body: str) -> None:
    event: Any = read(body, OrderPlaced)
    for shown in (repr(event), str(event), f"{event.customer!r}", str(event.customer), f"{[event.customer]}"):
        assert CANARY not in shown
    with pytest.raises(AttributeError, match="cannot be changed"):
        event.customer.name = "other"


def test_a_log_line_of_a_task_shows_none(body: str) -> None:
    event: Any = read(body, OrderPlaced)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line())
    logger = logging.Logger("a task's")
    logger.addHandler(handler)
    logger.info("got %s of %s", event, event.customer, extra={"event": event, "customer": event.customer})
    try:
        raise ValueError(event.customer.name)
    except ValueError:
        logger.exception("failed")
    assert stream.getvalue().count("\n") == 2 and CANARY not in stream.getvalue()


def test_operators_see_none_without_asking(body: str) -> None:
    event = json.loads(body)
    shown = redacted(event)
    assert CANARY not in json.dumps(shown)
    for path in app_contracts()["order.placed.v1"].personal:
        seen = value_at(shown, path)
        assert seen is None or "not shown" in seen
