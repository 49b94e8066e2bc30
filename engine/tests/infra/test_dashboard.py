"""The dashboard: a row for each subscriber, nothing that overlaps, and only metrics that somebody really sends."""

import json
import re
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Synthesized

from fanout import names
from fanout.batching import BATCHING
from fanout.constructs.monitoring import Monitoring
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from fanout.costs.model import monthly
from fanout.costs.polling import Polled
from fanout.costs.rebatched import rebatched
from stacks import settings
from tests.infra.alarm_evaluator import evaluated
from tests.infra.dashboard_picture import PICTURE, picture
from tests.infra.reading import Synth, Template, of_type

MONTH = 2_592_000
"""Seconds, so events at one a second."""
NOT_ON_THE_DASHBOARD = (
    "alarms",
    "key requests",
    "logs kept",
    "hidden until the next attempt",
    "metrics of its own",
    "writes of records",
    "records kept",
    "records, to any point in time",
    "objects kept",
)
TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"


def widgets(template: Template) -> list[dict[str, Any]]:
    ((_, made),) = of_type(template, "AWS::CloudWatch::Dashboard").items()
    body = made["Properties"]["DashboardBody"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else next(iter(_names(part))) for part in body)
    return list(json.loads(text)["widgets"])


def _names(part: dict[str, Any]) -> list[str]:
    value = part.get("Ref") or part["Fn::GetAtt"]
    return [value if isinstance(value, str) else ".".join(value)]


def team(count: int, chosen: Settings) -> Template:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=chosen)
    for number in range(count):
        Subscriber(stack, f"Task{number}", topic=topic, task="archive_order")
    Monitoring(stack, "Watch", topic=topic)
    return dict(Synthesized.from_stack(stack).to_json())


def test_the_topic_is_on_top_and_each_subscriber_is_one_row(template: Template) -> None:
    rows: dict[int, list[dict[str, Any]]] = {}
    for each in widgets(template):
        rows.setdefault(each["y"], []).append(each)
    top, *others = [rows[y] for y in sorted(rows)]
    assert [each["type"] for each in top] == ["text", "alarm", "metric"]
    assert [each[0]["properties"]["markdown"].split("\n")[0] for each in others] == [
        "### archive_order",
        "### notify_partner",
        "### send_receipt",
    ]
    titles = [
        "in, done, failed",
        "dead letters",
        "oldest, s",
        "duration, ms",
        "at the same time",
        "$ a month now",
    ]
    for row in others:
        assert [each["properties"].get("title") for each in row[1:]] == titles
    for row in rows.values():
        assert sum(each["width"] for each in row) == 24
        assert len({each["height"] for each in row}) == 1


def test_a_subscribers_row_shows_its_own_metrics_only(synth: Synth) -> None:
    for each in widgets(synth["prod"])[3:]:
        if "metrics" in each["properties"]:
            texts = json.dumps(each["properties"]["metrics"])
            named = re.findall(r"SendReceipt|ArchiveOrder|NotifyPartner|[a-z]+_[a-z]+(?=\")", texts)
            assert len({each.lower().replace("_", "") for each in named}) == 1, named


def test_limits_are_lines_in_the_graphs(synth: Synth) -> None:
    limits = {
        each["properties"]["title"]: each["properties"]["annotations"]["horizontal"][0]["value"]
        for each in widgets(synth["prod"])
        if each["properties"].get("annotations")
    }
    assert limits == {"duration, ms": 30_000, "at the same time": 50}


def test_our_own_metrics_are_those_that_the_runtime_sends(synth: Synth) -> None:
    shown = [line for each in widgets(synth["prod"]) for line in each["properties"].get("metrics", [])]
    own = [line for line in shown if line[0] == names.NAMESPACE]
    assert {line[1] for line in own} == {"Done", "Failed", "Dead"}
    assert {tuple(line[2:-1:2]) for line in own} == {("stack", "task")}
    assert {line[3] for line in own} == {"OrderEvents-prod"}


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 3, 30])
def test_thirty_subscribers_fit_what_cloudwatch_takes(count: int) -> None:
    """500 widgets and 2500 metrics: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""
    found = widgets(team(count, settings.DEV))
    assert len(found) == 3 + 7 * count <= 500
    assert sum(len(each["properties"].get("metrics", [])) for each in found) <= 2_500
    assert len(next(each for each in found if each["type"] == "alarm")["properties"]["alarms"]) == 2 + 2 * count <= 100


def test_more_than_a_composite_alarm_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanout.constructs.monitoring.MOST_CHILDREN", 5)
    line = "settings dev: alarms is 'full' for 2 subscribers: expected at most 1 in one stack, or 'essential'"
    with pytest.raises(RuntimeError, match=line):
        team(2, replace(settings.DEV, alarms="full"))


@pytest.mark.parametrize("events", [0, 100_000, MONTH, 20 * MONTH])
def test_the_cost_of_a_row_is_what_fanout_cost_says_of_the_same_traffic(synth: Synth, events: int) -> None:
    """An hour's metrics as the model would have them, through the dashboard's own expression; without heartbeats."""
    bill = monthly(rebatched(synth["prod"], *BATCHING["latency"]), events_per_month=events)
    counts = {each.what: each.quantity / 720 for each in bill.of("notify_partner")}
    polled = Polled(batch_size=10, window=0, bound=50)
    attempts, calls = events * 1.01, counts.get("invocations", 0)
    known = {
        "sent": counts.get("sent by the topic"),
        "empty": polled.receives(attempts, bill.assumptions) / 720 - calls,
        "calls": calls or None,
        "ms": calls * 200 or None,
        "size": counts.get("logged", 0) * 1e9 or None,
    }
    (cost,) = [each for each in widgets(synth["prod"]) if _is_cost_of(each, "NotifyPartner")]
    expression = cost["properties"]["metrics"][0][0]["expression"]
    (dollars,) = evaluated(expression, {name: [value] for name, value in known.items()}, 3600)
    kept = sum(each.dollars for each in bill.of("notify_partner") if each.what in NOT_ON_THE_DASHBOARD)
    assert dollars == pytest.approx(
        bill.dollars("idle", "notify_partner") + bill.dollars("traffic", "notify_partner") - kept, rel=0.02
    )


def _is_cost_of(widget: dict[str, Any], subscriber: str) -> bool:
    return "$ a month" in str(widget["properties"].get("title")) and subscriber in json.dumps(widget)


def test_the_cost_is_a_formula_over_hidden_metrics_and_no_number_has_an_exponent(synth: Synth) -> None:
    for each in widgets(synth["prod"]):
        if "$ a month" not in str(each["properties"].get("title")):
            continue
        (formula,), *hidden = each["properties"]["metrics"]
        assert not re.search(r"\de-?\d", formula["expression"]) and len(formula["expression"]) < 1024
        assert {line[-1]["id"] for line in hidden} == {"sent", "empty", "calls", "ms", "size"}
        assert all(line[-1]["visible"] is False and line[-1]["period"] == 3600 for line in hidden)
        assert {line[0] for line in hidden} == {"AWS/SQS", "AWS/Lambda", "AWS/Logs"}


def test_a_dashboard_has_no_name_of_its_own(template: Template) -> None:
    ((_, made),) = of_type(template, "AWS::CloudWatch::Dashboard").items()
    assert "DashboardName" not in made["Properties"]


def test_the_picture_in_the_documents_is_of_this_dashboard() -> None:
    assert PICTURE.read_text() == picture(), "run `python -m tests.infra.dashboard_picture`"
