"""A heartbeat is acknowledged and measured; it calls nothing, records nothing, and counts as nothing else."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from events import OrderPlaced
from fanout.contracts.app import heartbeat_example
from fanout.runtime import attempt, circuit_breaker, dead_letters, idempotency, metrics, retry, threads
from fanout.runtime.errors import ContractViolation, TransientError
from fanout.runtime.event import Heartbeat, parse
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, example, handler, heartbeat, record

DUE = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("a heartbeat has no effect")


@pytest.fixture
def nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way out of the runtime, shut."""
    monkeypatch.setattr(idempotency, "TABLE", "completed")
    for module in (idempotency, dead_letters, retry, circuit_breaker):
        monkeypatch.setattr(module, "client", never)


def metric_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def test_its_example_is_understood() -> None:
    assert parse(heartbeat_example(), OrderPlaced) == Heartbeat("d32c5kddcf5bb8c3", DUE)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "Pat Example"}, "event.id must match pattern"),
        ({"time": "soon"}, "event.time must match pattern"),
        ({"time": "2026-02-30T00:00:00Z"}, "event.time must be a time that exists"),
        ({"specversion": "2.0"}, "event.specversion must be same as const definition: 1.0"),
        ({"source": ""}, "event.source must match pattern"),
        ({"data": "canary"}, "event.data must be object"),
        ({"type": "fanout.heartbeat.v2"}, "type fanout.heartbeat.v2: this task understands order.placed.v1"),
    ],
)
def test_a_malformed_one_is_refused_like_any_event(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ContractViolation, match=f"^{reason}") as caught:
        parse(heartbeat(**changes), OrderPlaced)
    assert "canary" not in str(caught.value) and "Pat" not in str(caught.value)


def test_it_is_acknowledged_and_nothing_else_happens(
    nothing_is_called: None, lines: Lines, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: DUE.timestamp() + 1.5)
    monkeypatch.setattr(metrics, "_MOST_GROUPS", 5)
    assert handler(never)({"Records": [record(heartbeat())]}, Context()) == {"batchItemFailures": []}
    (metric,) = metric_lines(capsys)
    assert metric.pop("_aws")["CloudWatchMetrics"] == [
        {
            "Namespace": "Fanout",
            "Dimensions": [["stack", "task"]],
            "Metrics": [{"Name": "Heartbeat", "Unit": "Milliseconds"}],
        }
    ]
    assert metric == {"stack": "unknown", "task": "a_task", "Heartbeat": [1_500]}
    _, line = lines()
    assert (line["level"], line["outcome"], line["event_id"]) == ("INFO", "heartbeat", "d32c5kddcf5bb8c3")
    assert not {"shop_id", "order_id", "error"} & set(line)


def test_between_events_it_changes_no_number_of_theirs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "postpone", lambda failed: None)
    order = record(json.dumps(example()))
    handler(lambda order: None)({"Records": [order, record(heartbeat(), "m-2", received=4)]}, Context())
    of_forms, of_heartbeats = metric_lines(capsys)
    assert (of_forms["Done"], of_forms["Attempts"], len(of_forms["Latency"])) == (1, [1], 1)
    assert "Heartbeat" not in of_forms
    assert set(of_heartbeats) == {"_aws", "stack", "task", "Heartbeat"}


def test_one_that_was_not_reached_in_time_comes_back_and_is_no_acknowledgement(
    capsys: pytest.CaptureFixture[str], lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "postpone", lambda failed, used: None)
    monkeypatch.setattr(threads, "CONCURRENCY", 0)  # every thread is busy with something else
    answer = handler(never)({"Records": [record(heartbeat())]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert metric_lines(capsys) == []
    assert lines()[-1]["event_id"] == "d32c5kddcf5bb8c3"


def test_in_a_fifo_queue_it_waits_for_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "postpone", lambda failed: None)

    def task(order: OrderPlaced) -> None:
        raise TransientError("later")

    records = [record(json.dumps(example()), "m-1"), record(json.dumps(example()), "m-2"), record(heartbeat(), "m-3")]
    for each, group in zip(records, ("contact", "contact", "heartbeat"), strict=True):
        each["eventSourceARN"] += ".fifo"
        each["attributes"]["MessageGroupId"] = group
    answer = handler(task)({"Records": records}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]}


def test_it_neither_opens_a_circuit_nor_keeps_one_closed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    monkeypatch.setattr(retry, "postpone", lambda failed: None)
    monkeypatch.setattr(circuit_breaker, "LIMIT", 3)
    monkeypatch.setenv("FANOUT_CIRCUIT_FAILURES", "3")
    monkeypatch.setattr(circuit_breaker, "_in_a_row", 0)
    monkeypatch.setattr(circuit_breaker, "_open", lambda queue, failures: opened.append(failures))

    def task(order: OrderPlaced) -> None:
        raise TransientError("the webhook answered 503")

    handle, failing = handler(task), record(json.dumps(example()))
    for each in (failing, record(heartbeat()), failing, record(heartbeat()), record(heartbeat())):
        handle({"Records": [each]}, Context())
    assert opened == []
    handle({"Records": [failing]}, Context())
    assert opened == [3]


def test_it_needs_no_table_and_no_time(nothing_is_called: None) -> None:
    outcome = attempt.Attempt(never, (OrderPlaced,), "request-1", deadline=0.0).at(record(heartbeat()))
    assert (outcome.kind, outcome.failed, outcome.of_engine) == ("heartbeat", False, True)
