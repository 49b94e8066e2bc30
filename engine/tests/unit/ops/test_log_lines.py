"""A line of a log is the runtime's or nobody's: whatever a task prints, no command of an operator ends of it."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from fanout.cli.views.logs import render as render_raw
from fanout.cli.views.tail import render
from fanout.ops.aws import line as lines
from fanout.ops.aws import starts
from fanout.ops.aws.line import Raw
from fanout.ops.aws.logs import OUTCOMES, Reading, history
from tests.examples import examples
from tests.unit.ops.aws.logs import Logs, outcome, received, report

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
OLD = {name: value for name, value in outcome().items() if name != "log"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def raw(value: Any, timestamp: int = 1_767_225_600_000) -> Raw:
    text = value if isinstance(value, str) else json.dumps(value)
    return Raw.from_event({"message": text, "timestamp": timestamp, "logStreamName": "s", "eventId": "1"})


def read_all(text: str, timestamp: int = 1_767_225_600_000) -> None:
    """As status, tail, where, dead list, dead show and redrive do."""
    found = raw(text, timestamp)
    written = io.StringIO()
    console = Console(file=written)
    line = lines.outcome(found)
    if line is not None:
        assert hash(line) and json.dumps(line.as_dict(), default=str)
        console.print(render("task", line))
    console.print(render_raw(found))
    assert written.getvalue().encode()
    lines.announced(found)
    lines.end_of(found)


def test_an_outcome_of_ours_is_read_whole() -> None:
    fields = {"event_id": "e1", "error_type": "E", "error": "why", "xray_trace_id": "1-2", "order_id": "o1"}
    line = lines.outcome(raw(outcome("failed", "m1", 3, timestamp="2026-01-02T03:04:05.678+00:00", **fields)))
    assert line is not None
    assert (line.kind, line.message_id, line.attempt, line.event_id) == ("failed", "m1", 3, "e1")
    assert (line.error_type, line.error, line.trace_id, line.duration_ms) == ("E", "why", "1-2", 1.5)
    assert line.at == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC) and line.ids.reference == "o1"


def test_text_that_cannot_be_written_is_mended() -> None:
    line = lines.outcome(
        raw(outcome("failed", error="\ud800", event_id="e\udfff", order_id="\ud800", xray_trace_id="\ud800"))
    )
    assert line is not None and all(isinstance(each, str) for each in (line.error, line.event_id, line.trace_id))
    assert f"{line.error}{line.event_id}{line.trace_id}{line.ids.reference}".encode() == b"?e???"


def test_a_line_of_an_engine_before_the_mark_is_ours_by_its_whole_shape() -> None:
    assert lines.outcome(raw(OLD)) is not None
    assert lines.outcome(raw({**OLD, "function_request_id": None})) is None
    assert lines.announced(raw({"message": "received", "messages": {"m1": 1}, "function_request_id": "r"}))


@pytest.mark.parametrize(
    "change",
    [
        {"log": "mine"}, {"log": None}, {"log": ["fanout"]},
        {"outcome": "sent"}, {"outcome": None}, {"outcome": ["done"]},
        {"message_id": 7}, {"message_id": ""}, {"message_id": "\ud800"}, {"message_id": "a b"}, {"message_id": "m" * 300},
        {"attempt": None}, {"attempt": "first"}, {"attempt": "1"}, {"attempt": [1]}, {"attempt": True}, {"attempt": -1},
        {"attempt": 1.0}, {"attempt": float("inf")}, {"attempt": 10**30},
        {"event_id": ["a"]}, {"error": {"Code": "x"}}, {"error_type": 5}, {"xray_trace_id": {}},
        {"duration_ms": "12 ms"}, {"duration_ms": True}, {"duration_ms": float("nan")}, {"duration_ms": 1e300},
        {"function_request_id": 1}, {"function_request_id": ""},
    ],
)  # fmt: skip
def test_what_is_of_another_type_is_not_ours(change: dict[str, Any]) -> None:
    assert lines.outcome(raw({**outcome(), **change})) is None
    read_all(json.dumps({**outcome(), **change}))


@pytest.mark.parametrize(
    "messages", [["a", "b"], None, "m1", {"m1": None}, {"m1": "x"}, {"m1": True}, {"": 1}, {"m1": 1, "m2": -1}]
)
def test_an_announcement_of_another_type_is_not_ours(messages: Any) -> None:
    assert lines.announced(raw({**received({}, "r"), "messages": messages})) == []


@pytest.mark.parametrize("record", ["gone", None, [], {}, {"requestId": 5}, {"requestId": ["r"], "status": "success"}])
def test_a_report_of_another_type_ends_nothing(record: Any) -> None:
    assert lines.end_of(raw({"type": "platform.report", "record": record})) is None
    assert lines.end_of(raw({"type": "platform.report", "record": {"requestId": "r", "status": 7}})) == ("r", "")


@pytest.mark.parametrize(
    "timestamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", "", 5, None, ["2026"]]
)
def test_a_time_that_is_none_is_cloudwatchs(timestamp: Any) -> None:
    line = lines.outcome(raw({**outcome(), "timestamp": timestamp}))
    assert line is not None and line.at == SINCE
    assert raw("x", 10**18).at.year == 1970


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"a":' * 150 + "1" + "}" * 150,
        '{"outcome":"done","message_id":"m","attempt":' + "9" * 5_000 + "}",
        '{"outcome": "done", "message_id": "\\ud800", "attempt": 1}',
        json.dumps({**outcome(), "error": "\ud800", "event_id": "\udfff", "order_id": "\ud800"}),
        '{"type":"platform.report"',
        "REPORT RequestId:",
        "\x00",
        "{}",
    ],
)
def test_text_of_any_kind_is_read(text: str) -> None:
    read_all(text)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.sampled_from([outcome("failed", error_type="E", error="e"), OLD, received({"m": 1}, "r"), report("r")]),
    st.data(),
)
def test_any_json_in_any_field_is_read(of: dict[str, Any], data: st.DataObject) -> None:
    field = data.draw(
        st.sampled_from([*of, "timestamp", "event_id", "order_id", "error_type", "xray_trace_id", "traceback"])
    )
    value: Any = {**of, field: data.draw(JSON)}
    read_all(json.dumps(value))
    logs = Logs(lambda: SINCE.timestamp())
    logs.write("g", value)
    aws: Any = type("Aws", (), {"logs": logs})()
    list(Reading(aws, "g", OUTCOMES, SINCE).outcomes())
    history(aws, "g", ["m", "m1"], SINCE)
    starts.start_failures(aws, "g", SINCE)
    starts.has_attempts(aws, "g", SINCE)


@settings(max_examples=examples(60), deadline=None)
@given(JSON, JSON)
def test_any_json_of_a_start_is_read(error_type: Any, rest: Any) -> None:
    logs = Logs(lambda: SINCE.timestamp())
    logs.write("g", {"errorType": "Runtime.ImportModuleError", "errorMessage": rest, "message": error_type})
    logs.write(
        "g",
        {"type": "platform.initReport", "record": rest},
        {"type": "platform.initReport", "record": {"status": rest}},
    )
    logs.write("g", {"type": "platform.initReport", "record": {"status": "error", "errorType": error_type}})
    aws: Any = type("Aws", (), {"logs": logs})()
    failures, completeness = starts.start_failures(aws, "g", SINCE)
    assert failures and completeness and all(isinstance(each, str) for _, *told in failures for each in told)
