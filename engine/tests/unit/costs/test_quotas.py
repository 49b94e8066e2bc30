"""Which quota ends first: each number from AWS's page and a pencil; and the page on speed says the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fanout.cli.main import main
from fanout.costs.assumptions import Assumptions
from fanout.costs.backlog import LONGEST
from fanout.costs.quotas import demands, most_at_once
from fanout.costs.subscribers import Called
from fanout.template.template import Resource, Template
from tests.places import ENGINE, SNAPSHOTS
from tests.unit.costs.test_model import one_subscriber, tagged

EVEN = Assumptions(failing=0)
PAGE = ENGINE / "docs" / "performance.md"


def many(count: int, *, fifo: bool = False, mails: bool = False) -> Template:
    """Subscribers of production: ten messages at a time, 50 functions at most, records of one table that names references."""
    resources: dict[str, Any] = {}
    for number in range(count):
        for name, each in json.loads(json.dumps(one_subscriber())).items():
            if name == "Topic":
                continue
            referred = r'("Ref": |"Fn::GetAtt": \[)"(Queue|Function|Role|Logs)"'
            text = re.sub(referred, rf'\1"\g<2>{number}"', json.dumps(each))
            resources[f"{name}{number}"] = json.loads(text.replace("bill_me", f"task_{number}"))
        variables = resources[f"Function{number}"]["Properties"]["Environment"]["Variables"]
        variables |= {"FANOUT_TASK": f"task_{number}", "FANOUT_COMPLETED_TABLE": {"Ref": "Table"}}
        resources[f"Function{number}"]["Properties"]["Tags"] = tagged(f"task_{number}")
        resources[f"Queue{number}"]["Properties"] |= {"FifoQueue": True} if fifo else {}
        allowed = ["dynamodb:UpdateItem", *(["ses:SendEmail"] if mails and not number else [])]
        statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
        resources[f"Role{number}"]["Properties"] = {
            "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}]
        }
    resources["Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {"FifoTopic": True} if fifo else {}}
    resources["Table"] = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {"GlobalSecondaryIndexes": [{"IndexName": "by-reference"}]},
    }
    return Template({"Resources": resources})


def ends(template: Template, assumed: Assumptions = EVEN) -> dict[str, float]:
    return {each.quota.name: each.ends_at for each in demands(template, assumed)}


def test_forty_tasks_of_production_end_where_arithmetic_says() -> None:
    """Writes: 40,000 / (40 x 2). In all: 1,000 / (40 x 0.2 s / 10). Own: 50 x 10 / 0.2 s."""
    assert ends(many(40, mails=True)) == pytest.approx(
        {
            "SES": 14,
            "writes to one table": 500,
            "Lambda in all": 1_250,
            "its functions": 2_500,
            "SNS publishes": 9_000,
        }
    )


def test_what_is_tried_again_counts_again() -> None:
    assert ends(many(40), Assumptions(failing=0.25))["Lambda in all"] == pytest.approx(1_000)


def test_order_is_one_event_of_a_group_at_a_time() -> None:
    found = ends(many(1, fifo=True))
    assert found["one group, if all are of it"] == pytest.approx(5) and found["SNS publishes, FIFO"] == 3_000


def reserving(functions: int) -> Template:
    body = many(1).body
    body["Resources"]["Function0"]["Properties"]["ReservedConcurrentExecutions"] = functions
    return Template(body)


def test_a_queue_is_worked_on_by_no_more_functions_than_its_function_reserves() -> None:
    """Two of ten messages, each of which takes 0.2 s; the mapping alone would let 50 run."""
    (own,) = [each for each in demands(reserving(2), EVEN) if each.quota.name == "its functions"]
    assert own.ends_at == pytest.approx(100) and "ReservedConcurrentExecutions" in own.quota.removes
    assert ends(reserving(80))["its functions"] == pytest.approx(2_500)


def test_a_function_that_reserves_nothing_ends_at_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "stopped.json"
    file.write_text(json.dumps(reserving(0).body))
    assert run("--rate", "5", "--json", assembly=file) == 1
    (stack,) = json.loads(capsys.readouterr().out).values()
    (own,) = [each for each in stack["quotas"] if each["quota"] == "its functions"]
    assert (own["ends_at"], own["most"]) == (0, 0) and "runs nothing" in own["removes"]
    assert stack["tasks"]["task_0"] == {"events_a_second": 0, "drained": None, "oldest": LONGEST}
    assert run("--rate", "5", assembly=file) == 1
    assert "runs nothing" in (said := capsys.readouterr().out) and "never" in said


@pytest.mark.parametrize(("reserved", "most"), [(None, 1_000), (3, 3), (0, 0)])
def test_a_function_that_its_topic_calls_runs_as_often_as_it_reserves(reserved: int | None, most: float) -> None:
    assert most_at_once(Called("called", function(reserved))) == most


def function(reserved: int | None) -> Resource:
    properties = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    return Template({"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}).resources["F"]


def test_every_demand_of_a_real_stack_has_an_end_and_the_first_comes_first() -> None:
    template = Template(json.loads((SNAPSHOTS / "OrderEvents-prod.json").read_text()))
    found = demands(template, Assumptions())
    assert {"SES", "its functions", "writes to one table", "SNS publishes", "Lambda in all"} == {
        each.quota.name for each in found
    }
    assert [each.ends_at for each in found] == sorted(each.ends_at for each in found)
    assert all(each.quota.source and each.quota.removes for each in found)


def test_the_page_on_speed_has_these_numbers() -> None:
    page = PAGE.read_text("utf-8")
    wanted = {f"| {name} | {number:,.0f} |" for name, number in ends(many(40, mails=True)).items()}
    assert len(wanted) == 5 and [each for each in wanted if each not in page] == []


def run(*arguments: str, assembly: Path = SNAPSHOTS / "OrderEvents-prod.json") -> int:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(SystemExit) as ended:
        patched.setattr("sys.argv", ["fanout", "cost", "--assembly", str(assembly), *arguments])
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_rate_that_all_quotas_bear_is_fine_and_one_that_none_does_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--rate", "10", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    (stack,) = told.values()
    assert {each["quota"] for each in stack["quotas"]} >= {"SES", "SNS publishes"} and stack["tasks"]
    assert run("--rate", "100000", "--burst", "0") == 1
    assert "ever longer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--rate", "0"), "--rate 0: expected events a second"),
        (("--rate", "nan"), "--rate nan: expected"),
        (("--rate", "5", "--burst", "-1"), "--burst -1: expected"),
        (("--rate", "5", "--burst", "inf"), "--burst inf: expected"),
    ],
)
def test_what_is_no_rate_is_one_line(arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert line in err and err.count("\n") == 1
