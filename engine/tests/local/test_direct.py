"""Without a queue, on the embedded AWS: a task that its topic calls, and a partner who gets each event by HTTPS.

What that AWS does not do, a second asynchronous try and the record of one that was given up, is put into the dead-letter queue as
AWS writes it: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fanout.contracts.contract import Contracts, load
from fanout.contracts.generate import write
from fanout.local.evidence import Evidence
from fanout.names import HEARTBEAT_TYPE
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.publisher import Event, EventPublisher
from tests import places
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator
from tests.unit.contracts.given import put, schema

pytestmark = pytest.mark.long

APP = """\
from fanout.constructs import App, Delivery, Direct, FanoutStack, OperatorPolicies, Subscriber, Topic
from stacks import settings

with App() as app:
    stack = FanoutStack(app, "Straight-local", settings=settings.LOCAL)
    topic = Topic(stack, "Orders", settings=settings.LOCAL)
    Subscriber(stack, "Purge", topic=topic, task="purge", compute=Direct())
    Delivery(stack, "ToPartner", topic=topic, protocol="https", endpoint="{url}", reason="made up")
    OperatorPolicies(stack, "Operator", topic=topic)
"""
TASK = """\
from events import OrderPlaced
from fanout.runtime import PermanentError, handler_of


def purge(order: OrderPlaced) -> None:
    if order.shop_id == "broken":
        raise PermanentError("there is no such page")


handle = handler_of(purge)
"""
TYPE = "order.placed.v1"


@pytest.fixture(scope="module")
def folder(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app of its own."""
    root = tmp_path_factory.mktemp("straight")
    context = {**json.loads((places.APP / "cdk.json").read_text())["context"], "fanout:product": "Straight"}
    (root / "cdk.json").write_text(json.dumps({"context": {**context, "fanout:prefix": "straight"}}))
    (root / "app.py").write_text(APP.format(url=f"{a_deployment.receiver.url}?partner=1"))
    (root / "contracts").mkdir()
    shop = {"type": "string", "x-fanout": ["group", "attribute"]}
    contract = schema({"properties": {"shop_id": shop}, "required": ["shop_id"]})
    contract["properties"]["type"] = {"const": TYPE}
    put(root / "contracts", contract)
    write(load(root / "contracts"), root / "lambdas" / "events")
    (root / "lambdas" / "purge").mkdir()
    (root / "lambdas" / "purge" / "handler.py").write_text(TASK)
    return root


@pytest.fixture(scope="module")
def straight(a_deployment: Deployed, folder: Path) -> Stack:
    command = f"env PYTHONPATH={places.APP} {sys.executable} {folder / 'app.py'}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(folder / "cdk.out")]
    done = a_deployment.cdk("deploy", "Straight-local", "--app", command, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return find(Aws(a_deployment.session), "Straight-local")


class World:
    def __init__(self, deployed: Deployed, stack: Stack, contracts: Contracts, operator: Operator) -> None:
        self.deployed, self.stack, self.operator, self._contracts = deployed, stack, operator, contracts
        self.seen = Evidence(deployed.emulator, deployed.receiver, stack)
        self._publisher = EventPublisher(stack.topic_arn, session=deployed.session, contracts=contracts)

    def publish(self, shop: str = "berlin") -> Event:
        event = self._publisher.new(TYPE, {"shop_id": shop}, source="/shops", event_id=f"e-{uuid.uuid4()}")
        self._publisher.publish(event)
        return event

    def again(self, event: Event) -> None:
        self._publisher.publish(event)

    def outcomes(self, event: Event) -> list[str]:
        return [each.outcome for each in self.seen.attempts("purge") if each.event_id == event.id]

    def wait_for(self, event: Event, *outcomes: str) -> None:
        self.deployed.wait_until(lambda: self.outcomes(event) == list(outcomes), f"{event.id}: {outcomes}")

    def bury(self, body: dict[str, Any]) -> None:
        url = self.stack.subscriber("purge").dead_letter_queue_url
        self.deployed.session.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))


@pytest.fixture
def world(deployed: Deployed, straight: Stack, folder: Path, tmp_path: Path) -> Iterator[World]:
    held = deployed.session_with({}, straight.outputs[READ], straight.outputs[HEAL]).get_credentials()
    assert held is not None
    keys = {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}
    yield World(
        deployed,
        straight,
        load(folder / "contracts"),
        Operator(deployed, tmp_path / "journal", keys, stack=straight.name),
    )
    url = straight.subscriber("purge").dead_letter_queue_url
    deployed.session.client("sqs").purge_queue(QueueUrl=url)


def test_the_topic_calls_the_task_and_a_copy_does_nothing(world: World) -> None:
    event = world.publish()
    world.wait_for(event, "done")
    world.again(event)
    world.wait_for(event, "done", "duplicate")


def test_what_no_retry_can_help_is_a_dead_letter_with_its_cause_and_a_redrive_calls_again(world: World) -> None:
    event = world.publish("broken")
    world.wait_for(event, "dead")
    (listed,) = world.operator.json("dead", "list", "purge")
    assert [(each["error"], each["count"]) for each in listed["groups"]] == [("there is no such page", 1)]
    stopped = world.operator.run("dead", "redrive", "purge", "--all", "--yes", status=1)
    assert "the canary failed again (PermanentError: there is no such page)" in stopped
    world.wait_for(event, "dead", "dead")


def test_what_lambda_gave_up_is_read_and_healed(world: World) -> None:
    event = world._publisher.new(TYPE, {"shop_id": "berlin"}, source="/shops", event_id=f"e-{uuid.uuid4()}")
    attributes = {name: {"Type": "String", "Value": value} for name, value in event.attributes.items()}
    envelope = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": world.stack.topic_arn,
        "Message": event.body,
        "Timestamp": "2026-01-15T09:30:00.000Z",
        "MessageAttributes": attributes,
    }
    world.bury(
        {
            "version": "1.0",
            "timestamp": "2026-01-15T15:30:00.000Z",
            "requestContext": {"condition": "EventAgeExceeded", "approximateInvokeCount": 0},
            "requestPayload": {"Records": [{"EventSource": "aws:sns", "Sns": envelope}]},
        }
    )
    world.deployed.wait_until(lambda: world.seen.dead("purge") == 1, "the letter")
    shown = world.operator.json("dead", "show", event.id)
    assert (shown["event_id"], shown["given_up"]) == (event.id, "EventAgeExceeded")
    assert shown["cause"]["error_type"] == "EventAgeExceeded"
    healed = world.operator.json("dead", "redrive", "purge", "--all", "--yes")
    assert (healed["stopped"], healed["sent"], healed["seen_done"]) == (None, 1, 1)
    assert world.outcomes(event) == ["done"] and world.seen.dead("purge") == 0


def test_a_pause_is_refused_in_one_line(world: World) -> None:
    refused = world.operator.run("pause", "purge", "--reason", "x", "--yes", status=2)
    assert "purge has no queue in which events could wait, as its topic calls it" in refused


def test_a_partner_gets_nothing_until_he_confirms_and_then_all_but_heartbeats(world: World) -> None:
    receiver, sns = world.deployed.receiver, world.deployed.session.client("sns")
    attributes = sns.get_subscription_attributes(SubscriptionArn=world.stack.deliveries[0].subscription_arn)
    if attributes["Attributes"]["PendingConfirmation"] == "true":
        told = world.operator.json("status", status=1)
        (health,) = [each for each in told["subscribers"] if each["task"] == "ToPartner"]
        assert (health["mapping"], health["kind"]) == ("pending", "delivery")
        asked = world.deployed.wait_until(lambda: receiver.requests("SubscriptionConfirmation"), "the question", 10)
        token = json.loads(asked[-1].body)["Token"]
        sns.confirm_subscription(TopicArn=world.stack.topic_arn, Token=token)
    beat = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/schedule", "type": HEARTBEAT_TYPE}
    beat["time"] = datetime.now(UTC).isoformat()
    sns.publish(
        TopicArn=world.stack.topic_arn,
        Message=json.dumps(beat),
        MessageAttributes={"type": {"DataType": "String", "StringValue": HEARTBEAT_TYPE}},
    )
    event = world.publish()
    (request,) = world.deployed.wait_until(lambda: receiver.requests(event.id), "the event at the partner")
    envelope = json.loads(request.body)
    assert (envelope["Type"], json.loads(envelope["Message"])["id"]) == ("Notification", event.id)
    assert not receiver.requests(beat["id"])
    (health,) = [each for each in world.operator.json("status")["subscribers"] if each["task"] == "ToPartner"]
    assert health["mapping"] == "subscribed"
