"""The picture's source: lanes for few subscribers, a list for many, and nothing that Mermaid would take for its own."""

import re
from typing import Any

import pytest

from fanout.catalog.reading import subscribers, topics
from fanout.catalog.tasks import Task
from fanout.catalog.topology import MOST_LANES, flowchart
from fanout.template.template import Template
from tests.unit.catalog.given import many, orders


def drawn(body: dict[str, Any], what: str = "") -> str:
    template = Template(body)
    return flowchart(topics(template), {each.name: Task(what) for each in subscribers(template)})


def test_each_subscriber_has_a_lane() -> None:
    picture = drawn(orders(), "Writes a bill: once.")
    assert 'publisher["publishing service"] -- publish --> topic1(["topic Orders"])' in picture
    assert 'subgraph BillFn_lane["BillFn"]' in picture
    assert 'BillFn_queue[["queue"]] --> BillFn_task("Writes a bill")' in picture
    assert 'BillFn_queue -. "after 4 attempts" .-> BillDlq[["dead letters"]]' in picture


def test_a_filter_is_said_on_the_way_to_its_queue() -> None:
    picture = drawn(orders())
    assert 'topic1 -- "only some country" --> ShipFn_queue' in picture
    assert "topic1 --> BillFn_queue" in picture


def test_only_dead_letters_that_somebody_watches_lead_to_the_alarm() -> None:
    assert re.findall(r"^ +(.*) -.-> alarm", drawn(orders()), re.MULTILINE) == ["BillDlq"]
    resources = orders()["Resources"]
    del resources["BillIsLate"]
    assert "alarm" not in drawn({"Resources": resources})


def test_thirty_subscribers_are_a_list_with_one_arrow_in_and_one_out() -> None:
    picture = drawn(many(30))
    assert "<br/>".join(f"Task{number:02}Fn" for number in range(30)) in picture
    assert len(picture.splitlines()) == 6  # two fences, the header, and three arrows
    assert picture.count('-. "dead letters of each" .->') == 1


def test_lanes_end_where_they_would_be_too_many() -> None:
    assert drawn(many(MOST_LANES)).count("subgraph") == MOST_LANES
    assert drawn(many(MOST_LANES + 1)).count("subgraph") == 0


@pytest.mark.parametrize(
    ("expression", "when"), [("rate(5 minutes)", "every 5 minutes"), ("cron(0 8 * * ? *)", "by the clock")]
)
def test_what_a_schedule_publishes_is_in_the_picture(expression: str, when: str) -> None:
    resources = orders()["Resources"]
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sns:publish", "Input": {"Fn::Sub": '{"TopicArn":"${Orders}"}'}}
    properties = {"ScheduleExpression": expression, "Target": target}
    resources["Beat"] = {"Type": "AWS::Scheduler::Schedule", "Properties": properties}
    resources["Other"] = {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": expression}}
    picture = drawn({"Resources": resources})
    assert f'Beat["schedule"] -- "{when}" --> topic1' in picture
    assert picture.count('["schedule"]') == 1


def test_a_fifo_topic_says_so() -> None:
    resources = orders()["Resources"]
    resources["Orders"]["Properties"] = {"FifoTopic": True}
    assert 'topic1(["FIFO topic Orders"])' in drawn({"Resources": resources})


@pytest.mark.parametrize("name", ["end", 'say "hi"', "a & b", "<b>bold</b>", "x]; click y", "überweisung"])
def test_no_name_breaks_out_of_its_label(name: str) -> None:
    resources = orders()["Resources"]
    resources["BillFn"]["Properties"]["Tags"] = [{"Key": "fanout:task", "Value": name}]
    for line in drawn({"Resources": resources}).splitlines():
        outside = re.sub(r'"[^"]*"', "", line)
        assert re.fullmatch(r"[\w\s\[\](){}.<>=&|`-]*", outside, re.ASCII), line
        assert "<b>" not in line and '""' not in line
