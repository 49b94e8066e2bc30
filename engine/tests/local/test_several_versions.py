"""Behind one topic of three types each task gets its own: v1 read as v2 by an upcast, and a function for each type."""

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from fanout.contracts.contract import Contracts, load
from fanout.contracts.generate import write
from fanout.local.evidence import Evidence
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.publisher import EventPublisher
from tests import places
from tests.local.conftest import Deployed
from tests.unit.contracts.given import put, schema

pytestmark = pytest.mark.long

APP = """\
from fanout.constructs import App, FanoutStack, Subscriber, Topic
from stacks import settings

with App() as app:
    stack = FanoutStack(app, "ManyTypes-local", settings=settings.LOCAL)
    topic = Topic(stack, "Orders", settings=settings.LOCAL)
    Subscriber(stack, "Bill", topic=topic, task="bill")
    Subscriber(stack, "Keep", topic=topic, task="keep")
    Subscriber(stack, "New", topic=topic, task="new", handles=("order.placed.v2",))
"""
BILL = """\
from events import OrderCancelled, OrderPlacedV2
from fanout.runtime import handler_of


def placed(order: OrderPlacedV2) -> None:
    is_upcast = order.type == "order.placed.v1" and "currency" not in order.raw["data"]
    if order.currency != ("EUR" if is_upcast else "CHF"):
        raise LookupError


def cancelled(order: OrderCancelled) -> None: ...


handle = handler_of(placed, cancelled)
"""
TASK = """\
from events import {0}
from fanout.runtime import handler_of


def work(order: {0}) -> None: ...


handle = handler_of(work)
"""
UPCAST = """\
from events import OrderPlaced


def order_placed_v2(old: OrderPlaced) -> dict:
    return {**old.raw["data"], "currency": {"berlin": "EUR"}[old.shop_id]}
"""


def contract(type_: str, **more: Any) -> dict[str, Any]:
    shop = {"type": "string", "x-fanout": ["group", "attribute"]}
    found = schema({"properties": {"shop_id": shop, **more}, "required": ["shop_id", *more]})
    found["properties"]["type"] = {"const": type_}
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app of its own."""
    root = tmp_path_factory.mktemp("many")
    context = {**json.loads((places.APP / "cdk.json").read_text())["context"], "fanout:product": "ManyTypes"}
    (root / "cdk.json").write_text(json.dumps({"context": {**context, "fanout:prefix": "many-types"}}))
    (root / "app.py").write_text(APP)
    (root / "contracts").mkdir()
    v2 = contract("order.placed.v2", currency={"type": "string"})
    put(root / "contracts", contract("order.placed.v1"), v2, contract("order.cancelled.v1"))
    write(load(root / "contracts"), root / "lambdas" / "events")
    (root / "lambdas" / "upcasts.py").write_text(UPCAST)
    for task, text in {"bill": BILL, "keep": TASK.format("OrderPlaced"), "new": TASK.format("OrderPlacedV2")}.items():
        (root / "lambdas" / task).mkdir()
        (root / "lambdas" / task / "handler.py").write_text(text)
    return root


@pytest.fixture(scope="module")
def many(a_deployment: Deployed, folder: Path) -> Stack:
    command = f"env PYTHONPATH={places.APP} {sys.executable} {folder / 'app.py'}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(folder / "cdk.out")]
    done = a_deployment.cdk("deploy", "ManyTypes-local", "--app", command, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return find(Aws(a_deployment.session), "ManyTypes-local")


def publish(deployed: Deployed, many: Stack, contracts: Contracts, type_: str, **data: Any) -> str:
    publisher = EventPublisher(many.topic_arn, session=deployed.session, contracts=contracts)
    event = publisher.new(type_, data, source="/shops", event_id=f"e-{uuid.uuid4()}")
    publisher.publish(event)
    return event.id


def test_each_task_gets_what_it_reads(deployed: Deployed, many: Stack, folder: Path) -> None:
    contracts = load(folder / "contracts")
    old = publish(deployed, many, contracts, "order.placed.v1", shop_id="berlin")
    new = publish(deployed, many, contracts, "order.placed.v2", shop_id="berlin", currency="CHF")
    gone = publish(deployed, many, contracts, "order.cancelled.v1", shop_id="berlin")
    odd = publish(deployed, many, contracts, "order.placed.v1", shop_id="canary-7f3a")

    seen = Evidence(deployed.emulator, deployed.receiver, many)

    def outcomes(task: str) -> dict[str, str]:
        return {str(each.event_id): each.outcome for each in seen.attempts(task) if each.event_id}

    def dead() -> list[str]:
        return [each.error for each in seen.attempts("bill") if each.outcome == "dead"]

    deployed.wait_until(lambda: {old, new, gone} <= outcomes("bill").keys() and dead(), "bill to end")
    deployed.wait_until(lambda: {old, odd} <= outcomes("keep").keys() and new in outcomes("new"), "the others to end")
    assert outcomes("bill") == {old: "done", new: "done", gone: "done"}
    assert (outcomes("keep"), outcomes("new")) == ({old: "done", odd: "done"}, {new: "done"})
    (letter,) = [each for each in seen.dead_letters("bill") if odd in each["Body"]]
    published = json.loads(letter["Body"])
    assert (published["type"], published["data"]) == ("order.placed.v1", {"shop_id": "canary-7f3a"})
    (cause,) = dead()
    assert "upcast order_placed_v2 of order.placed.v1: KeyError: in order_placed_v2" in cause
    added = {name: each for name, each in letter["MessageAttributes"].items() if name != "shop_id"}
    assert added and "canary" not in json.dumps([added, seen.logs("bill")])
