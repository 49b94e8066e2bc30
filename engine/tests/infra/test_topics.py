"""A stack may have several topics, and an account several products: no two of them want the same name."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from fanout.catalog.reading import topics
from fanout.checks.engine import check_template
from fanout.constructs import ConfigurationError, Heartbeat, Monitoring, OperatorPolicies, Settings, Subscriber, Topic
from fanout.constructs.attachments import Attachments
from fanout.costs.model import monthly
from fanout.template.template import Template
from tests.infra.conftest import cdk_context
from tests.infra.reading import of_type, statements

SETTINGS = Settings.production("prod", owner="orders team", alarm_recipients=("orders@example.com",))


def two_topics(
    folder: Path, ids: tuple[str, str] = ("OrderPlaced", "OrderPaid"), *, settings: Settings = SETTINGS
) -> dict[str, Any]:
    app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Orders")
    for id_ in ids:
        topic = Topic(stack, id_, settings=settings, main=id_ == "OrderPlaced")
        Subscriber(stack, f"Ship{id_}", topic=topic, task="archive_order")
        Heartbeat(stack, f"{id_}Heartbeat", topic=topic)
        Monitoring(stack, f"{id_}Watch", topic=topic) if id_ == "OrderPlaced" else None
    app.synth()
    template: dict[str, Any] = json.loads((folder / "Orders.template.json").read_text())
    return template


def test_the_main_topic_has_the_short_names_and_the_other_ones_begin_with_its_id(tmp_path: Path) -> None:
    outputs = two_topics(tmp_path)["Outputs"]
    names = {name for name in outputs if ("Topic" in name or "Publisher" in name) and name != "AlarmTopicArns"}
    assert names == {
        f"{id_}{name}" for id_ in ("", "OrderPaid") for name in ("TopicArn", "TopicArnParameter", "PublisherPolicyArn")
    }


def test_no_physical_name_stands_twice(tmp_path: Path) -> None:
    template = two_topics(tmp_path, settings=replace(SETTINGS, tracing="active"))
    parameters = [each["Properties"]["Name"] for each in of_type(template, "AWS::SSM::Parameter").values()]
    groups = [each["Properties"]["Name"] for each in of_type(template, "AWS::Scheduler::ScheduleGroup").values()]
    policies = [each["Properties"]["PolicyName"] for each in of_type(template, "AWS::XRay::ResourcePolicy").values()]
    assert sorted(parameters) == ["/fanout/prod/OrderPaid/topic-arn", "/fanout/prod/topic-arn"]
    assert sorted(groups) == sorted(policies) == ["fanout-prod", "fanout-prod-OrderPaid"]


def test_where_the_account_lets_topics_trace_no_stack_does(tmp_path: Path) -> None:
    template = two_topics(tmp_path, settings=replace(SETTINGS, tracing="active", tracing_policy="account"))
    assert not of_type(template, "AWS::XRay::ResourcePolicy")
    assert all(each["Properties"]["TracingConfig"] == "Active" for each in events_topics(template))


def events_topics(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for id_, each in of_type(template, "AWS::SNS::Topic").items() if not id_.startswith("AlarmTopic")]


def test_each_subscriber_waits_for_the_heartbeats_of_its_own_topic(tmp_path: Path) -> None:
    alarms = of_type(two_topics(tmp_path), "AWS::CloudWatch::Alarm")
    missed = {id_: json.dumps(each) for id_, each in alarms.items() if "HeartbeatMissed" in id_}
    assert ['"fanout-prod-OrderPaid"' in text for id_, text in sorted(missed.items())] == [True, False]


@pytest.mark.long
def test_the_order_of_two_topics_changes_nothing(tmp_path: Path) -> None:
    forth = two_topics(tmp_path / "forth")
    back = two_topics(tmp_path / "back", ("OrderPaid", "OrderPlaced"))
    assert json.dumps(forth, sort_keys=True) == json.dumps(back, sort_keys=True)


def test_the_key_of_the_queues_lets_both_topics_deliver(tmp_path: Path) -> None:
    template = two_topics(tmp_path)
    (key,) = [each for id_, each in of_type(template, "AWS::KMS::Key").items() if id_.startswith("QueueKey")]
    delivering = [each for each in statements(key) if "sns.amazonaws.com" in json.dumps(each["Principal"])]
    assert json.dumps(delivering).count("OrderPaidTopic") == json.dumps(delivering).count("OrderPlacedTopic") == 1


def test_our_checks_have_nothing_to_say(tmp_path: Path) -> None:
    assert [each for each in check_template(two_topics(tmp_path)) if each.severity == "error"] == []


def test_two_main_topics_are_one_line_that_says_what_to_do() -> None:
    stack = cdk.Stack(cdk.App(), "Orders")
    Topic(stack, "OrderPlaced", settings=SETTINGS)
    with pytest.raises(ConfigurationError) as raised:
        Topic(stack, "OrderPaid", settings=SETTINGS)
    assert str(raised.value) == (
        "topic OrderPaid: the outputs of topic OrderPlaced are TopicArn and so on: say main=False of this one or of that"
    )


@pytest.mark.parametrize("id_", ["Order Paid", "Orderé", "Orders/Paid"])
def test_a_further_topic_has_an_id_that_its_names_can_have(id_: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Topic(cdk.Stack(cdk.App(), "Orders"), id_, settings=SETTINGS, main=False)
    assert str(raised.value) == (
        f"topic {id_}: id is {id_!r}: expected letters, digits and . _ - alone, as its names have it"
    )
    Topic(cdk.Stack(cdk.App(), "Orders"), id_, settings=SETTINGS)


@pytest.mark.parametrize("watch", [Monitoring, OperatorPolicies])
def test_a_topic_that_is_named_twice_is_one_line(watch: type[Monitoring | OperatorPolicies]) -> None:
    stack = cdk.Stack(cdk.App(), "Orders")
    placed, paid = (Topic(stack, id_, settings=SETTINGS, main=id_ == "Placed") for id_ in ("Placed", "Paid"))
    for number, (also, which) in enumerate([([placed], "also[0]"), ([paid, paid], "also[1]"), (paid, "also")]):
        with pytest.raises(ConfigurationError, match=rf" {re.escape(which)} is .*: expected a"):
            watch(cdk.Stack(cdk.App(), f"Watch{number}"), "Watch", topic=placed, also=also)  # type: ignore[arg-type]


def test_what_a_stack_has_one_of_is_one_line_where_it_has_two() -> None:
    stack = cdk.Stack(cdk.App(), "Orders")
    topic = Topic(stack, "Placed", settings=SETTINGS)
    OperatorPolicies(stack, "Operator", topic=topic)
    Attachments(stack, "Files", settings=SETTINGS, keep_days=60)
    outputs = "the stack's outputs are those of {}: leave one of them out, or move it to a stack of its own"
    with pytest.raises(ConfigurationError, match=f"^operator policies Again: {outputs.format('Operator')}$"):
        OperatorPolicies(stack, "Again", topic=topic)
    with pytest.raises(ConfigurationError, match=f"^attachments More: {outputs.format('Files')}$"):
        Attachments(stack, "More", settings=SETTINGS, keep_days=60)


@pytest.mark.long
def test_two_products_of_an_account_share_no_physical_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(product: str) -> set[str]:
        folder = tmp_path / product
        (folder / "lambdas" / "archive_order").mkdir(parents=True)
        (folder / "lambdas" / "archive_order" / "handler.py").write_text("def handle(event, context): ...\n")
        (folder / "cdk.json").write_text(json.dumps({"context": {"fanout:product": product}}))
        monkeypatch.chdir(folder)
        app = cdk.App(outdir=str(folder / "out"), builtin_cloud_formation_validation=False)
        stack = cdk.Stack(app, f"{product}-prod")
        topic = Topic(stack, "Topic", settings=SETTINGS)
        Subscriber(stack, "Ship", topic=topic, task="archive_order")
        Heartbeat(stack, "Heartbeat", topic=topic)
        Monitoring(stack, "Watch", topic=topic)
        OperatorPolicies(stack, "Operator", topic=topic)
        app.synth()
        template = json.loads((folder / "out" / f"{product}-prod.template.json").read_text())
        inline = "AWS::IAM::Policy"  # whose names are their roles' own
        found = [each.get("Properties", {}) for each in template["Resources"].values() if each["Type"] != inline]
        keys = ("Name", "PolicyName", "AlarmName", "FunctionName", "QueueName", "TopicName", "TableName")
        return {str(each[key]) for each in found for key in keys if isinstance(each.get(key), str)}

    orders, bills = names("Orders"), names("Bills")
    assert len(orders) == len(bills) == 3 and not orders & bills


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two topics in one stack, with everything that a stack has."""
    folder: Path = tmp_path_factory.mktemp("watched")
    app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Orders-prod")
    orders = Topic(stack, "OrderPlaced", settings=SETTINGS)
    bills = Topic(stack, "Bills", settings=SETTINGS, main=False, fair_by="shop_id")
    for topic, id_ in ((orders, "Ship"), (bills, "File")):
        Subscriber(stack, id_, topic=topic, task="archive_order" if id_ == "Ship" else "notify_partner")
        Heartbeat(stack, f"{id_}Heartbeat", topic=topic)
    Monitoring(stack, "Watch", topic=orders, also=[bills])
    OperatorPolicies(stack, "Operator", topic=orders, also=[bills])
    app.synth()
    template: dict[str, Any] = json.loads((folder / "Orders-prod.template.json").read_text())
    return template


def topic_ids(template: dict[str, Any]) -> dict[str, str]:
    outputs = template["Outputs"]
    return {name: outputs[f"{name}TopicArn"]["Value"]["Ref"] for name in ("", "Bills")}


def test_one_monitoring_rings_for_both_topics(watched: dict[str, Any]) -> None:
    alarms = of_type(watched, "AWS::CloudWatch::Alarm")
    for kind in ("DeliveryFailed", "RedriveFailed", "HeartbeatSilent"):
        assert len([id_ for id_ in alarms if kind in id_]) == 2, kind
    rule = json.dumps(of_type(watched, "AWS::CloudWatch::CompositeAlarm"))
    for id_ in alarms:
        if "DeliveryFailed" in id_ or "RedriveFailed" in id_:
            assert f'"{id_}"' in rule
    body = json.dumps(of_type(watched, "AWS::CloudWatch::Dashboard"))
    assert len(of_type(watched, "AWS::CloudWatch::Dashboard")) == 1 and "Topic Bills" in body


def test_operators_look_at_both_topics_and_publish_to_both(watched: dict[str, Any]) -> None:
    policies = {
        id_: json.dumps(each) for id_, each in of_type(watched, "AWS::IAM::ManagedPolicy").items() if "Operator" in id_
    }
    (read,) = [text for id_, text in policies.items() if "ReadPolicy" in id_]
    (heal,) = [text for id_, text in policies.items() if "HealPolicy" in id_]
    for topic in topic_ids(watched).values():
        assert f'{{"Ref": "{topic}"}}' in read and f'{{"Ref": "{topic}"}}' in heal
    assert read.count("HeartbeatSchedule") == 2


def test_only_the_fair_topic_is_fair(watched: dict[str, Any]) -> None:
    assert "FairBy" not in watched["Outputs"] and watched["Outputs"]["BillsFairBy"]["Value"] == "shop_id"
    fair = [id_ for id_, each in of_type(watched, "AWS::SQS::Queue").items() if "fair_by" in json.dumps(each)]
    assert [id_.startswith("File") for id_ in fair] == [True]


def test_checks_bill_and_catalog_know_both(watched: dict[str, Any], tmp_path: Path) -> None:
    assert [each for each in check_template(watched) if each.severity == "error"] == []
    found = monthly(watched, events_per_month=1_000)
    assert set(found.subscribers) == {"archive_order", "notify_partner"} and found.unpriced == ()
    assert len([each for each in found.lines if each.what == "published"]) == 2
    template = Template(watched, name="Orders-prod")
    assert [(each.name, [one.name for one in each.subscribers]) for each in topics(template)] == [
        ("Bills", ["notify_partner"]), ("OrderPlaced", ["archive_order"]),
    ]  # fmt: skip
