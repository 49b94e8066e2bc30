"""Numbers of a batch: valid embedded metrics, few dimensions, and no answer of an order."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from events import OrderPlaced
from fanout.runtime import dead_letters, metrics, retry
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.outcome import Kind, Outcome
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, example, handler, order, record

NOW = 1_800_000_000.0
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Emitted = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def emitted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Emitted:
    """The metric lines so far."""
    monkeypatch.setattr(metrics, "_groups", set())
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def outcome(kind: Kind, shop_id: str = "contact", *, received: int = 1, seconds_ago: float = 2) -> Outcome:
    event = example()
    event["data"]["shop_id"] = shop_id
    event["time"] = datetime.fromtimestamp(NOW - seconds_ago, UTC).isoformat()
    return Outcome(kind, record("{}", received=received), order(json.dumps(event)), None, 1.0)


def emit(outcomes: list[Outcome]) -> None:
    metrics.emit(outcomes, "shop_id")


def check(line: dict[str, Any]) -> None:
    """By the specification: every dimension and metric is a member, dimensions are text, values are numbers."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert isinstance(line["_aws"]["Timestamp"], int)
    for names in directive["Dimensions"]:
        assert 1 <= len(names) <= 30 and all(line[name] for name in names)
    assert len(directive["Metrics"]) <= 100
    for each in directive["Metrics"]:
        value = line[each["Name"]]
        numbers = value if isinstance(value, list) else [value]
        assert 1 <= len(numbers) <= 100 and all(isinstance(number, int) for number in numbers)


def test_one_line_says_what_became_of_a_batch(emitted: Emitted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setenv("FANOUT_STACK", "OrderEvents-prod")
    emit([outcome("done"), outcome("done", "order", received=3, seconds_ago=90), outcome("failed", received=2)])
    (line,) = emitted()
    check(line)
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Fanout"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stack", "task"]]
    assert {name: value for name, value in line.items() if name != "_aws"} == {
        "stack": "OrderEvents-prod",
        "task": "a_task",
        "Done": 2,
        "Failed": 1,
        "Attempts": [1, 3, 2],
        "Latency": [2_000, 90_000],
    }


def test_what_did_not_happen_is_not_sent(emitted: Emitted) -> None:
    emit([outcome("dead"), outcome("duplicate")])
    (line,) = emitted()
    assert not {"Done", "Failed", "Latency"} & set(line)
    assert (line["Dead"], line["Duplicate"]) == (1, 1)


def test_a_publishers_clock_that_is_ahead_makes_no_negative_latency(emitted: Emitted) -> None:
    emit([outcome("done", seconds_ago=-9e8)])
    assert emitted()[0]["Latency"] == [0]


def test_what_nothing_asks_for_is_a_field_and_no_metric(emitted: Emitted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_LEFT_OUT", metrics.DETAILS)
    emit([outcome("done"), outcome("failed")])
    (line,) = emitted()
    assert {each["Name"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}.isdisjoint(metrics.DETAILS)
    assert line["Attempts"] and line["Latency"] and line["Done"]


def test_forms_are_told_apart_up_to_a_number(emitted: Emitted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_MOST_GROUPS", 2)
    emit([outcome("done", "a"), outcome("done", "b"), outcome("done", "a")])
    emit([outcome("done", "c"), outcome("done", "b"), Outcome("dead", record("{"), None, PermanentError(), 1.0)])
    found = emitted()
    for line in found:
        check(line)
        assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stack", "task"], ["stack", "task", "shop_id"]]
    assert [(line["shop_id"], line.get("Done"), line.get("Dead")) for line in found] == [
        ("a", 2, None),
        ("b", 1, None),
        ("other", 1, 1),
        ("b", 1, None),
    ]


def test_a_large_batch_keeps_the_limit_of_a_line(emitted: Emitted) -> None:
    emit([outcome("done")] * 250)
    found = emitted()
    for line in found:
        check(line)
    assert [line["Done"] for line in found] == [100, 100, 50]


def test_a_handler_emits_once_and_nothing_of_an_answer(emitted: Emitted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "postpone", lambda failed: None)
    monkeypatch.setattr(dead_letters, "send", lambda record, cause: None)

    def task(order: OrderPlaced) -> None:
        raise TransientError(order.body)

    event = example()
    event["data"]["items"] = {"secret": "canary-4711"}
    event["data"]["customer"] = {"email": "canary@example.com"}
    handle = handler(task)
    handle({"Records": [record(json.dumps(event)), record("{canary-4711")]}, Context())
    (line,) = emitted()
    check(line)
    assert (line["Failed"], line["Dead"]) == (1, 1)
    assert "canary" not in json.dumps(line)


@pytest.mark.parametrize(
    ("traceparent", "fields"),
    [
        (TRACE, {"traceparent": TRACE, "trace_id": "0af7651916cd43dd8448eb211c80319c"}),
        ("Pat's address", {}),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", {}),
        (TRACE + "\n", {}),
        (None, {}),
    ],
)
def test_the_publishers_trace_is_in_the_log_line(traceparent: str | None, fields: dict[str, str], lines: Lines) -> None:
    event = example()
    event.pop("traceparent", None)
    if traceparent is not None:
        event["traceparent"] = traceparent
    Outcome("done", record("{}"), order(json.dumps(event)), None, 1.0).log("request-1")
    (line,) = lines()
    assert {name: line[name] for name in ("traceparent", "trace_id") if name in line} == fields
