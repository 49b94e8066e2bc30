"""An event of an older type reaches a task as the newer one, and stays what was published."""

import importlib
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout.contracts.contract import load
from fanout.contracts.generate import write
from fanout.runtime import handler_of, retry
from fanout.runtime.errors import ContractViolation, UnknownVersion
from fanout.runtime.event import event_classes, parse
from fanout.runtime.record import identity
from fanout.testing import run
from tests.unit.contracts.given import order, put, schema
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, record

CANARY = "canary-7f3a"
HEAD = "from events_of_three import OrderPlaced, OrderPlacedV2\n\n"
TO_V2 = "def order_placed_v2(old: OrderPlaced) -> dict:\n    return {'id_of_shop': old.shop, 'count': 1}\n\n\n"
TO_V3 = "def order_placed_v3(old: OrderPlacedV2) -> dict:\n    return {'shops': [old.id_of_shop], 'count': old.count}\n"


def contract(version: int, group: str, **properties: Any) -> dict[str, Any]:
    fields = {"count": {"type": "integer"}, **properties}
    if group:
        fields[group] = {"type": "string", "x-fanout": ["group"]}
    found = schema({"properties": fields, "required": [*properties, *([group] if group else [])]})
    found["properties"]["type"] = {"const": f"order.placed.v{version}"}
    return found


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Its events, and `upcasts(text)`, which writes the functions."""
    schemas = [contract(1, "shop"), contract(2, "id_of_shop"), contract(3, "", shops={"type": "array"})]
    folder = tmp_path / "contracts"
    folder.mkdir()
    write(load(put(folder, *schemas)), tmp_path / "events_of_three")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    before = {*sys.modules}

    def upcasts(text: str) -> None:
        (tmp_path / "upcasts.py").write_text(HEAD + text)
        sys.modules.pop("upcasts", None)
        importlib.invalidate_caches()

    yield SimpleNamespace(events=importlib.import_module("events_of_three"), upcasts=upcasts)
    for name in {*sys.modules} - before:
        del sys.modules[name]


def taking(event_class: Any) -> Any:
    def sync_crm(event: Any) -> None: ...

    sync_crm.__annotations__["event"] = event_class
    return sync_crm


def read(body: str, *classes: Any) -> Any:
    return parse(body, *event_classes(taking(classes[0])))


def body(version: int = 1, **data: Any) -> str:
    return json.dumps(order(type=f"order.placed.v{version}", data=data))


def test_without_the_file_an_older_version_is_unknown(app: Any) -> None:
    assert event_classes(taking(app.events.OrderPlacedV2)) == (app.events.OrderPlacedV2,)
    with pytest.raises(UnknownVersion, match=r"type order.placed.v1: this task understands order.placed.v2$"):
        read(body(shop="a"), app.events.OrderPlacedV2)


def test_a_v2_event_is_refused_by_the_handler_of_v1_in_one_line(app: Any) -> None:
    app.upcasts(TO_V2)
    with pytest.raises(UnknownVersion, match=r"^type order.placed.v2: this task understands order.placed.v1$"):
        read(body(2, id_of_shop="a"), app.events.OrderPlaced)


def test_it_is_read_as_the_newer_one_and_stays_as_it_came(app: Any) -> None:
    app.upcasts(TO_V2)
    published = body(shop="berlin", more={"x": 1})
    event, as_v1 = read(published, app.events.OrderPlacedV2), read(published, app.events.OrderPlaced)
    assert type(event) is app.events.OrderPlacedV2 and (event.id_of_shop, event.count) == ("berlin", 1)
    assert (event.group, event.GROUP) == ("berlin", "id_of_shop")
    assert (event.type, event.body, event.raw) == ("order.placed.v1", published, json.loads(published))
    assert identity(event) == identity(as_v1)
    assert read(body(2, id_of_shop="rome"), app.events.OrderPlacedV2).id_of_shop == "rome"


def test_a_chain_leads_through_each_contract(app: Any) -> None:
    app.upcasts(TO_V2 + TO_V3)
    event = read(body(shop="berlin"), app.events.OrderPlacedV3)
    assert (event.shops, event.count, event.type) == (["berlin"], 1, "order.placed.v1")
    assert read(body(2, id_of_shop="rome", count=2), app.events.OrderPlacedV3).shops == ["rome"]
    with pytest.raises(ContractViolation, match=r"^event.data must contain \['shop'\] properties$"):
        read(body(), app.events.OrderPlacedV3)


def test_what_a_task_takes_itself_is_not_upcast(app: Any) -> None:
    app.upcasts(TO_V2)
    both = app.events.OrderPlaced | app.events.OrderPlacedV2
    assert type(read(body(shop="a"), both)) is app.events.OrderPlaced
    assert len(event_classes(taking(both))) == 2


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("{}[old.shop]", r"KeyError: in order_placed_v2, \S+upcasts.py:4$"),
        ("{'id_of_shop': old.shop, 'count': old.shop}", "event.data.count must be integer"),
        ("old.shop", "event.data must be object"),
        ("None", "event.data must be object"),
    ],
)
def test_an_upcast_that_fails_is_named_without_a_value(app: Any, returned: str, reason: str) -> None:
    app.upcasts(f"def order_placed_v2(old: OrderPlaced) -> dict:\n    return {returned}\n")
    with pytest.raises(ContractViolation, match=f"^upcast order_placed_v2 of order.placed.v1: {reason}") as caught:
        read(body(shop=CANARY), app.events.OrderPlacedV2)
    assert CANARY not in str(caught.value) and caught.value.__context__ is None


def test_an_upcast_cannot_change_what_was_published(app: Any) -> None:
    lines = "    data = old.raw['data']\n    data['id_of_shop'] = data.pop('shop')\n    return data\n"
    app.upcasts("def order_placed_v2(old: OrderPlaced) -> dict:\n" + lines)
    event = read(body(shop="a"), app.events.OrderPlacedV2)
    assert event.id_of_shop == "a" and event.raw["data"] == {"shop": "a"}


@pytest.mark.parametrize(
    "text", ["def order_placed_v2(old): ...", "def order_placed_v2(old: OrderPlaced | OrderPlacedV2): ..."]
)
def test_a_function_that_does_not_say_what_it_reads_is_a_type_error(app: Any, text: str) -> None:
    app.upcasts(text)
    with pytest.raises(TypeError, match="order_placed_v2: annotate its"):
        event_classes(taking(app.events.OrderPlacedV2))


def test_other_functions_and_classes_of_the_file_are_no_upcasts(app: Any) -> None:
    app.upcasts("class order_placed_v2: ...\n\n\ndef _order_placed_v2(old: OrderPlaced): ...\n")
    assert event_classes(taking(app.events.OrderPlacedV2)) == (app.events.OrderPlacedV2,)


def test_a_dead_letter_of_a_failed_upcast_holds_the_original(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    app.upcasts("def order_placed_v2(old: OrderPlaced) -> dict:\n    raise ValueError(old.shop)\n")
    caplog.set_level(logging.INFO)
    outcome = run(handler_of(taking(app.events.OrderPlacedV2)), body(shop=CANARY))
    assert (outcome.kind, outcome.error_type) == ("dead", "ContractViolation")
    assert (
        outcome.error.startswith("upcast order_placed_v2 of order.placed.v1: ValueError: ")
        and CANARY not in outcome.error
    )


def test_an_upcast_that_leaves_the_process_fails_its_own_event_alone(
    app: Any, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    sqs = SimpleNamespace(change_message_visibility_batch=lambda **asked: {})
    monkeypatch.setattr(retry, "client", lambda service: sqs)
    app.upcasts("import sys\n\n\ndef order_placed_v2(old: OrderPlaced) -> dict:\n    sys.exit(old.shop)\n")
    records = [record(body(shop=CANARY), "leaves"), record(body(2, id_of_shop="rome"), "good")]
    answer = handler_of(taking(app.events.OrderPlacedV2))({"Records": records}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "leaves"}]}
    assert "SystemExit" in json.dumps(lines()) and CANARY not in json.dumps(lines())
