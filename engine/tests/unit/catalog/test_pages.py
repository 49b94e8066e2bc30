"""A subscriber's page: the retry timeline, what rings, what a filter lets through, and what it says when it cannot see."""

from pathlib import Path
from typing import Any

import pytest

from fanout.catalog import alarms, retries
from fanout.catalog.markdown import clock, listed, span, table
from fanout.catalog.pages import page
from fanout.catalog.reading import subscribers, topics
from fanout.catalog.spending import Spending
from fanout.catalog.tasks import Task, task
from fanout.template.template import Template
from tests.unit.catalog.given import att, orders


def page_of(name: str, resources: dict[str, Any], what: str = "") -> str:
    template = Template({"Resources": resources}, name="Orders")
    (topic,) = topics(template)
    (found,) = [each for each in topic.subscribers if each.name == name]
    return page(template, topic, found, Task(what), Spending(template, [each.name for each in subscribers(template)]))


def with_variables(variables: dict[str, str]) -> dict[str, Any]:
    resources = orders()["Resources"]
    resources["BillFn"]["Properties"]["Environment"] = {"Variables": variables}
    return dict(resources)


def attempts_of(text: str) -> list[list[str]]:
    """The cells of the timeline's rows."""
    section = text.partition("## When it fails")[2].partition("##")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [row for row in rows if row[0].isdecimal()]


def test_the_timeline_is_what_the_function_was_told() -> None:
    variables = {"FANOUT_RETRY_DELAYS": "30,120,3600", "FANOUT_RETRY_JITTER": "0.5"}
    text = page_of("BillFn", with_variables(variables))
    assert attempts_of(text) == [
        ["1", "0:00", "", "0:00"],
        ["2", "0:30", "0:15 to 0:45", "1:00"],
        ["3", "2:30", "1:15 to 3:45", "2:00"],
        ["4", "1:02:30", "31:15 to 1:33:45", "3:00"],
    ]
    assert "After attempt 4 the event is a dead letter. It is kept until 14 days after" in " ".join(text.split())


@pytest.mark.parametrize("delays", ["", "30", "30,120,480,1920", "soon,later,never"])
def test_without_delays_that_fit_the_queues_own_time_out_decides(delays: str) -> None:
    text = page_of("BillFn", with_variables({"FANOUT_RETRY_DELAYS": delays}))
    assert attempts_of(text) == [["1", "0:00"], ["2", "1:00"], ["3", "2:00"], ["4", "3:00"]]


def test_a_queue_without_dead_letters_is_not_given_an_end() -> None:
    resources = orders()["Resources"]
    del resources["BillQueue"]["Properties"]["RedrivePolicy"]
    text = page_of("BillFn", resources)
    assert attempts_of(text) == [] and "there is no dead-letter queue" in text


def test_a_filter_is_shown_as_it_is_deployed() -> None:
    resources = orders()["Resources"]
    assert '"prefix": "F"' in page_of("ShipFn", resources)
    assert "Messages whose attributes match" in page_of("ShipFn", resources)
    assert "Every message of the topic." in page_of("BillFn", resources)
    resources["ShipSub"]["Properties"] |= {
        "FilterPolicyScope": "MessageBody",
        "FilterPolicy": {"to": [{"Ref": "Orders"}]},
    }
    assert "Messages whose body match" in page_of("ShipFn", resources)
    assert '"Orders"' in page_of("ShipFn", resources)


def test_an_alarm_says_when_it_rings_also_without_a_runbook() -> None:
    text = page_of("BillFn", orders()["Resources"])
    assert "| `BillIsLate` |  | maximum of `ApproximateAgeOfOldestMessage` > 2 h in 3 periods of 5 min |" in text
    assert "None." in page_of("ShipFn", orders()["Resources"])


def test_an_alarm_of_ours_brings_meaning_runbook_and_owner() -> None:
    resources = orders()["Resources"]
    lines = ["bill: it is late.", "$ fanout status", "Runbook: docs/operations.md#queue-age", "Owner: the bill team"]
    resources["BillIsLate"]["Properties"]["AlarmDescription"] = {"Fn::Join": ["\n", lines]}
    text = page_of("BillFn", resources)
    assert "| [queue-age](../../../docs/operations.md#queue-age) | it is late. |" in text
    assert "Owner: the bill team." in text


def test_an_alarm_over_several_metrics_says_what_it_computes() -> None:
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "BillFn"}}],
    }
    properties = {
        "Metrics": [
            {"Id": "share", "Expression": "errors / 2", "Label": "half of the errors"},
            {"Id": "errors", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
        ],
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1.5,
        "EvaluationPeriods": 4,
        "DatapointsToAlarm": 2,
    }
    resources = orders()["Resources"] | {"Half": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}
    assert "| half of the errors < 1.5 in 2 of 4 periods of 1 min |" in page_of("BillFn", resources)


def test_a_composite_of_unknown_numbers_is_not_guessed() -> None:
    resources = orders()["Resources"]
    resources["BillIsLate"]["Properties"]["Threshold"] = {"Fn::If": ["IsProd", 1, 2]}
    assert "a threshold that only the deployment knows" in page_of("BillFn", resources)
    resources["BillDlq"]["Properties"]["MessageRetentionPeriod"] = {"Ref": "Kept"}
    assert "| dead letters: keeps for | what the template does not show |" in page_of("BillFn", resources)


def test_costs_are_of_this_subscriber_at_three_volumes() -> None:
    resources = orders()["Resources"]
    for function in ("BillFn", "ShipFn"):
        name = function.removesuffix("Fn").lower()
        resources[function]["Properties"]["Tags"] = [{"Key": "fanout:task", "Value": name}]
    text = page_of("bill", resources)
    rows = [line.split("|") for line in text.partition("## Costs")[2].splitlines() if line.startswith("| ")][2:]
    assert [row[1].strip() for row in rows] == ["0", "100,000", "10,000,000"]
    idle, some, much = (float(row[2].replace(",", "")) for row in rows)
    assert 0 < idle < some < much


def test_a_subscriber_that_nothing_reads_has_no_bill() -> None:
    resources = orders()["Resources"]
    del resources["BillMap"]
    assert "## Costs" not in page_of("BillQueue", resources)


def test_a_task_speaks_for_itself(tmp_path: Path) -> None:
    folder = tmp_path / "lambdas"
    (folder / "bill").mkdir(parents=True)
    (folder / "bill" / "handler.py").write_text(
        '"""Writes a bill: once\nfor each order.\n\nMore.\n"""\nraise SystemExit\n'
    )
    found = task(folder, "bill")
    assert (found.what, found.phrase, found.file) == (
        "Writes a bill: once for each order.",
        "Writes a bill",
        "lambdas/bill/handler.py",
    )
    assert task(folder, "ship") == task(folder, "../bill") == Task()


def test_schedules_and_alarms_belong_to_their_own_subscriber() -> None:
    template = Template(orders())
    bill, ship = subscribers(template)
    assert [each.id for each in alarms.of_subscriber(template, bill)] == ["BillIsLate"]
    assert alarms.of_subscriber(template, ship) == []
    assert retries.schedule(ship) == retries.Schedule((60, 60, 60), 0, own=False)


@pytest.mark.parametrize(
    ("seconds", "said", "on_the_clock"),
    [
        (0, "0 s", "0:00"),
        (90, "90 s", "1:30"),
        (2550, "42.5 min", "42:30"),
        (3600, "1 h", "1:00:00"),
        (151_200, "42 h", "42:00:00"),
        (604_800, "7 days", "168:00:00"),
        (3_653 * 86_400, "3,653 days", "87672:00:00"),
    ],
)
def test_durations(seconds: float, said: str, on_the_clock: str) -> None:
    assert (span(seconds), clock(seconds)) == (said, on_the_clock)


def test_tables_hold_what_would_break_them() -> None:
    assert table(("a",), [("x|y\nz",)]) == "| a |\n| --- |\n| x\\|y z |\n"
    assert [listed(some) for some in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_the_dead_letter_queue_may_be_shared() -> None:
    resources = orders()["Resources"]
    resources["ShipQueue"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] = att("BillDlq")
    assert "After attempt 4 the event is a dead letter." in page_of("ShipFn", resources)
