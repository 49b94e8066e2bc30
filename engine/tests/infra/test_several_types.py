"""Where the app has a second type of event, each task gets those it takes, and heartbeats."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

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
    stack = cdk.Stack(cdk.App(), "Stack")
    Subscriber(stack, "Sync", topic=Topic(stack, "Topic", settings=which), task="sync_crm", **arguments)
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
