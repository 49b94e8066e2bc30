"""`emits`: rights, variables and file of a task that makes further events, and the circles that a template may hold."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Synthesized

from fanout.checks.engine import check_template
from fanout.constructs import ConfigurationError, Heartbeat, Subscriber, Topic
from fanout.packaging.zip_contents import zip_files
from stacks import settings
from tests.infra.reading import actions, of_type, statements
from tests.unit.contracts.given import ORDERS, put

HANDLER = """
from events import {0}
from fanout.runtime import {1}handler_of


def work(event: {0}) -> None: ...


handle = handler_of(work)
"""
TASKS = {"make_bill": ("OrderPlaced", "emit, "), "take_bill": ("BillMade", ""), "file": ("OrderPlaced", "")}


@pytest.fixture
def app_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cdk.json").write_text("{}")
    (tmp_path / "contracts").mkdir()
    order = ORDERS["order.placed.v1"].schema
    bill = json.loads(json.dumps(order).replace("order.placed.v1", "bill.made.v1"))
    put(tmp_path / "contracts", order, bill)
    for task, (event, emit) in TASKS.items():
        folder = tmp_path / "lambdas" / task
        folder.mkdir(parents=True)
        (folder / "handler.py").write_text(HANDLER.format(event, emit))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(*, back: bool = False, two: bool = False, **arguments: Any) -> dict[str, Any]:
    """Orders and bills, on one topic or on two; `back`: who takes a bill makes an order of it."""
    stack = cdk.Stack(cdk.App(), "Orders", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    orders = Topic(stack, "OrderPlaced", settings=settings.PROD, types=["order.placed.v1"] if two else None)
    bills = Topic(stack, "Bills", settings=settings.PROD, main=False, types=["bill.made.v1"]) if two else orders
    emits = arguments.pop("emits", {"bill.made.v1": bills})
    Subscriber(stack, "MakeBill", topic=orders, task="make_bill", emits=emits, **arguments)
    Subscriber(stack, "TakeBill", topic=bills, task="take_bill", emits={"order.placed.v1": orders} if back else None)
    for topic in dict.fromkeys((orders, bills)):
        Heartbeat(stack, f"{topic.node.id}Heartbeat", topic=topic)
    return dict(Synthesized.from_stack(stack).to_json())


def function(template: dict[str, Any], id_: str) -> dict[str, Any]:
    (found,) = [each for name, each in of_type(template, "AWS::Lambda::Function").items() if name.startswith(id_)]
    return dict(found["Properties"])


def rules(template: dict[str, Any]) -> set[str]:
    return {each.rule for each in check_template(template) if each.severity == "error"}


@pytest.mark.long
@pytest.mark.parametrize("two", [False, True])
def test_a_task_that_emits_may_publish_there_and_knows_where(app_root: Path, two: bool) -> None:
    template = made(two=two)
    variables = function(template, "MakeBill")["Environment"]["Variables"]
    topic = template["Outputs"]["BillsTopicArn" if two else "TopicArn"]["Value"]
    assert variables["FANOUT_EMITS_BILL_MADE_V1"] == topic
    assert json.loads(variables["FANOUT_EMITTED_BILL_MADE_V1"]) == {
        "type": "bill.made.v1",
        "attributes": {"type": "type", "shop_id": "data.shop_id"},
    }
    policies = [each for id_, each in of_type(template, "AWS::IAM::Policy").items() if id_.startswith("MakeBillRole")]
    granted = [each for policy in policies for each in statements(policy) if "sns:Publish" in actions(each)]
    assert [each["Resource"] for each in granted] == [topic]
    keys = [each for policy in policies for each in statements(policy) if "kms:GenerateDataKey*" in actions(each)]
    assert keys, "the topic's key"
    assert not [name for name in function(template, "TakeBill")["Environment"]["Variables"] if "EMIT" in name]
    assert rules(template) == set()


def test_only_a_task_that_emits_has_the_file(app_root: Path) -> None:
    names = {task: {name for _, name in zip_files(app_root, task)} for task in TASKS}
    assert [task for task in TASKS if "fanout/runtime/emitting.py" in names[task]] == ["make_bill"]


@pytest.mark.long
def test_a_circle_over_two_tasks_is_a_finding_wherever_their_topics_are(app_root: Path) -> None:
    for two in (False, True):
        template = made(back=True, two=two)
        assert rules(template) == {"events-in-a-circle"}
        (finding,) = [each for each in check_template(template) if each.rule == "events-in-a-circle"]
        assert "bill.made.v1" in finding.message and "order.placed.v1" in finding.message


@pytest.mark.long
def test_a_task_that_makes_what_it_takes_is_a_finding(app_root: Path) -> None:
    def own(type_: str) -> set[str]:
        stack = cdk.Stack(cdk.App(), "Orders")
        orders = Topic(stack, "OrderPlaced", settings=settings.DEV)
        Subscriber(stack, "MakeBill", topic=orders, task="make_bill", emits={type_: orders})
        Subscriber(stack, "TakeBill", topic=orders, task="take_bill")
        return rules(dict(Synthesized.from_stack(stack).to_json()))

    assert own("order.placed.v1") == {"function-feeds-itself"}
    assert own("bill.made.v1") == set()


@pytest.mark.parametrize(
    ("emits", "line"),
    [
        (
            {"bill.lost.v1": "orders"},
            "subscriber MakeBill: emits has bill.lost.v1, which has no schema in contracts/: it has bill.made.v1, order.placed.v1",
        ),
        (
            {"order.placed.v1": "bills"},
            "subscriber MakeBill: emits has order.placed.v1, and its topic carries bill.made.v1: add it to the types of the"
            " topic, or name another",
        ),
        (
            {"bill.made.v1": "sns"},
            "subscriber MakeBill: emits['bill.made.v1'] is a Topic: give a fanout Topic, or Topic.from_arn(...)",
        ),
        (
            {"bill.made.v1": "far"},
            "subscriber MakeBill: emits: the topic is in us-east-1 and this stack in eu-west-1: name a topic in eu-west-1, to"
            " which subscribers in us-east-1 may listen",
        ),
    ],
)
def test_what_cannot_be_emitted_is_one_line(app_root: Path, emits: dict[str, str], line: str) -> None:
    stack = cdk.Stack(cdk.App(), "Orders", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    orders = Topic(stack, "OrderPlaced", settings=settings.PROD)
    there: dict[str, Any] = {
        "orders": orders,
        "bills": Topic(stack, "Bills", settings=settings.PROD, main=False, types=["bill.made.v1"]),
        "sns": orders.topic,
        "far": Topic.from_arn(stack, "Far", "arn:aws:sns:us-east-1:123456789012:Bills", settings=settings.PROD),
    }
    with pytest.raises(ConfigurationError) as raised:
        Subscriber(
            stack, "MakeBill", topic=orders, task="make_bill", emits={type_: there[at] for type_, at in emits.items()}
        )
    assert str(raised.value) == line
