"""Events are built by the contract, and refused before anything is sent."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import OrderPlaced
from fanout.contracts.app import app_contracts
from fanout.contracts.contract import Contract, Contracts
from fanout.publisher import Event, EventTooLarge, InvalidEvent, checked_event, new_event
from fanout.publisher.event import MAX_BYTES, MAX_DEPTH
from fanout.runtime.event import parse
from tests.examples import examples
from tests.published import order_placed
from tests.unit.lambdas.given import order

CANARY = "canary-7f3a"


def built(**changes: Any) -> Event:
    return order_placed(**{"shop_id": "contact", "order_id": "s-1", "items": {}, **changes})


def refusal(make: Callable[[], object]) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        make()
    assert "\n" not in str(caught.value) and CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    return caught.value


def of_size(size: int) -> Event:
    empty = built(items={"a": ""}, event_id="e")
    return built(items={"a": "x" * (size - empty.size)}, event_id="e")


def test_the_event_is_what_was_given() -> None:
    event = order(
        built(
            items={"colours": ("red", "blue")},
            customer_email="pat@example.com",
            customer_name="Pat Example",
            event_id="contact:42",
            time=datetime(2026, 1, 15, 10, 30, tzinfo=timezone(timedelta(hours=1))),
            source="https://orders.example.com/contact",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ).body
    )
    assert (event.id, event.shop_id, event.order_id) == ("contact:42", "contact", "s-1")
    assert event.source == "https://orders.example.com/contact" and event.time == datetime(
        2026, 1, 15, 9, 30, tzinfo=UTC
    )
    assert (event.customer.email, event.customer.name) == ("pat@example.com", "Pat Example")
    assert event.items == {"colours": ["red", "blue"]} and "traceparent" in event.raw


def test_without_an_id_and_a_time_each_event_gets_its_own() -> None:
    before = datetime.now(UTC)
    one, two = order(built().body), order(built().body)
    assert one.id != two.id and before <= one.time <= datetime.now(UTC)
    assert one.source == "/shops/contact"


@pytest.mark.parametrize("body", app_contracts().valid.values(), ids=app_contracts().valid)
def test_a_stored_event_keeps_its_id_and_all_its_fields(body: str) -> None:
    event = checked_event(json.loads(body))
    assert event.id == json.loads(body)["id"] and json.loads(event.body) == json.loads(body)
    assert event.attributes == {"type": "order.placed.v1", "shop_id": event.group}


NO_MAPPING_HAS_IT = {"field_named_twice", "not_json"}
INVALID = {name: body for name, body in app_contracts().invalid.items() if name not in NO_MAPPING_HAS_IT}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_invalid_examples_are_refused_by_path(body: str) -> None:
    error = refusal(lambda: checked_event(json.loads(body)))
    assert str(error).startswith("event") and "xample" not in str(error)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shop_id": "no spaces"}, "event.data.shop_id must match pattern"),
        ({"shop_id": None}, "event.data.shop_id must be string"),
        ({"items": [CANARY]}, "event.data.items must be object"),
        ({"customer_email": CANARY}, "event.data.customer.email must match pattern"),
        ({"customer_email": f"{CANARY}@example.com\nBcc: x@example.com"}, "event.data.customer.email must match"),
        ({"customer_email": f"{CANARY}..@example.com"}, "event.data.customer.email must be email"),
        ({"time": datetime(2026, 1, 15)}, "time must be a datetime with a time zone"),
        ({"items": {"a": {CANARY}}}, "event.data, or an extra field, holds what JSON has no type for"),
        ({"items": {"a": Decimal(1)}}, "event.data, or an extra field, holds what JSON has no type for"),
        ({"items": {"a": {1: CANARY, "1": CANARY}}}, "event.data, or an extra field, holds what JSON has no"),
        ({"items": {CANARY: float("nan")}}, "event.data, or an extra field, holds a number that JSON cannot"),
        ({"items": {CANARY: 10**5000}}, "event.data, or an extra field, holds a number that JSON cannot"),
        ({"items": {CANARY: "\ud83c"}}, "event.data, or an extra field, holds half a surrogate pair"),
    ],
)
def test_a_bad_value_is_refused_by_place_and_rule(changes: dict[str, Any], reason: str) -> None:
    assert str(refusal(lambda: built(**changes))).startswith(reason)


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), pytest.param(10**400, id="huge")])
def test_a_number_that_no_rule_can_judge_is_refused_like_any_other_bad_value(amount: float) -> None:
    schema = json.loads(json.dumps(app_contracts()["order.placed.v1"].schema))
    schema["properties"]["data"]["properties"]["total"] = {"type": "number", "multipleOf": 0.01}
    contracts = Contracts({"order.placed.v1": Contract(schema)})
    data = {"shop_id": "contact", "order_id": "s-1", "customer": {}, "items": {}, "total": amount}
    told = str(refusal(lambda: new_event("order.placed.v1", data, source="/shop", contracts=contracts)))
    assert told.endswith("; nothing was published") and len(told) < 150


def test_answers_may_nest_deep_but_not_without_end() -> None:
    def nested(levels: int) -> Any:
        return [nested(levels - 1)] if levels else CANARY

    parse(built(items={"a": nested(MAX_DEPTH - 3)}).body, OrderPlaced)
    endless: dict[str, Any] = {}
    endless["again"] = endless
    for answers in ({"a": nested(MAX_DEPTH - 2)}, endless):
        assert "nested more than 100 levels deep" in str(refusal(lambda a=answers: built(items=a)))  # type: ignore[misc]


def test_an_event_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert of_size(MAX_BYTES).size == MAX_BYTES == 262_144
    with pytest.raises(EventTooLarge, match="^event e has 262145 bytes with its attributes, SNS takes 262144: "):
        of_size(MAX_BYTES + 1)


def test_the_size_counts_utf_8_and_name_type_and_value_of_attributes() -> None:
    plain = built(event_id="e", time=datetime(2026, 1, 15, tzinfo=UTC))
    more = built(event_id="e", time=datetime(2026, 1, 15, tzinfo=UTC), items={"é": "🎉"}, attributes={"team": "é"})
    assert plain.size == len(plain.body.encode()) + len("typeStringorder.placed.v1" + "shop_idStringcontact")
    assert more.size - plain.size == len('"é":"🎉"'.encode()) + len("teamStringé".encode())


def test_ten_attributes_pass_and_eleven_do_not() -> None:
    eight = {f"extra{n}": "x" for n in range(8)}
    assert len(built(attributes=eight).attributes) == 10
    error = refusal(lambda: built(attributes={**eight, "extra8": "x"}))
    assert str(error).startswith("11 attributes with those of the contract, at most 10 survive raw delivery")


@pytest.mark.parametrize("name", ["", "a^b", ".a", "a.", "a..b", "AWS.a", "amazon.a", "a\n", "x" * 256])
def test_an_attribute_name_that_sns_refuses_is_refused_here(name: str) -> None:
    assert str(refusal(lambda: built(attributes={name: "x"}))).startswith("attribute name '")


@pytest.mark.parametrize("value", ["", "\x00", f"{CANARY}\x1b", "\ud83c", "\uffff", 7, None])
def test_an_attribute_value_that_sqs_refuses_is_refused_here(value: Any) -> None:
    assert str(refusal(lambda: built(attributes={"team": value}))).startswith("the value of attribute 'team' must be")


def test_type_and_shop_id_cannot_be_overridden() -> None:
    assert "'shop_id' is set from the event" in str(refusal(lambda: built(attributes={"shop_id": "another"})))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=8,
)


@settings(max_examples=examples(50))
@given(st.dictionaries(st.text(), json_values), st.datetimes(datetime(1000, 1, 2), datetime(2999, 12, 31)))
def test_what_the_publisher_builds_every_task_reads(answers: dict[str, Any], time: datetime) -> None:
    event = built(items={**answers, "not for SQS": "\ufffe\uffff\x00"}, time=time.replace(tzinfo=UTC))
    parsed = order(event.body)
    assert {**answers, "not for SQS": "\ufffe\uffff\x00"} == parsed.items and parsed.time == time.replace(tzinfo=UTC)
    assert not any(character < " " or character in "\ufffe\uffff" for character in event.body)


@settings(max_examples=examples(100))
@given(st.from_regex(app_contracts()["order.placed.v1"].schema["properties"]["time"]["pattern"]))
def test_every_time_the_publisher_accepts_every_task_reads(time: str) -> None:
    try:
        event = checked_event({**json.loads(app_contracts().valid["contact_form"]), "time": time})
    except InvalidEvent:
        return
    parse(event.body, OrderPlaced)


def test_repr_shows_no_answers() -> None:
    event = built(items={CANARY: CANARY}, customer_name=CANARY, attributes={"team": CANARY})
    assert CANARY not in repr(event) and event.id in repr(event)


@pytest.mark.parametrize("name", ["fanout.cause", "Fanout.anything"])
def test_the_engines_own_attributes_are_no_publishers(name: str) -> None:
    assert "names that begin with fanout. are the engine's own" in str(refusal(lambda: built(attributes={name: "x"})))


@pytest.mark.parametrize("name", ["x" * 201, "Pat\nExample", "Pat\x1b[2J", "Pat\u2028Example", "\x00"])
def test_a_name_is_one_line_when_it_is_published_and_no_task_refuses_what_was_published_before(name: str) -> None:
    said = refusal(lambda: built(customer_name=name))
    assert str(said) == "event.data.customer.name must be one line of at most 200 characters; nothing was published"
    body = json.loads(built().body)
    body["data"]["customer"] = {"name": name}
    assert order(json.dumps(body)).customer.name == name


def test_a_name_of_any_people_is_published() -> None:
    for name in ("", "x" * 200, "Zoë Beispiel 例子", "مثال", "O’Brien, Jr.", "👩‍🔬"):
        assert order(built(customer_name=name).body).customer.name == name


@pytest.mark.parametrize("type_", ["order.placed.v2", "order.cancelled.v1", "order.placed", "fanout.heartbeat.v1"])
@pytest.mark.parametrize("several", [False, True])
def test_a_type_that_no_schema_describes_is_refused_before_anything_is_sent(type_: str, several: bool) -> None:
    (one,) = app_contracts()
    contracts = Contracts({one.type: one, "refund.made.v1": one} if several else {one.type: one})
    for make in (
        lambda: checked_event({**json.loads(built().body), "type": type_}, contracts=contracts),
        lambda: new_event(type_, json.loads(built().body)["data"], source="/shops/contact", contracts=contracts),
    ):
        said = str(refusal(make))
        assert said.startswith("event.type must be ") and "order.placed.v1" in said
        assert said.endswith("; nothing was published")
