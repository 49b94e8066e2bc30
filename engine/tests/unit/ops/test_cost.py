"""`fanout cost` as a person or a pipeline calls it."""

import json
from pathlib import Path

import pytest

from fanout.costs.assumptions import described
from tests.places import ENGINE, SNAPSHOTS
from tests.unit.fanout import Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.delenv("COLUMNS", raising=False)
    return Run(monkeypatch, capsys, "cost")


def test_every_environment_idle_first_and_then_three_volumes(run: Run) -> None:
    assert run("--assembly", SNAPSHOTS) == 0
    titles = [line for line in run.out.splitlines() if line.endswith(": dollars a month")]
    assert [title.split(":")[0] for title in titles] == [
        f"OrderEvents-{name}" for name in ("dev", "local", "prod", "staging")
    ]
    assert run.out.splitlines()[1].split()[0] == "idle"
    for volume in ("+ 10,000 events", "+ 100,000 events", "+ 1,000,000 events"):
        assert volume in run.out
    assert "send_receipt" in run.out and "the stack" in run.out


def test_a_table_adds_up(run: Run) -> None:
    assert run("--env", "prod", "--events-per-month", 50_000, "--assembly", SNAPSHOTS) == 0
    head = run.out.split("\n\n")[0].splitlines()[2:]
    rows = [[float(number.replace(",", "")) for number in line.split()[-2:]] for line in head]
    *owners, total = rows
    for column in (0, 1):
        assert sum(each[column] for each in owners) == pytest.approx(total[column], abs=0.03)


def test_what_is_assumed_and_what_is_not_verified_is_said(run: Run) -> None:
    run("--env", "dev", "--assembly", SNAPSHOTS, "--assume", "task_seconds=2")
    assert "task_seconds=2" in run.out
    assert "not verified: poll_seconds=20" in run.out
    assert "us-east-1" in run.out


def test_for_programs_it_is_json(run: Run) -> None:
    assert run("--env", "prod", "--events-per-month", 1000, "--json", "--assembly", SNAPSHOTS) == 0
    (bill,) = run.json()["stacks"]["OrderEvents-prod"]
    assert bill["events_per_month"] == 1000
    assert sum(each["dollars"] for each in bill["lines"]) == pytest.approx(bill["total"], abs=0.001)
    switched = {each["setting"]: each for each in run.json()["switches"]["OrderEvents-prod"]}
    assert (switched["tracing"]["now"], switched["tracing"]["instead"]) == ("pass-through", "active")
    assert switched["alarms"]["dollars"] < 0
    assert run.json()["assumptions"]["sends_billed"]["unverified"]
    assert {"source", "dated", "dollars"} <= set(run.json()["prices"]["list"][0])


def test_one_template_is_an_assembly_too(run: Run) -> None:
    assert run("--assembly", SNAPSHOTS / "OrderEvents-dev.json", "--events-per-month", 0) == 0
    assert "OrderEvents-dev" in run.out and "OrderEvents-prod" not in run.out


def test_more_is_dearer_and_slower_tasks_too(run: Run) -> None:
    def traffic(*arguments: object) -> float:
        run("--env", "dev", "--json", "--assembly", SNAPSHOTS, *arguments)
        return float(run.json()["stacks"]["OrderEvents-dev"][0]["traffic"])

    few, many = traffic("--events-per-month", 1000), traffic("--events-per-month", 100_000)
    assert few < many < traffic("--events-per-month", 100_000, "--assume", "task_seconds=5")


def test_favours_shows_that_cost_is_cheaper(run: Run) -> None:
    assert run("--env", "prod", "--favours", "--json", "--assembly", SNAPSHOTS) == 0
    words = run.json()["stacks"]["OrderEvents-prod"]
    assert words["cost"]["1/s"] < words["latency"]["1/s"]
    assert words["cost"]["idle"] == words["latency"]["idle"]
    assert run("--env", "prod", "--favours", "--assembly", SNAPSHOTS) == 0
    assert [line.split()[0] for line in run.out.splitlines()[1:5]] == ["batching", "latency", "cost", "cost,"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--events-per-month", -1), "error: --events-per-month -1: expected 0 or more"),
        (("--assembly", "nowhere"), "error: nowhere: there is no such file or folder: run `make synth`"),
        (("--assembly", SNAPSHOTS, "--env", "prd"), "has no stack OrderEvents-prd: expected one of OrderEvents-dev"),
        (("--assume", "no=1"), "error: --assume no=1: no: no such assumption"),
        (("--assume", "event_kb=big"), "error: --assume event_kb=big: expected NAME=NUMBER"),
        (("--assume", "failing=-2"), "error: --assume failing=-2: failing is -2: expected a positive number"),
        (("--events-per-month", "many"), "error: Invalid value for '--events-per-month'"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_2(run: Run, arguments: tuple[object, ...], line: str) -> None:
    assert run(*arguments) == 2
    assert line in run.err
    assert run.err.count("\n") == 1
    assert run.out == ""


def test_a_type_without_a_price_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"Resources": {"Database": {"Type": "AWS::RDS::DBInstance"}}}))
    assert run("--assembly", file) == 0
    assert "not priced: AWS::RDS::DBInstance" in run.out


def test_the_decisions_table_is_what_the_command_prints(run: Run) -> None:
    assert run("--env", "prod", "--favours", "--json", "--assembly", SNAPSHOTS) == 0
    words = run.json()["stacks"]["OrderEvents-prod"]
    decision = (ENGINE / "docs" / "adr" / "0028-batching-and-polling.md").read_text()
    for word, dollars in words.items():
        assert f"| {word} | {' | '.join(f'{each:.2f}' for each in dollars.values())} |" in decision
    run("--env", "prod", "--favours", "--json", "--assembly", SNAPSHOTS, "--assume", "received_alone=1")
    alone = run.json()["stacks"]["OrderEvents-prod"]["cost"]
    assert ", ".join(f"${alone[rate]:.2f}" for rate in ("1/s", "10/s", "100/s")) in " ".join(decision.split())


def test_the_document_has_every_assumption_as_it_is() -> None:
    document = (ENGINE / "docs" / "cost.md").read_text()
    for each in described():
        row = f"| `{each.name}` | {each.default:g} | {each.metadata['says']} | {each.metadata['unverified']} |"
        assert row in document


DOCUMENTED = [line for line in (ENGINE / "docs" / "cost.md").read_text().splitlines() if line.startswith("fanout cost")]


@pytest.mark.parametrize("line", DOCUMENTED)
def test_the_documents_commands_run(line: str, run: Run) -> None:
    assert run(*line.split()[2:], "--assembly", SNAPSHOTS) == 0
    assert run.out


def test_idle_is_paid_in_every_environment_for_every_subscriber(run: Run) -> None:
    run("--json", "--events-per-month", 0, "--assembly", SNAPSHOTS)
    for (bill,) in run.json()["stacks"].values():
        assert bill["traffic"] == 0
        assert all(each["idle"] > 0.2 for each in bill["subscribers"].values())
