"""Every body becomes an event or one line without personal data."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.contracts.app import heartbeat_example
from fanout.contracts.contract import Contracts
from fanout.runtime.errors import ContractViolation, PermanentError, UnknownVersion
from fanout.runtime.event import Event, Heartbeat, event_classes, parse
from tests.examples import examples
from tests.unit.contracts.given import APPS, FORMS, ORDERS, FormSubmitted, OrderPlaced, order, read

CANARY = "canary-7f3a"
REASONS = {
    "another_type": "type refund.made.v1: this task understands order.placed.v1",
    "bad_email_address": "event.data.customer.email must match pattern",
    "bad_id": "event.id must match pattern",
    "bad_order_id": "event.data.order_id must be string",
    "bad_shop_id": "event.data.shop_id must match pattern",
    "bad_time": "event.time must match pattern",
    "customer_not_an_object": "event.data.customer must be object",
    "empty_source": "event.source must be longer than or equal to 1 characters",
    "field_named_twice": "the body has an object that names a field twice",
    "half_a_surrogate_pair": "the body holds half a surrogate pair",
    "items_not_an_object": "event.data.items must be object",
    "missing_data": "event must contain ['data'] properties",
    "missing_id": "event must contain ['id'] properties",
    "missing_items": "event.data must contain ['items'] properties",
    "not_a_cloudevent": "not a CloudEvent: expected the fields specversion and type",
    "not_a_number": "the body holds NaN, which is not JSON",
    "not_an_object": "the body is JSON but not an object",
    "not_json": "the body is not JSON (line 18, column 18)",
    "not_json_content": "event.datacontenttype must be same as const definition: application/json",
    "sns_envelope": "an SNS envelope, not a CloudEvent: turn on the subscription's raw message delivery",
    "time_that_does_not_exist": "event.time must be a time that exists",
    "time_without_offset": "event.time must match pattern",
    "unknown_major_version": "type order.placed.v2: this task understands order.placed.v1",
    "wrong_specversion": "event.specversion must be same as const definition: 1.0",
}
AS_FORMS = {
    "refund.made": "order.created",
    "order.placed": "form.submitted",
    "order_id": "submission_id",
    "shop_id": "form_id",
    "customer": "submitter",
    "items": "answers",
}


def as_forms(text: str) -> str:
    for name, other in AS_FORMS.items():
        text = text.replace(name, other)
    return text


def refusal(body: str, event_class: type[Event] = OrderPlaced) -> ContractViolation:
    with pytest.raises(ContractViolation) as caught:
        parse(body, event_class)
    return caught.value


def all_text(error: BaseException) -> str:
    """What a log could show of an error: also what hangs behind it."""
    assert error.__cause__ is None and error.__context__ is None
    return f"{error!s}{error!r}{error.__dict__}{''.join(traceback.format_exception(error))}"


def test_an_event_gives_its_fields_typed() -> None:
    body = ORDERS.valid["unknown_fields"]
    event = read(body, OrderPlaced)
    assert (event.id, event.shop_id, event.order_id) == (
        "00000000-0000-4000-8000-000000000002",
        "event-registration",
        "event-registration-0001",
    )
    assert (event.group, event.reference, event.type) == (event.shop_id, event.order_id, "order.placed.v1")
    assert event.time == datetime(2026, 1, 15, 9, 45, 12, 250000, UTC) and event.time.tzinfo is UTC
    assert (event.customer.email, event.customer.name) == ("sam.sample@example.com", "Sam Sample")
    assert event.items["guests"][1] == {"name": "Guest Two", "meal": None}
    assert event.raw["partitionkey"] == "unknown CloudEvents extension"
    assert event.body == body


def test_the_schema_of_forms_works_with_roles_too() -> None:
    event = read(FORMS.valid["contact_form"], FormSubmitted)
    assert (event.group, event.reference) == (event.form_id, event.submission_id) == ("contact", "contact-0001")
    assert event.submitter.email == "pat.example@example.com" and event.answers["wants_reply"] is True


def test_repr_shows_ids_type_and_time_only() -> None:
    event = read(ORDERS.valid["two_articles"], OrderPlaced)
    ids = "id='00000000-0000-4000-8000-000000000001', group='contact', reference='contact-0001'"
    assert repr(event) == f"OrderPlaced({ids}, type='order.placed.v1', time='2026-01-15T09:30:00+00:00')"
    assert "example" not in repr(event.customer)


def test_an_event_cannot_be_changed() -> None:
    event = read(ORDERS.valid["two_articles"], OrderPlaced)
    for changed, name in ((event, "id"), (event, "items"), (event, "another"), (event.customer, "email")):
        with pytest.raises((AttributeError, TypeError)):
            setattr(changed, name, "x")


@pytest.mark.parametrize(("contracts", "event_class"), APPS)
def test_valid_examples_are_understood(contracts: Contracts, event_class: type[Event]) -> None:
    for body in contracts.valid.values():
        event, again = read(body, event_class), parse(body, event_class)
        assert event == again and hash(event) == hash(again) and isinstance(event, event_class)
    assert len({parse(body, event_class) for body in contracts.valid.values()}) == len(contracts.valid)


@pytest.mark.parametrize(("contracts", "event_class"), APPS)
def test_invalid_examples_are_refused_with_one_line(contracts: Contracts, event_class: type[Event]) -> None:
    reasons = (
        REASONS if event_class is OrderPlaced else {as_forms(key): as_forms(each) for key, each in REASONS.items()}
    )
    assert contracts.invalid.keys() == reasons.keys()
    for name, body in contracts.invalid.items():
        error = refusal(body, event_class)
        assert str(error).startswith(reasons[name]) and "\n" not in str(error)
        assert isinstance(error, PermanentError)
        assert isinstance(error, UnknownVersion) == (name in {"unknown_major_version", "another_type"})
        assert "Pat Example" not in all_text(error) and "pat.example" not in all_text(error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body is not JSON (line 1, column 1)"),
        ("\ufeff{}", "the body is not JSON (line 1, column 1)"),
        ("null", "the body is JSON but not an object"),
        ("{}", "not a CloudEvent"),
        ('{"specversion": "1.0", "type": ["order.placed.v1"]}', "not a CloudEvent"),
        ("[" * 100_000, "the body is nested too deeply"),
        ('{"a":' * 100_000, "the body is nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "the body holds a number that is too large"),
        ('{"a": 1e999}', "the body holds a number that is too large"),
        ('{"a": -Infinity}', "the body holds -Infinity, which is not JSON"),
        (json.dumps(order(type="Pat Example")), "event.type must be order.placed.v1"),
        (json.dumps(order(type="order.placed.v10")), "type order.placed.v10: this task understands"),
        (json.dumps(order(type="form.heartbeat.v2")), "type form.heartbeat.v2: this task understands order.placed.v1"),
        (json.dumps(order(time="2026-01-15T24:00:00Z")), "event.time must be a time that exists"),
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
    assert read(json.dumps(order(time=text)), OrderPlaced).time == time


def test_a_whole_surrogate_pair_is_a_character() -> None:
    event = read(json.dumps(order(data={"shop_id": "s", "order_id": "o", "items": {"a": "🎉"}})), OrderPlaced)
    assert event.items == {"a": "🎉"} and (event.customer.email, event.customer.name) == (None, None)


def test_a_task_may_read_several_types() -> None:
    assert isinstance(parse(ORDERS.valid["two_articles"], FormSubmitted, OrderPlaced), OrderPlaced)
    with pytest.raises(UnknownVersion, match="understands form.submitted.v1 or order.placed.v1"):
        parse(json.dumps(order(type="order.placed.v2")), FormSubmitted, OrderPlaced)


def test_a_tasks_types_are_the_annotation_of_its_first_parameter() -> None:
    def one(order: OrderPlaced) -> None: ...
    def two(event: "OrderPlaced | FormSubmitted", other: int = 0) -> None: ...

    assert event_classes(one) == (OrderPlaced,) and event_classes(two) == (OrderPlaced, FormSubmitted)


def test_a_task_without_a_type_is_refused_with_one_line() -> None:
    def bare(order): ...  # type: ignore[no-untyped-def]
    def several(orders: list[OrderPlaced]) -> None: ...
    def unknown(order: "NoWhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821
    def base(event: Event) -> None: ...

    for task in (bare, several, unknown, base, lambda: None, lambda order: None, len):
        with pytest.raises(TypeError, match="annotate its first parameter with the class of an event"):
            event_classes(task)


HEARTBEAT = json.loads(heartbeat_example())


def test_a_heartbeat_is_known_to_every_task() -> None:
    due = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    for type_ in ("fanout.heartbeat.v1", "form.heartbeat.v1"):  # the second is what version 0.1 published
        assert parse(json.dumps({**HEARTBEAT, "type": type_}), OrderPlaced) == Heartbeat("d32c5kddcf5bb8c3", due)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "a b"}, "event.id must match pattern ^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"),
        ({"id": 1}, "event.id must be string"),
        ({"source": ""}, "event.source must match pattern"),
        ({"time": "2026-01-15"}, "event.time must match pattern"),
        ({"time": "2026-13-15T09:30:00Z"}, "event.time must be a time that exists"),
        ({"data": []}, "event.data must be object"),
        ({"specversion": "2.0"}, "event.specversion must be same as const definition: 1.0"),
        ({"type": "fanout.heartbeat.v2"}, "type fanout.heartbeat.v2: this task understands order.placed.v1"),
    ],
)
def test_what_is_no_heartbeat_is_refused_with_one_line(changes: dict[str, Any], reason: str) -> None:
    assert str(refusal(json.dumps({**HEARTBEAT, **changes}))).startswith(reason)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda each: st.lists(each),
    max_leaves=5,
)
places = st.sampled_from(["email", "name", "customer", "items", "item", "article", "nested", "data", "extra"])


def with_canary(place: str, value: Any) -> dict[str, Any]:
    """An order with the canary, and a value of any type, in one of the places where personal data can be."""
    event = order()
    holder = [CANARY, value]
    customer, data = event["data"]["customer"], event["data"]
    if place in {"email", "name"}:
        customer[place] = f"{CANARY}@example.com" if value is None else holder
    elif place in {"customer", "items"}:
        data[place] = holder
    elif place == "data":
        event["data"] = {CANARY: value}
    elif place == "article":
        data["items"][CANARY] = value
    else:
        {"item": data["items"], "nested": data["items"], "extra": event}[place][place] = {CANARY: holder}
    return event


@settings(max_examples=examples(100))
@given(places, json_values, st.sampled_from(["", "id", "time", "type", "data"]))
def test_no_personal_data_in_any_error_or_repr(place: str, value: Any, missing: str) -> None:
    event = with_canary(place, value)
    event.pop(missing, None)
    try:
        found = read(json.dumps(event), OrderPlaced)
        shown = f"{found!r}{found.customer!r}"
    except ContractViolation as error:
        shown = all_text(error)
    assert CANARY not in shown


@settings(max_examples=examples(50))
@given(st.text(), st.text(), st.integers(min_value=0, max_value=500))
def test_no_piece_of_a_broken_body_in_any_error(before: str, after: str, end: int) -> None:
    whole = json.dumps(with_canary("item", None), ensure_ascii=False)
    for body in (f"{before}{CANARY}{after}", whole[: -1 - end], f'{before}"{CANARY}\\x{after}', f"{whole}{after}x"):
        assert CANARY not in all_text(refusal(body))


def test_a_logged_refusal_shows_nothing_of_the_body(caplog: pytest.LogCaptureFixture) -> None:
    try:
        parse(f'{{"items": "{CANARY}"', OrderPlaced)
    except ContractViolation:
        logging.getLogger("test").exception("refused")
    assert "line 1, column" in caplog.text and CANARY not in caplog.text
