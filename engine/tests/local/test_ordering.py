"""With ordering per group, a task handles the events of one shop one after the other, and other shops do not wait."""

import json
import re
import sys
import uuid

import pytest

from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.publisher import EventPublisher
from tests import places
from tests.local.conftest import Deployed
from tests.local.test_fan_out import new_event

pytestmark = pytest.mark.long

APP = """\
from dataclasses import replace

import aws_cdk as cdk

from stacks import settings
from stacks.order_events_stack import OrderEventsStack

app = cdk.App()
OrderEventsStack(app, "OrderEvents-ordered", settings=replace(settings.LOCAL, name="ordered", ordered=True))
app.synth()
"""


@pytest.fixture(scope="module")
def ordered(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A second stack beside OrderEvents-local, whose topic and queues keep order."""
    program = tmp_path_factory.mktemp("ordered") / "app.py"
    program.write_text(APP)
    command = f"env PYTHONPATH={places.APP}:{places.APP / 'lambdas'} {sys.executable} {program}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(program.parent / "cdk.out")]
    done = a_deployment.cdk("deploy", "OrderEvents-ordered", "--app", command, *options)
    assert done.returncode == 0, done.stderr
    return find(Aws(a_deployment.session), "OrderEvents-ordered")


def test_a_shops_events_keep_their_order_behind_one_that_fails(deployed: Deployed, ordered: Stack) -> None:
    shop, other = f"ordered-{uuid.uuid4().hex[:8]}", f"other-{uuid.uuid4().hex[:8]}"
    orders = EventPublisher(ordered.topic_arn, session=deployed.session)
    deployed.receiver.answer(status=503, containing=shop)
    events = [new_event(shop) for _ in range(4)]
    beside = new_event(other)
    for event in [*events, beside]:
        orders.publish(orders.checked(event))

    def arrived(event_id: str) -> list[int]:
        return [each.answer for each in deployed.receiver.requests(event_id)]

    deployed.wait_until(lambda: arrived(beside["id"]) == [200], "the other shop's event")
    deployed.wait_until(lambda: 503 in arrived(events[0]["id"]), "the first event to fail")
    assert [arrived(each["id"]) for each in events[1:]] == [[], [], []]
    deployed.receiver.heal()
    deployed.wait_until(lambda: arrived(events[-1]["id"]) == [200], "the last event of the shop")
    order = [json.loads(each.body)["id"] for each in deployed.receiver.requests(shop) if each.answer == 200]
    assert order == [each["id"] for each in events]


def test_a_dead_letter_keeps_its_group_and_the_next_event_goes_on(deployed: Deployed, ordered: Stack) -> None:
    shop = f"dead-{uuid.uuid4().hex[:8]}"
    orders = EventPublisher(ordered.topic_arn, session=deployed.session)
    first, second = new_event(shop), new_event(shop)
    sqs = deployed.session.client("sqs")
    queue = ordered.subscriber("archive_order")
    broken = json.dumps({**first, "type": "order.placed.v2"})
    sqs.send_message(QueueUrl=queue.queue_url, MessageBody=broken, MessageGroupId=shop, MessageDeduplicationId=shop)
    orders.publish(orders.checked(second))

    def letters() -> list[str]:
        found = sqs.receive_message(
            QueueUrl=queue.dead_letter_queue_url, VisibilityTimeout=0, MessageSystemAttributeNames=["MessageGroupId"]
        ).get("Messages", [])
        return [each["Attributes"]["MessageGroupId"] for each in found if first["id"] in each["Body"]]

    deployed.wait_until(lambda: letters() == [shop], "the letter, in its group")
    s3 = deployed.session.client("s3")

    def archived() -> bool:
        found = s3.list_objects_v2(Bucket=ordered.outputs["ArchiveBucketName"], Prefix="events-by-day/")
        keys = [each for each in found.get("Contents", []) if f"/{shop}/" in each["Key"]]
        return [bool(re.search(second["id"], each["Key"])) for each in keys] == [True]

    deployed.wait_until(archived, "the event behind it")
