"""With ordering per form, a task handles the events of one form one after the other, and other forms do not wait."""

import json
import re
import sys
import uuid

import pytest

from fanout.ops.aws.discovery import Stack, find
from fanout.ops.aws.session import Aws
from fanout.publisher import EventPublisher
from tests import places
from tests.local.conftest import Deployed
from tests.local.test_fan_out import new_event

APP = """\
from dataclasses import replace

import aws_cdk as cdk

from stacks import settings
from stacks.form_events_stack import FormEventsStack

app = cdk.App()
FormEventsStack(app, "FormEvents-ordered", settings=replace(settings.LOCAL, name="ordered", ordered=True))
app.synth()
"""


@pytest.fixture(scope="module")
def ordered(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A second stack beside FormEvents-local, whose topic and queues keep order."""
    program = tmp_path_factory.mktemp("ordered") / "app.py"
    program.write_text(APP)
    command = f"env PYTHONPATH={places.APP}:{places.APP / 'lambdas'} {sys.executable} {program}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(program.parent / "cdk.out")]
    done = a_deployment.cdk("deploy", "FormEvents-ordered", "--app", command, *options)
    assert done.returncode == 0, done.stderr
    return find(Aws(a_deployment.session), "FormEvents-ordered")


def test_a_forms_events_keep_their_order_behind_one_that_fails(deployed: Deployed, ordered: Stack) -> None:
    form, other = f"ordered-{uuid.uuid4().hex[:8]}", f"other-{uuid.uuid4().hex[:8]}"
    forms = EventPublisher(ordered.topic_arn, session=deployed.session)
    deployed.receiver.answer(status=503, containing=form)
    events = [new_event(form) for _ in range(4)]
    beside = new_event(other)
    for event in [*events, beside]:
        forms.publish(forms.checked(event))

    def arrived(event_id: str) -> list[int]:
        return [each.answer for each in deployed.receiver.requests(event_id)]

    deployed.wait_until(lambda: arrived(beside["id"]) == [200], "the other form's event")
    deployed.wait_until(lambda: 503 in arrived(events[0]["id"]), "the first event to fail")
    assert [arrived(each["id"]) for each in events[1:]] == [[], [], []]
    deployed.receiver.heal()
    deployed.wait_until(lambda: arrived(events[-1]["id"]) == [200], "the last event of the form")
    order = [json.loads(each.body)["id"] for each in deployed.receiver.requests(form) if each.answer == 200]
    assert order == [each["id"] for each in events]


def test_a_dead_letter_keeps_its_group_and_the_next_event_goes_on(deployed: Deployed, ordered: Stack) -> None:
    form = f"dead-{uuid.uuid4().hex[:8]}"
    forms = EventPublisher(ordered.topic_arn, session=deployed.session)
    first, second = new_event(form), new_event(form)
    sqs = deployed.session.client("sqs")
    queue = ordered.subscriber("archive_submission")
    broken = json.dumps({**first, "type": "form.submitted.v2"})
    sqs.send_message(QueueUrl=queue.queue_url, MessageBody=broken, MessageGroupId=form, MessageDeduplicationId=form)
    forms.publish(forms.checked(second))

    def letters() -> list[str]:
        found = sqs.receive_message(
            QueueUrl=queue.dead_letter_queue_url, VisibilityTimeout=0, MessageSystemAttributeNames=["MessageGroupId"]
        ).get("Messages", [])
        return [each["Attributes"]["MessageGroupId"] for each in found if first["id"] in each["Body"]]

    deployed.wait_until(lambda: letters() == [form], "the letter, in its group")
    s3 = deployed.session.client("s3")

    def archived() -> bool:
        keys = s3.list_objects_v2(Bucket=ordered.outputs["ArchiveBucketName"], Prefix=f"{form}/").get("Contents", [])
        return [bool(re.search(second["id"], each["Key"])) for each in keys] == [True]

    deployed.wait_until(archived, "the event behind it")
