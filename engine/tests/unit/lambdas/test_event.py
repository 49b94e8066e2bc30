"""Every body becomes an event or one line without personal data."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import OrderPlaced
from fanout.contracts.app import app_contracts
from fanout.runtime.errors import ContractViolation, PermanentError, UnknownVersion
from fanout.runtime.event import parse
from tests.examples import examples
from tests.unit.lambdas.given import order

CANARY = "canary-7f3a"
REASONS = {
    "another_type": "type refund.made.v1: this task understands order.placed.v1",
    "items_not_an_object": "event.data.items must be object",
    "bad_email_address": "event.data.customer.email must match pattern",
    "bad_shop_id": "event.data.shop_id must match pattern",
    "bad_id": "event.id must match pattern",
    "bad_order_id": "event.data.order_id must be string",
    "bad_time": "event.time must match pattern",
    "empty_source": "event.source must be longer than or equal to 1 characters",
    "field_named_twice": "the body has an object that names a field twice",
    "half_a_surrogate_pair": "the body holds half a surrogate pair",
    "missing_items": "event.data must contain ['items'] properties",
    "missing_data": "event must contain ['data'] properties",
    "missing_id": "event must contain ['id'] properties",
    "not_a_cloudevent": "not a CloudEvent: expected the fields specversion and type",
    "not_a_number": "the body holds NaN, which is not JSON",
    "not_an_object": "the body is JSON but not an object",
    "not_json": "the body is not JSON (line 18, column 18)",
    "not_json_content": "event.datacontenttype must be same as const definition: application/json",
    "sns_envelope": "an SNS envelope, not a CloudEvent: turn on the subscription's raw message delivery",
    "customer_not_an_object": "event.data.customer must be object",
    "time_that_does_not_exist": "event.time must be a time that exists",
    "time_without_offset": "event.time must match pattern",
    "unknown_major_version": "type order.placed.v2: this task understands order.placed.v1",
    "wrong_specversion": "event.specversion must be same as const definition: 1.0",
}


def contact(**changes: Any) -> dict[str, Any]:
    return {**json.loads(app_contracts().valid["contact_form"]), **changes}


def refusal(body: str) -> ContractViolation:
    with pytest.raises(ContractViolation) as caught:
        parse(body, OrderPlaced)
    return caught.value


def all_text(error: BaseException) -> str:
    """What a log could show of an error: also what hangs behind it."""
    assert error.__cause__ is None and error.__context__ is None
    return f"{error!s}{error!r}{error.__dict__}{''.join(traceback.format_exception(error))}"


def test_an_event_gives_its_fields_typed() -> None:
    body = app_contracts().valid["event_registration"]
    event = order(body)
    assert (event.id, event.shop_id, event.order_id) == (
        "00000000-0000-4000-8000-000000000002",
        "event-registration",
        "event-registration-0001",
    )
    assert event.time == datetime(2026, 1, 15, 9, 45, 12, 250000, UTC) and event.time.tzinfo is UTC
    assert (event.customer.email, event.customer.name) == ("sam.sample@example.com", "Sam Sample")
    assert event.items["guests"][1] == {"name": "Guest Two", "meal": None}
    assert event.raw["partitionkey"] == "unknown CloudEvents extension"
    assert event.body == body


@pytest.mark.parametrize("body", app_contracts().valid.values(), ids=app_contracts().valid)
def test_valid_examples_are_understood(body: str) -> None:
    assert hash(parse(body, OrderPlaced)) == hash(parse(body, OrderPlaced)) and parse(body, OrderPlaced) == parse(
        body, OrderPlaced
    )


@pytest.mark.parametrize(("name", "body"), app_contracts().invalid.items(), ids=app_contracts().invalid)
def test_invalid_examples_are_refused_with_one_line(name: str, body: str) -> None:
    error = refusal(body)
    assert str(error).startswith(REASONS[name]) and "\n" not in str(error)
    assert isinstance(error, PermanentError)
    assert isinstance(error, UnknownVersion) == (name in {"unknown_major_version", "another_type"})
    assert "Pat Example" not in all_text(error) and "pat.example" not in all_text(error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body is not JSON (line 1, column 1)"),
        ("\ufeff{}", "the body is not JSON (line 1, column 1)"),
        ("{}\n{}", "the body is not JSON (line 2, column 1)"),
        ("\n {]", "the body is not JSON (line 2, column 3)"),
        ("null", "the body is JSON but not an object"),
        ("{}", "not a CloudEvent"),
        ('{"specversion": "1.0", "type": ["order.placed.v1"]}', "not a CloudEvent"),
        ("[" * 100_000, "the body is nested too deeply"),
        ('{"a":' * 100_000, "the body is nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "the body holds a number that is too large"),
        ('{"a": 1e999}', "the body holds a number that is too large"),
        ('{"a": -Infinity}', "the body holds -Infinity, which is not JSON"),
        (json.dumps(contact(type="Pat Example")), "event.type must be order.placed.v1"),
        (json.dumps(contact(type="order.placed.v10")), "type order.placed.v10: this task understands"),
        (json.dumps(contact(time="2026-01-15T24:00:00Z")), "event.time must be a time that exists"),
    ],
)
def test_what_is_no_event_is_refused_with_one_line(body: str, reason: str) -> None:
    error = refusal(body)
    assert str(error).startswith(reason) and "\n" not in str(error)
    all_text(error)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-15t09:30:00z", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        ("2026-01-15T09:30:00.123456789-00:30", datetime(2026, 1, 15, 10, 0, 0, 123456, UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_every_rfc_3339_time_is_read_as_utc(text: str, time: datetime) -> None:
    assert parse(json.dumps(contact(time=text)), OrderPlaced).time == time


def test_space_around_an_event_is_no_part_of_it() -> None:
    body = f" \n{json.dumps(contact())}\r\n\t"
    assert order(body).raw == contact() and order(body).body == body


def test_a_whole_surrogate_pair_is_a_character() -> None:
    event = order(json.dumps(contact(data={"shop_id": "f", "order_id": "s", "items": {"a": "🎉"}})))
    assert event.items == {"a": "🎉"} and (event.customer.email, event.customer.name) == (None, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda each: st.lists(each),
    max_leaves=5,
)
places = st.sampled_from(["email", "name", "customer", "items", "answer", "question", "nested", "data", "extra"])


def with_canary(place: str, value: Any) -> dict[str, Any]:
    """A contact order with the canary, and a value of any type, in one of the places where personal data can be."""
    event = contact()
    holder = [CANARY, value]
    customer, data = event["data"]["customer"], event["data"]
    if place in {"email", "name"}:
        customer[place] = f"{CANARY}@example.com" if value is None else holder
    elif place in {"customer", "items"}:
        data[place] = holder
    elif place == "data":
        event["data"] = {CANARY: value}
    elif place == "question":
        data["items"][CANARY] = value
    else:
        {"answer": data["items"], "nested": data["items"], "extra": event}[place][place] = {CANARY: holder}
    return event


@settings(max_examples=examples(100))
@given(places, json_values, st.sampled_from(["", "id", "time", "type", "data"]))
def test_no_personal_data_in_any_error_or_repr(place: str, value: Any, missing: str) -> None:
    event = with_canary(place, value)
    event.pop(missing, None)
    try:
        shown = repr(parse(json.dumps(event), OrderPlaced))
    except ContractViolation as error:
        shown = all_text(error)
    assert CANARY not in shown


@settings(max_examples=examples(50))
@given(st.text(), st.text(), st.integers(min_value=0, max_value=500))
def test_no_piece_of_a_broken_body_in_any_error(before: str, after: str, end: int) -> None:
    whole = json.dumps(with_canary("answer", None), ensure_ascii=False)
    for body in (f"{before}{CANARY}{after}", whole[: -1 - end], f'{before}"{CANARY}\\x{after}', f"{whole}{after}x"):
        assert CANARY not in all_text(refusal(body))


def test_a_logged_refusal_shows_nothing_of_the_body(caplog: pytest.LogCaptureFixture) -> None:
    try:
        parse(f'{{"items": "{CANARY}"', OrderPlaced)
    except ContractViolation:
        logging.getLogger("test").exception("refused")
    assert "line 1, column" in caplog.text and CANARY not in caplog.text
