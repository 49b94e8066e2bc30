"""What the publisher takes, every task reads; and a task refuses what the publisher refuses, but for formats and new rules."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import OrderPlaced
from fanout.contracts.app import app_contracts
from fanout.contracts.contract import value_at, with_value
from fanout.contracts.validator import problem_finder
from fanout.publisher import InvalidEvent, checked_event
from fanout.runtime.errors import ContractViolation
from fanout.runtime.event import parse
from tests.examples import examples

(CONTRACT,) = app_contracts()
PROBLEM = problem_finder(CONTRACT.schema)
PATHS = [
    *("id", "source", "type", "time", "data", "specversion", "subject", "dataschema", "traceparent", "datacontenttype"),
    *("data.shop_id", "data.order_id", "data.customer", "data.items", "data.customer.email", "data.customer.name"),
]
PUBLISHERS_ALONE = ("must be uri-reference", "must be email", "must be one line of")
"""What only an event that is new must keep: tasks refuse nothing that was published before."""

texts = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["", " ", "\u2028", "\ud800", "\uffff", "x" * 129, "-a", "a:b", "a@b.c", '"a"<b@c.de>', "a..b@c.de", "/a#b#c", "\\"]
)
times = st.from_regex(
    r"\A(1000|2026|2999)-(0[0-9]|1[0-3])-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.][0-9]{1,9})?"
    r"([Zz]|[+-][0-2][0-9]:?[0-6][0-9])\Z"
)
values = st.recursive(
    texts | times | st.none() | st.booleans() | st.integers() | st.floats(), lambda inner: st.lists(inner, max_size=2)
)
changes = st.lists(st.tuples(st.sampled_from(PATHS), values) | st.tuples(st.just("time"), times), max_size=3)


def changed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(app_contracts().valid["contact_form"])
    for path, value in pairs:
        parent = path.rpartition(".")[0]
        if not parent or isinstance(value_at(event, parent), dict):
            event = with_value(event, path, value)
    return event


def is_read(body: str) -> bool:
    try:
        parse(body, OrderPlaced)
    except ContractViolation:
        return False
    return True


@settings(deadline=None, max_examples=examples(400))
@given(changes)
def test_publisher_and_task_agree_on_any_event(pairs: list[tuple[str, Any]]) -> None:
    event = changed(pairs)
    try:
        body = checked_event(event).body
    except InvalidEvent as error:
        reason = str(error)
        is_unknown = "type" in dict(pairs)
        assert is_unknown or any(each in reason for each in PUBLISHERS_ALONE) or not is_read(json.dumps(event)), reason
    else:
        assert is_read(body)


@pytest.mark.parametrize(
    ("time", "exists"),
    [
        ("2016-12-31T23:59:60Z", True),
        ("2016-12-31T23:59:60.999Z", True),
        ("1990-12-31t15:59:60-08:00", True),
        ("2017-01-01T05:29:60+05:30", True),
        ("2026-01-15T09:30:60Z", False),
        ("2016-12-31T23:59:60-08:00", False),
        ("2026-01-15T09:60:00Z", False),
        ("2026-01-15T60:60:60Z", False),
        ("2026-01-15T09:30:61Z", False),
        ("2026-01-15T24:00:00Z", False),
        ("2026-01-15T09:30:00+01:60", False),
        ("2026-01-15T09:30:00+24:00", False),
        ("2026-01-15T09:30:00+23:59", True),
        ("2026-02-30T00:00:00Z", False),
        ("2026-01-15T09:30:00.123456789Z", True),
        ("1000-01-01T00:00:00+23:59", True),
    ],
)
def test_a_time_exists_for_both_or_for_none(time: str, exists: bool) -> None:
    event = changed([("time", time)])
    assert (PROBLEM(event) is None, is_read(json.dumps(event))) == (exists, exists)
