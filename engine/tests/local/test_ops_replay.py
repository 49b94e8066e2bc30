"""A thousand archived events reach a task that was added after they happened, each once, and no other task; though the
program that sends them is killed twice on the way."""

import itertools
import json
import signal
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fanout.ops.aws.discovery import find
from fanout.ops.aws.lanes import lanes_for
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.publisher import Event, EventPublisher
from tests import places
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator, deliveries, made_up

pytestmark = pytest.mark.long

NAME, TASK, COUNT = "OrderEvents-replay", "notify_partner", 1_000
REPLAY = "OperatorReplayPolicyArn"
APP = """\
import os
from dataclasses import replace
from datetime import timedelta

import aws_cdk as cdk

from fanout.constructs import FanoutStack, OperatorPolicies, Subscriber, Topic
from stacks import settings
from stacks.archive import Archive
from stacks.webhook import Webhook

chosen = replace(settings.LOCAL, name="replay")
app = cdk.App()
stack = FanoutStack(app, "OrderEvents-replay", settings=chosen)
orders = Topic(stack, "OrderPlaced", settings=chosen)
archive = Archive(stack, "Archive", settings=chosen)
archiving = Subscriber(
    stack,
    "ArchiveOrder",
    topic=orders,
    task="archive_order",
    idempotent=True,
    environment={"ARCHIVE_BUCKET": archive.bucket.bucket_name},
)
archive.grant_write(archiving.role)
if os.environ["WITH_NEW_TASK"] == "yes":
    webhook = Webhook(stack, "Webhook", settings=chosen)
    notification = Subscriber(
        stack,
        "NotifyPartner",
        topic=orders,
        task="notify_partner",
        replayable=True,
        backfill=timedelta(days=30),
        environment={"WEBHOOK_URL": webhook.url, "WEBHOOK_SECRET_ARN": webhook.secret.secret_arn},
    )
    webhook.secret.grant_read(notification.role)
archive.grant_read(OperatorPolicies(stack, "Operator", topic=orders).replay)
app.synth()
"""


def deploy(deployed: Deployed, folder: Path, with_new_task: str) -> Stack:
    program = folder / "app.py"
    program.write_text(APP)
    paths = f"PYTHONPATH={places.APP}:{places.APP / 'lambdas'}"
    command = f"env {paths} WITH_NEW_TASK={with_new_task} {sys.executable} {program}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(folder / "cdk.out")]
    done = deployed.cdk("deploy", NAME, "--app", command, *options)
    assert done.returncode == 0, done.stderr
    return find(Aws(deployed.session), NAME)


@dataclass
class Past:
    """What happened before the new task was there."""

    stack: Stack
    events: list[Event]


@pytest.fixture(scope="module")
def past(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Past:
    folder = tmp_path_factory.mktemp("replay")
    before = deploy(a_deployment, folder, "no")
    events = made_up(COUNT, f"replay-{uuid.uuid4().hex[:8]}")
    orders = EventPublisher(before.topic_arn, session=a_deployment.session)
    assert orders.publish_many(events).published == COUNT
    a_deployment.wait_until(lambda: objects(a_deployment, before) >= COUNT, "all of them in the archive", 120)
    return Past(deploy(a_deployment, folder, "yes"), events)


def objects(deployed: Deployed, stack: Stack) -> int:
    """Versions, so that a second write of the same object is seen."""
    pages = deployed.session.client("s3").get_paginator("list_object_versions")
    found = pages.paginate(Bucket=stack.outputs["ArchiveBucketName"])
    return sum(len(page.get("Versions", [])) for page in found)


def outcomes(deployed: Deployed, stack: Stack, task: str) -> Counter[str]:
    """What the task's function has logged of messages: how often each outcome."""
    pages = deployed.session.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=stack.subscriber(task).log_group, filterPattern='"outcome"')
    lines = (each["message"] for page in found for each in page["events"] if '"outcome"' in each["message"])
    return Counter(json.loads(line[line.index("{") :])["outcome"] for line in lines)


def wait_for_done(deployed: Deployed, past: Past, count: int) -> None:
    """By the log, which forgets nothing: the receiver keeps a thousand requests."""
    deployed.wait_until(lambda: outcomes(deployed, past.stack, TASK)["done"] >= count, f"{count} done", 90)
    assert outcomes(deployed, past.stack, TASK)["done"] == count


def delivered(deployed: Deployed, past: Past, least: int) -> None:
    deployed.wait_until(lambda: sum(deliveries(deployed, past.events)) >= least, f"{least} of them", 90)


@pytest.fixture
def operator(deployed: Deployed, past: Past, tmp_path: Path) -> Iterator[Operator]:
    """With the policies of that stack, and no other right."""
    session = deployed.session_with({}, *(past.stack.outputs[each] for each in (READ, HEAL, REPLAY)))
    held = session.get_credentials()
    assert held is not None
    keys = {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}
    yield Operator(deployed, tmp_path / "journal", keys)


def test_a_thousand_events_reach_the_new_task_alone_although_it_is_killed_twice(
    deployed: Deployed, past: Past, operator: Operator
) -> None:
    others = outcomes(deployed, past.stack, "archive_order")
    refused = operator.run("replay", "archive_order", "--stack", NAME, "--from", "2026-01-01", status=2)
    assert "archive_order is not replayable" in refused
    counted = operator.json("replay", TASK, "--stack", NAME, "--backfill", "--dry-run")
    assert (counted["to_send"], counted["stay"], counted["complete"]) == (COUNT, {}, True)
    assert sum(deliveries(deployed, past.events)) == 0

    command = ("replay", TASK, "--stack", NAME, "--backfill", "--yes", "--rate", "150")
    for enough in (100, 400):
        process = operator.start(*command)
        delivered(deployed, past, enough)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    done = operator.json(*command)
    assert (done["stopped"], done["not_sent"]) == (None, 0)
    assert done["sent"] + done["sent_before"] == COUNT and done["perhaps_twice"] <= 10 * lanes_for(150)

    deployed.wait_until(lambda: deliveries(deployed, past.events) == [1] * COUNT, "each delivered, once", 90)
    wait_for_done(deployed, past, COUNT)
    assert outcomes(deployed, past.stack, "archive_order") == others
    assert objects(deployed, past.stack) == COUNT
    told = operator.run("replay", TASK, "--stack", NAME, "--backfill", "--yes", status=2)
    assert "the backfill of notify_partner was done" in told
    again = operator.json("replay", TASK, "--stack", NAME, "--from", "2026-01-01", "--dry-run")
    assert (again["to_send"], again["stay"]) == (0, {"done": COUNT})
    assert "canary-answer" not in str(operator.journal())
    steps = [each["step"] for each in operator.journal() if each["command"] == "replay"]
    assert [key for key, _ in itertools.groupby(steps)][-1] in ("counted", "end")


def test_again_repeats_what_was_done_and_only_that_once(deployed: Deployed, past: Past, operator: Operator) -> None:
    options = ("--stack", NAME, "--from", "2026-01-01", "--group", past.events[0].group)
    operator.json("replay", TASK, *options, "--yes", status=None)  # where this test runs alone nothing was done before
    wait_for_done(deployed, past, COUNT)
    assert "--again repeats" in operator.run("replay", TASK, *options, "--again", status=2)
    why = ("--reason", "the partner lost its disk")
    done = operator.json("replay", TASK, *options, "--again", *why, "--yes", "--rate", "500")
    assert (done["sent"], done["done_before"]) == (COUNT, COUNT)
    wait_for_done(deployed, past, 2 * COUNT)
