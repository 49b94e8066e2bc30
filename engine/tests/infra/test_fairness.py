"""`fair_by` of a topic: told to tools, heartbeats, dashboard and costs; without it nothing of this is in a template."""

import json
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Synthesized

from fanout.checks.engine import check_template
from fanout.constructs import ConfigurationError, Heartbeat, Monitoring, Subscriber, Topic
from fanout.costs.model import monthly
from stacks import settings
from tests.infra.reading import of_type
from tests.infra.test_dashboard import TOPIC_ARN, widgets

QUIET = ("ApproximateAgeOfOldestMessageInQuietGroups", "ApproximateNumberOfMessagesVisibleInQuietGroups")


def made(**arguments: Any) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Orders")
    topic = Topic(stack, "OrderPlaced", settings=settings.STAGING, **arguments)
    Subscriber(stack, "Archive", topic=topic, task="archive_order")
    Heartbeat(stack, "Heartbeat", topic=topic)
    Monitoring(stack, "Watch", topic=topic)
    return dict(Synthesized.from_stack(stack).to_json())


@pytest.fixture(scope="module")
def fair() -> dict[str, Any]:
    return made(fair_by="shop_id")


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return made()


def test_tools_hear_it_by_an_output_and_documents_by_the_queue(fair: dict[str, Any]) -> None:
    assert fair["Outputs"]["FairBy"]["Value"] == "shop_id"
    told = [each["Metadata"].get("fanout") for each in of_type(fair, "AWS::SQS::Queue").values() if "Metadata" in each]
    assert [each for each in told if each] == [{"fair_by": "shop_id"}]


def test_heartbeats_are_a_group_of_their_own(fair: dict[str, Any], plain: dict[str, Any]) -> None:
    def request(template: dict[str, Any]) -> str:
        ((_, schedule),) = of_type(template, "AWS::Scheduler::Schedule").items()
        return json.dumps(schedule["Properties"]["Target"]["Input"])

    assert r"\"MessageGroupId\":\"heartbeat\"" in request(fair).replace(r"\\\"", r"\"")
    assert "MessageGroupId" not in request(plain) and "DeduplicationId" not in request(fair)


def test_the_dashboard_shows_the_others_beside_the_flood(fair: dict[str, Any], plain: dict[str, Any]) -> None:
    told = json.dumps(widgets(fair))
    assert all(told.count(name) == 1 for name in (*QUIET, "ApproximateNumberOfNoisyGroups"))
    assert "Groups" not in json.dumps(widgets(plain))


def test_the_bill_has_what_fair_requests_cost(fair: dict[str, Any], plain: dict[str, Any]) -> None:
    def lines(template: dict[str, Any]) -> dict[str, float]:
        return {each.what: each.dollars for each in monthly(template, events_per_month=1_000_000).of("archive_order")}

    more = lines(fair)
    extra = more.pop("fair to other groups")
    assert more == lines(plain)
    requests = sum(more[each] for each in ("sent by the topic", "received", "deleted", "hidden until the next attempt"))
    assert extra == pytest.approx(requests / 4, rel=0.01)  # $0.10 beside $0.40


def test_nothing_else_changes_and_our_checks_have_nothing_to_say(fair: dict[str, Any], plain: dict[str, Any]) -> None:
    assert [each for each in check_template(fair) if each.severity == "error"] == []
    differ = {id_ for id_, each in fair["Resources"].items() if each != plain["Resources"][id_]}
    assert {fair["Resources"][id_]["Type"] for id_ in differ} == {
        "AWS::SQS::Queue", "AWS::Scheduler::Schedule", "AWS::CloudWatch::Dashboard",
    }  # fmt: skip


def test_another_team_says_it_of_the_topic_that_it_knows_by_its_arn() -> None:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=settings.STAGING, fair_by="shop_id")
    assert Subscriber(stack, "Archive", topic=topic, task="archive_order").fair_by == "shop_id"


@pytest.mark.parametrize("fair_by", ["shop", "items"])
def test_a_property_that_no_contract_has_is_one_line(fair_by: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Topic(cdk.Stack(cdk.App(), "Orders"), "OrderPlaced", settings=settings.STAGING, fair_by=fair_by)
    assert str(raised.value).startswith(f"topic OrderPlaced: fair_by is {fair_by!r}: expected ")
    assert "\n" not in str(raised.value)


def test_a_topic_that_keeps_order_takes_no_fair_by() -> None:
    ordered = replace(settings.STAGING, ordered=True)
    with pytest.raises(
        ConfigurationError, match="^topic OrderPlaced: fair_by is 'shop_id', and a FIFO topic keeps order"
    ):
        Topic(cdk.Stack(cdk.App(), "Orders"), "OrderPlaced", settings=ordered, fair_by="shop_id")


def test_a_topic_takes_larger_events_where_it_says_so(plain: dict[str, Any]) -> None:
    large = made(max_bytes=1_048_576)
    (topic,) = [each for id_, each in of_type(large, "AWS::SNS::Topic").items() if id_.startswith("OrderPlaced")]
    assert topic["Properties"]["MaximumMessageSize"] == 1_048_576 and large["Outputs"]["MaxBytes"]["Value"] == "1048576"
    assert (
        "MaximumMessageSize" not in json.dumps(of_type(plain, "AWS::SNS::Topic")) and "MaxBytes" not in plain["Outputs"]
    )
    assert [each for each in check_template(large) if each.severity == "error"] == []
    for wrong in (1_023, 1_048_577):
        with pytest.raises(ConfigurationError, match=f"^topic OrderPlaced: max_bytes is {wrong}: expected 1024 to"):
            made(max_bytes=wrong)
