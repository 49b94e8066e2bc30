"""A form from any schema, filled in and read again; what a contract refuses is told beside its field, and not published."""

import re
import uuid
from typing import Any

import pytest

from fanout.console.shared import Shared
from fanout.console.submit import pages
from fanout.console.submit.fields import (
    CHECK,
    CHOICE,
    GROUP,
    JSON,
    LINES,
    NUMBER,
    TEXT,
    Unreadable,
    again,
    fields,
    read,
)
from fanout.errors import Unusable
from fanout.ops.aws.stack import Stack
from fanout.publisher import Event
from tests.unit.console.given import Here, health
from tests.unit.ops.aws.sqs import refused

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "agreed", "tags"],
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "weight": {"type": "number"},
        "agreed": {"type": "boolean"},
        "size": {"type": "string", "enum": ["s", "m"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "anything": {},
        "home": {"type": "object", "required": ["town"], "properties": {"town": {"type": "string"}}},
    },
}
DATA: dict[str, Any] = {
    "name": "Kim", "age": 7, "weight": 1.5, "agreed": True, "size": "m", "tags": ["a", "b"], "anything": [{"x": None}], "home": {"town": "Bonn"},
}  # fmt: skip


def sent(shown: Any) -> dict[str, str]:
    """What a browser sends of a form that nobody touched."""
    found: dict[str, str] = {}
    for each in shown:
        if each.kind == GROUP:
            found |= sent(each.inside)
        elif each.kind != CHECK or each.value:
            found[each.name] = each.value
    return found


def test_each_kind_of_property_has_its_field() -> None:
    kinds = [each.kind for each in fields(SCHEMA, "data", DATA)]
    assert kinds == [TEXT, NUMBER, NUMBER, CHECK, CHOICE, LINES, JSON, GROUP]


def test_what_is_filled_in_comes_back_as_it_was() -> None:
    shown = fields(SCHEMA, "data", DATA)
    assert read(shown, sent(shown)) == DATA


def test_what_is_empty_and_may_be_missing_is_missing() -> None:
    assert read(fields(SCHEMA, "data", {}), {}) == {"name": "", "agreed": False, "tags": []}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("data.age", "7.5"),
        ("data.age", "seven"),
        ("data.weight", "heavy"),
        ("data.anything", "{"),
        ("data.anything", "[" * 100_000),
    ],
)
def test_what_cannot_be_read_names_its_field(name: str, given: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(fields(SCHEMA, "data", {}), {name: given})
    assert refused.value.name == name and given not in str(refused.value)


def test_a_schema_without_properties_is_one_json_field() -> None:
    (only,) = fields({"type": "object"}, "data", None)
    assert (only.kind, only.value) == (JSON, "{}")
    assert read((only,), {"data": '{"a": 1}'}) == {"data": {"a": 1}}


def test_after_a_mistake_all_is_there_as_it_was_sent() -> None:
    shown = again(
        fields(SCHEMA, "data", {}), {"data.name": "K\u00a0im", "data.home.town": "x"}, ("data.home.town", "no town")
    )
    assert shown[0].value == "K\u00a0im" and not shown[3].value
    assert shown[-1].inside[0].problem == "no town"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    found: list[Event] = []
    monkeypatch.setattr(pages, "publish_written", lambda stack, events: found.extend(events))
    return found


ORDER = {"source": "/shops/berlin", "data.shop_id": "berlin", "data.order_id": "o1", "data.items": '{"q": "s3cret"}'}


def test_an_event_is_published_and_followed_and_its_answers_are_in_no_address(
    monkeypatch: pytest.MonkeyPatch, published: list[Event]
) -> None:
    here = Here(monkeypatch, health("task"), allow="send")
    answer = here.post("/submit/order.placed.v1", **ORDER)
    (event,) = published
    assert (answer.status_code, answer.headers["location"]) == (303, f"/events/{event.id}?since=1h")
    assert '"q":"s3cret"' in event.body and "s3cret" not in answer.headers["location"]


def test_what_the_contract_refuses_is_told_at_its_field_and_not_published(
    monkeypatch: pytest.MonkeyPatch, published: list[Event]
) -> None:
    here = Here(monkeypatch, health("task"), allow="send")
    answer = here.post(
        "/submit/order.placed.v1", **{**ORDER, "data.order_id": "no, not this", "data.items": '{\r\n "q": "<b>"}'}
    )
    assert answer.status_code == 422 and published == []
    assert 'href="#field-data.order_id"' in answer.text and "Nothing was published" in answer.text
    assert "no, not this" in answer.text and "{\n &#34;q&#34;: &#34;&lt;b&gt;&#34;}" in answer.text


def test_the_same_answers_of_one_page_are_one_event(monkeypatch: pytest.MonkeyPatch, published: list[Event]) -> None:
    here = Here(monkeypatch, health("task"), allow="send")
    (id_,) = re.findall('name="id" value="([^"]+)"', here.page("/submit/order.placed.v1"))
    for _ in range(2):
        location = here.post("/submit/order.placed.v1", **ORDER, id=id_).headers["location"]
        assert location == f"/events/{published[0].id}?since=1h"
    assert len(published) == 2 and len({each.id for each in published}) == 1
    for another in ("../anything", "../anything", str(uuid.uuid4())):
        assert here.post("/submit/order.placed.v1", **ORDER, id=another).status_code == 303
    assert len({each.id for each in published}) == 4


@pytest.mark.parametrize("changed", [{"data.items": '{"q": "other"}'}, {"source": "/shops/bonn"}])
def test_other_answers_of_the_same_page_are_another_event(
    monkeypatch: pytest.MonkeyPatch, published: list[Event], changed: dict[str, str]
) -> None:
    here = Here(monkeypatch, health("task"), allow="send")
    (id_,) = re.findall('name="id" value="([^"]+)"', here.page("/submit/order.placed.v1"))
    for form in (ORDER, {**ORDER, **changed}, ORDER):
        assert here.post("/submit/order.placed.v1", **form, id=id_).status_code == 303
    first, edited, again_ = (each.id for each in published)
    assert first == again_ != edited


def test_where_sns_does_not_say_that_it_has_it_the_form_is_there_with_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(stack: object, events: list[Event]) -> None:
        raise Unusable("no answer from SNS: publish the same event again (SNS may have accepted it)")

    here = Here(monkeypatch, health("task"), allow="send")
    monkeypatch.setattr(pages, "publish_written", lost)
    (id_,) = re.findall('name="id" value="([^"]+)"', here.page("/submit/order.placed.v1"))
    answer = here.post("/submit/order.placed.v1", **ORDER, id=id_)
    assert answer.status_code == 409 and "publish the same event again" in answer.text
    assert f'name="id" value="{id_}"' in answer.text and "s3cret" in answer.text
    assert "Nothing was published" not in answer.text


def test_where_aws_cannot_be_asked_the_form_is_there_and_nothing_was_published(
    monkeypatch: pytest.MonkeyPatch, published: list[Event]
) -> None:
    def expired() -> Stack:
        raise refused("ExpiredToken", "DescribeStacks")

    here = Here(monkeypatch, health("task"), allow="send")
    (id_,) = re.findall('name="id" value="([^"]+)"', here.page("/submit/order.placed.v1"))
    here.console.find, here.console.shared = expired, Shared()  # a minute later
    answer = here.post("/submit/order.placed.v1", **ORDER, id=id_)
    assert answer.status_code == 409 and "have expired" in answer.text and "Nothing was published" in answer.text
    assert f'name="id" value="{id_}"' in answer.text and "s3cret" in answer.text and published == []
    here.page("/submit/order.placed.v1", 409)


def test_every_example_is_one_click_away(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Here(monkeypatch, health("task"), allow="send")
    assert "?example=0" in here.page("/submit/order.placed.v1")
    for odd in ("-1", "x", "\u0664", "9" * 5000):
        here.page(f"/submit/order.placed.v1?example={odd}")
    assert "Publish and follow" not in Here(monkeypatch, health("task")).page("/submit/order.placed.v1")
    assert "no.such.v1 has no schema" in here.page("/submit/no.such.v1", 409)
