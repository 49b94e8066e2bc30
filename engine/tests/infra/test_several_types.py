"""Where the app has a second type of event, each task gets those it takes, and heartbeats; and nobody publishes unheard."""

import json
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from fanout.constructs.delivery import Delivery
from fanout.constructs.errors import ConfigurationError, one_line_errors
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.unit.contracts.given import FORMS, ORDERS, put

HANDLER = """
from events import {0}
from fanout.runtime import handler_of


def sync_crm(event: {0}) -> None: ...


handle = handler_of(sync_crm)
"""


@pytest.fixture
def app_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An app with two types and one task."""
    (tmp_path / "cdk.json").write_text("{}")
    (tmp_path / "contracts").mkdir()
    put(tmp_path / "contracts", ORDERS["order.placed.v1"].schema, FORMS["form.submitted.v1"].schema)
    (tmp_path / "lambdas" / "sync_crm").mkdir(parents=True)
    (tmp_path / "lambdas" / "sync_crm" / "handler.py").write_text(HANDLER.format("OrderPlaced"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def policy(which: Settings, **arguments: Any) -> Any:
    for number, _ in enumerate(Path("contracts").iterdir()):
        explain(Path.cwd(), number)
    stack = cdk.Stack(cdk.App(), "Stack")
    topic = Topic(stack, "Topic", settings=which)
    Subscriber(stack, "Sync", topic=topic, task="sync_crm", **arguments)
    Heartbeat(stack, "Heartbeat", topic=topic)
    every = Template.from_stack(stack).find_resources("AWS::SNS::Subscription").values()
    (found,) = [each for each in every if each["Properties"]["Protocol"] == "sqs"]
    return found["Properties"].get("FilterPolicy")


def test_a_subscription_filters_to_the_type_its_task_takes(app_root: Path) -> None:
    taken = {"type": ["order.placed.v1"]}
    assert policy(settings.DEV) == taken
    assert policy(settings.STAGING) == {"$or": [taken, {"type": ["fanout.heartbeat.v1"]}]}
    assert policy(settings.DEV, only={"shop_id": ["berlin"]}) == {**taken, "shop_id": ["berlin"]}


def test_a_task_that_takes_all_of_them_has_no_filter(app_root: Path) -> None:
    handler = app_root / "lambdas" / "sync_crm" / "handler.py"
    handler.write_text(
        HANDLER.format("OrderPlaced").replace("event: OrderPlaced", "event: OrderPlaced | FormSubmitted")
    )
    assert policy(settings.DEV) is None


def test_with_one_type_there_is_none_either(app_root: Path) -> None:
    (app_root / "contracts" / "1.schema.json").unlink()
    assert policy(settings.DEV) is None and json.loads((app_root / "cdk.json").read_text()) == {}


def test_handles_is_the_filter(app_root: Path) -> None:
    both = HANDLER.format("OrderPlaced").replace("event: OrderPlaced", "event: OrderPlaced | FormSubmitted")
    (app_root / "lambdas" / "sync_crm" / "handler.py").write_text(both)
    asked = {"type": ["form.submitted.v1"]}
    assert policy(settings.DEV, handles=("form.submitted.v1",)) == asked
    assert policy(settings.STAGING, handles=("form.submitted.v1",)) == {
        "$or": [asked, {"type": ["fanout.heartbeat.v1"]}]
    }
    assert policy(settings.DEV, handles=("form.submitted.v1", "order.placed.v1")) is None


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"handles": ("order.placed.v1",), "only": {"type": ["order.placed.v1"]}}, "handles and only['type'] say the same"),
        ({"handles": ("order.paid.v1",)}, "handles has order.paid.v1, which has no schema in contracts/"),
        ({"only": {"a": list("abcdefghijklmno"), "b": list("abcdefghijk")}}, "only is 165: expected at most 150 combinations"),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_one_line(app_root: Path, asked: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^subscriber Sync: {re.escape(line)}") as caught:
        policy(settings.DEV, **asked)
    assert "\n" not in str(caught.value)


def explain(app_root: Path, number: int = 1) -> None:
    path = app_root / "contracts" / f"{number}.schema.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "x-fanout-unheard": "the data team takes it elsewhere"})
    )


def synth(*subscribed: str, **arguments: Any) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    topic = Topic(stack, "Topic", settings=settings.DEV, **arguments)
    for each in subscribed:
        Subscriber(stack, each, topic=topic, task="sync_crm")
    app.synth()


def refused(*subscribed: str, **arguments: Any) -> str:
    with pytest.raises(RuntimeError) as caught:
        synth(*subscribed, **arguments)
    with pytest.raises(SystemExit) as said, one_line_errors():
        raise caught.value
    return str(said.value)


@pytest.mark.parametrize(("only", "heard"), [(None, True), (["form.submitted.v1"], True), (["order.placed.v1"], False)])
def test_what_a_partner_gets_is_taken(app_root: Path, only: list[str] | None, heard: bool) -> None:
    stack = cdk.Stack(app := cdk.App(), "Stack")
    topic = Topic(stack, "Topic", settings=settings.DEV)
    Subscriber(stack, "Sync", topic=topic, task="sync_crm")
    filtered = {"type": only} if only else None
    Delivery(stack, "P", topic=topic, protocol="email", endpoint="a@b.example", reason="made up", only=filtered)
    with nullcontext() if heard else pytest.raises(RuntimeError, match="nobody takes it"):
        app.synth()


def test_a_type_that_nobody_takes_is_refused_in_one_line(app_root: Path) -> None:
    assert refused("Sync") == (
        "error: topic Topic carries form.submitted.v1, and nobody takes it: let a subscriber handle it, leave it out of the"
        ' types of the topic, or say in its schema "x-fanout-unheard": "why"'
    )


def test_unless_its_schema_says_why(app_root: Path) -> None:
    explain(app_root)
    synth("Sync")


def test_or_a_second_task_takes_it(app_root: Path) -> None:
    (app_root / "lambdas" / "other").mkdir()
    (app_root / "lambdas" / "other" / "handler.py").write_text(HANDLER.format("FormSubmitted"))
    app = cdk.App()
    stack, elsewhere = cdk.Stack(app, "Stack"), cdk.Stack(app, "Elsewhere")
    topic = Topic(stack, "Topic", settings=settings.DEV)
    Subscriber(stack, "Sync", topic=topic, task="sync_crm")
    known = Topic.from_arn(elsewhere, "Known", "arn:aws:sns:eu-west-1:123456789012:topic", settings=settings.DEV)
    Subscriber(elsewhere, "Other", topic=known, task="other")
    app.synth()


def test_a_topic_without_subscribers_is_for_other_apps(app_root: Path) -> None:
    synth()


def test_a_topic_carries_the_types_it_names(app_root: Path) -> None:
    assert refused("Sync", types=("order.placed.v1",)).startswith(
        "error: no topic carries form.submitted.v1: add it to"
    )
    explain(app_root)
    synth("Sync", types=("order.placed.v1",))
    with pytest.raises(
        ConfigurationError, match="^subscriber Sync: its topic carries form.submitted.v1, and task sync_crm reads"
    ):
        synth("Sync", types=("form.submitted.v1",))
    with pytest.raises(
        ConfigurationError, match=r"^topic Topic: types has form.paid.v1, which has no schema in contracts/"
    ):
        synth(types=("form.paid.v1",))


def test_on_a_topic_of_one_type_there_is_no_filter(app_root: Path) -> None:
    explain(app_root)
    stack = cdk.Stack(cdk.App(), "Stack")
    topic = Topic(stack, "Topic", settings=settings.DEV, types=("order.placed.v1",))
    Subscriber(stack, "Sync", topic=topic, task="sync_crm")
    every = Template.from_stack(stack).find_resources("AWS::SNS::Subscription").values()
    assert [each["Properties"].get("FilterPolicy") for each in every if each["Properties"]["Protocol"] == "sqs"] == [
        None
    ]
    found = Template.from_stack(stack).find_resources("AWS::SNS::Topic").values()
    assert [each["Metadata"]["fanout"] for each in found if "fanout" in each.get("Metadata", {})] == [
        {"types": ["order.placed.v1"]}
    ]
