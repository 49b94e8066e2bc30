"""A probe goes the whole way of an event, as it says of itself, and no task sees it."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from events import OrderPlaced
from fanout.runtime import attempt, circuit_breaker, dead_letters, decision, idempotency, metrics, probe, retry
from fanout.runtime.errors import ContractViolation, PermanentError, TransientError
from fanout.runtime.event import parse
from fanout.runtime.probe import Probe
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.dynamodb import Table
from tests.unit.lambdas.given import Context, example, handler, record

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


def body(do: str = "done", **changes: Any) -> str:
    data = {"task": None, "do": do, "until_attempt": 2, "seconds": 60, **changes}
    event = {"specversion": "1.0", "id": "fanout-probe-1", "source": "/verify", "type": "fanout.probe.v1"}
    return json.dumps({**event, "time": "2026-01-15T09:30:00Z", "data": data})


def read(text: str) -> Probe:
    found = parse(text, OrderPlaced, Probe)
    assert isinstance(found, Probe)
    return found


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("a probe reaches no task")


@pytest.fixture(autouse=True)
def at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + 1)
    monkeypatch.setattr(retry, "postpone", lambda failed, used=0.0: None)


def happens(do: str, attempt_: int = 1, **data: Any) -> type[BaseException] | None:
    try:
        read(body(do, **data)).happen(attempt_)
    except (TransientError, PermanentError) as error:
        return type(error)
    return None


@pytest.mark.parametrize(
    ("do", "changes", "attempt_", "raised"),
    [
        ("done", {}, 1, None),
        ("transient", {}, 1, TransientError),
        ("transient", {}, 2, None),
        ("transient", {"until_attempt": 3}, 2, TransientError),
        ("transient", {"task": "a_task"}, 1, TransientError),
        ("transient", {"task": "another"}, 1, None),
        ("permanent", {}, 1, PermanentError),
        ("permanent", {"seconds": 1}, 1, None),
        ("slow", {"task": "another"}, 1, None),
        ("crash", {"task": "another"}, 1, None),
    ],
)
def test_what_it_says_happens_there_and_then_alone(
    do: str, changes: dict[str, Any], attempt_: int, raised: type[BaseException] | None
) -> None:
    assert happens(do, attempt_, **changes) is raised


def test_a_time_that_lies_ahead_of_this_clock_bounds_it_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() - 61)
    assert happens("transient") is None


def test_a_crash_ends_the_process_of_the_task_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(probe, "_exit", ended.append)
    read(body("crash", task="a_task")).happen(1)
    read(body("crash", task="a_task")).happen(2)
    assert ended == [1]


def test_a_slow_one_ends_with_its_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decision.Decision[Any]()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        decided.close()
        slept.append(seconds)
        assert len(slept) < 3, "it does not end"

    monkeypatch.setattr(time, "sleep", sleep)
    before = decision.CURRENT.set(decided)
    try:
        with pytest.raises(decision.AttemptOver):
            read(body("slow")).happen(1)
    finally:
        decision.CURRENT.reset(before)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"do": "explode"}, "data.do must be one of done, transient, permanent, slow, crash"),
        ({"do": "crash"}, "data.task must name the task that is to crash"),
        ({"task": "Pat Example"}, "data.task must be a task's name, or null"),
        ({"task": ["a"]}, "data.task must be"),
        ({"until_attempt": "2"}, "data.until_attempt must be a whole number from 0 to 1000"),
        ({"until_attempt": True}, "data.until_attempt must be"),
        ({"seconds": 3601}, "data.seconds must be a whole number from 0 to 3600"),
    ],
)
def test_a_malformed_one_is_refused_and_nothing_of_it_is_told(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ContractViolation, match=f"^{reason}") as caught:
        read(body(**{"do": "done", **changes}))
    assert "Pat" not in str(caught.value)


def test_an_engine_of_another_name_may_publish_it() -> None:
    assert read(body().replace("fanout.probe.v1", "form.probe.v1")).do == "done"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    made = Table()
    monkeypatch.setattr(idempotency, "TABLE", "completed")
    monkeypatch.setattr(idempotency, "client", lambda service: made)
    return made


def run(text: str, received: int = 1) -> dict[str, Any]:
    return handler(never)({"Records": [record(text, received=received)]}, Context())


def metric_lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines() if '"_aws"' in line]


def test_it_goes_the_whole_way_of_an_event(
    table: Table, lines: Lines, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    buried: list[dict[str, Any]] = []

    def send(message: dict[str, Any], cause: dict[str, Any]) -> str:
        buried.append(cause)
        return "d-1"

    monkeypatch.setattr(dead_letters, "send", send)
    assert run(body("transient")) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert run(body("transient"), received=2) == run(body("transient"), received=3) == {"batchItemFailures": []}
    other = body("permanent").replace("fanout-probe-1", "fanout-probe-2")
    assert run(other) == {"batchItemFailures": []}
    told = [(each["outcome"], each["event_id"]) for each in lines() if "outcome" in each]
    one = "fanout-probe-1"
    assert told == [("failed", one), ("done", one), ("duplicate", one), ("dead", "fanout-probe-2")]
    assert buried[0]["error_type"] == "PermanentError"
    of_probes = metric_lines(capsys.readouterr().out)
    assert [each["Probe"] for each in of_probes] == [[1_000], [1_000]]
    assert [each["Duplicate"] for each in of_probes] == [1, 1]
    assert not {"Done", "Failed", "Dead", "Attempts", "Latency"} & {name for each in of_probes for name in each}


def test_beside_an_event_it_changes_no_number_of_its_task(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_MOST_GROUPS", 5)
    records = [record(json.dumps(example())), record(body(), "m-2"), record(body("transient"), "m-3")]
    handler(lambda order: None)({"Records": records}, Context())
    of_task, of_probes = metric_lines(capsys.readouterr().out)
    assert (of_task["Done"], of_task["Attempts"]) == (1, [1]) and "Failed" not in of_task
    assert set(of_probes) == {"_aws", "stack", "task", "Probe", "Duplicate"}


def test_it_opens_no_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    monkeypatch.setattr(circuit_breaker, "LIMIT", 1)
    monkeypatch.setenv("FANOUT_CIRCUIT_FAILURES", "1")
    monkeypatch.setattr(circuit_breaker, "_open", lambda queue, failures: opened.append(failures))
    run(body("transient"))
    assert opened == []


def test_its_log_line_names_it_where_its_time_was_over(lines: Lines) -> None:
    found = attempt.event_in(record(body()), (OrderPlaced,))
    assert isinstance(found, Probe) and found.id == "fanout-probe-1"
