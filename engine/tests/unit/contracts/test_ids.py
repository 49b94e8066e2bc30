"""Of an event only what its contract calls group and reference is shown, under the names that the contract gives them."""

import json
from pathlib import Path
from typing import Any

import pytest

from fanout.contracts import ids
from fanout.contracts.contract import Contracts, load
from fanout.ops.dead_letters.message import DeadLetterMessage
from tests.unit.contracts.given import FORMS, ORDERS, order, put, schema

CANARY = "canary-7f3a"


def known(monkeypatch: pytest.MonkeyPatch, contracts: Contracts) -> None:
    monkeypatch.setattr(ids, "known_contracts", lambda: contracts)


def shown(event: Any) -> Any:
    return DeadLetterMessage("m", "h", json.dumps(event), {}, {}).redacted()


def test_ids_of_an_order_have_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, ORDERS)
    named = (("shop_id", "contact"), ("order_id", "contact-0001"))
    assert ids.of_event(order()) == ids.Ids("contact", "contact-0001", named)
    assert ids.of_line({"shop_id": "contact", "order_id": "contact-0001", "items": CANARY}) == ids.of_event(order())
    assert ids.plain_attributes() == ("type", "shop_id", "order_id") and ids.groups_name() == "shops"


def test_what_is_no_event_has_the_names_and_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, ORDERS)
    for nothing in (None, {}, {"type": 7, "data": []}, {"data": {"shop_id": [CANARY]}}):
        assert ids.of_event(nothing) == ids.Ids(None, None, (("shop_id", None), ("order_id", None)))


def test_of_several_types_each_event_shows_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known(monkeypatch, load(put(tmp_path, ORDERS["order.placed.v1"].schema, FORMS["form.submitted.v1"].schema)))
    data = {"form_id": CANARY, "shop_id": "contact", "order_id": "o"}
    assert CANARY not in json.dumps(shown(order(data=data)))
    of_no_known_type = shown(order(type="order.placed.v9", data=data))
    assert of_no_known_type["data"] == {"form_id": CANARY, "shop_id": "contact", "order_id": "o"}


def test_what_leads_to_an_id_is_opened_and_nothing_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shop = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string", "x-fanout": ["group"]}, "owner": {"type": "string"}},
    }
    nested = schema({"required": ["shop"], "properties": {"shop": shop}})
    known(monkeypatch, load(put(tmp_path, nested)))
    event = order(data={"shop": {"id": "berlin", "owner": CANARY}, "items": {CANARY: 1}})
    assert shown(event)["data"] == {"shop": {"id": "berlin", "owner": "(not shown)"}, "…": "(1 more, not shown)"}
    event["data"]["shop"]["id"] = {"name": CANARY}
    assert CANARY not in json.dumps(shown(event))


def test_outside_of_an_app_nothing_is_known_and_nothing_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, Contracts({}))
    assert ids.of_event(order()) == ids.Ids() and ids.groups_name() == "groups"
    assert "contact" not in json.dumps(shown(order())["data"])
