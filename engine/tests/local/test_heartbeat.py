"""A schedule deployed by the real CDK CLI beats: three subscribers acknowledge it, nothing happens, and who stops rings.

The schedule's own hour is not waited for: a schedule of the same group and the same target is due at once.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from demo import archived
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.doctor.doctor import examine
from tests import places
from tests.infra.alarm_evaluator import Recorded, states
from tests.local.conftest import Deployed

pytestmark = pytest.mark.long

APP = """\
from dataclasses import replace
from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from stacks import settings
from stacks.email_sender import grant_send_email
from fanout.constructs import Heartbeat, Subscriber, Topic

app = cdk.App()
stack = cdk.Stack(app, "Beating", synthesizer=cdk.CliCredentialsStackSynthesizer())
beating = replace(settings.LOCAL, name="beating", heartbeat=timedelta(minutes=60), measured_groups=5)
topic = Topic.from_sns(sns.Topic(stack, "Topic"), settings=beating)
Subscriber(stack, "Archive", task="archive_order", environment={{"ARCHIVE_BUCKET": {bucket!r}}}, topic=topic)
Subscriber(stack, "Confirm", task="send_receipt", environment={{"EMAIL_SENDER": "orders@example.com"}}, topic=topic)
Subscriber(
    stack,
    "Filtered",
    task="notify_partner",
    only={{"shop_id": ["contact"]}},
    environment={{"WEBHOOK_URL": {webhook!r}, "WEBHOOK_SECRET_ARN": "unused"}},
    topic=topic,
)
Heartbeat(stack, "Heartbeat", topic=topic)
on_aws = cdk.CfnCondition(stack, "OnAws", expression=cdk.Fn.condition_equals("embedded", "AWS"))
for each in stack.node.children:
    if isinstance(each, Subscriber):  # the embedded CloudWatch refuses metric math; the definition stays in the template
        each.alarms["heartbeat-missed"].cfn_options.condition = on_aws
app.synth()
"""
ALARM = ("Archive", "Confirm", "Filtered")


@dataclass
class Beating:
    """The stack of this test."""

    deployed: Deployed
    template: dict[str, Any]
    outputs: dict[str, str]
    resources: dict[str, str]

    def beat(self) -> None:
        """Publishes one heartbeat by the deployed schedule's own target, within ministack's ten seconds."""
        scheduler = self.deployed.session.client("scheduler")
        (schedule,) = scheduler.list_schedules(NamePrefix="Beating")["Schedules"]
        asked = scheduler.get_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
        scheduler.create_schedule(
            Name=f"now-{os.urandom(4).hex()}",
            GroupName=asked["GroupName"],
            ScheduleExpression=f"at({time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(time.time() - 1))})",
            FlexibleTimeWindow=asked["FlexibleTimeWindow"],
            Target=asked["Target"],
            ActionAfterCompletion="DELETE",
        )

    def lines(self, subscriber: str) -> list[dict[str, Any]]:
        function = self.outputs[f"{subscriber}FunctionName"]
        client = self.deployed.session.client("lambda")
        group = client.get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
        pages = self.deployed.session.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        messages = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(each) for each in messages if each.startswith("{")]

    def acknowledged(self, subscriber: str) -> list[float]:
        """Milliseconds of each heartbeat, as emitted."""
        return [ms for line in self.lines(subscriber) if "_aws" in line for ms in line.get("Heartbeat", [])]

    def waiting(self, subscriber: str) -> int:
        sqs = self.deployed.session.client("sqs")
        found = sqs.get_queue_attributes(QueueUrl=self.outputs[f"{subscriber}QueueUrl"], AttributeNames=["All"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def alarm(self, subscriber: str) -> dict[str, Any]:
        (found,) = [
            dict(each["Properties"])
            for id_, each in self.template["Resources"].items()
            if id_.startswith(f"{subscriber}HeartbeatMissedAlarm")
        ]
        return found


@pytest.fixture(scope="module")
def beating(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Beating:
    program = tmp_path_factory.mktemp("beating") / "app.py"
    webhook = f"{a_deployment.receiver.url}/heartbeats"
    program.write_text(APP.format(bucket=a_deployment.stack.outputs["ArchiveBucketName"], webhook=webhook))
    command = f"env PYTHONPATH={places.APP}:{places.APP / 'lambdas'} {sys.executable} {program}"
    output = program.parent / "cdk.out"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(output)]
    done = a_deployment.cdk("deploy", "Beating", "--app", command, *options)
    assert done.returncode == 0, done.stderr
    cloudformation = a_deployment.session.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="Beating")["Stacks"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="Beating")
    return Beating(
        a_deployment,
        json.loads((output / "Beating.template.json").read_text()),
        {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]},
        {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
        },
    )


def test_every_kind_of_subscriber_acknowledges_a_heartbeat_and_does_nothing(
    deployed: Deployed, beating: Beating
) -> None:
    emails, objects = deployed.evidence.emails(), archived(deployed.evidence)
    beating.beat()
    for each in ALARM:
        deployed.wait_until(partial(beating.acknowledged, each), f"{each} to acknowledge", 45)
        (ms,) = beating.acknowledged(each)
        assert 0 <= ms < 60_000
        (said,) = [line for line in beating.lines(each) if "outcome" in line]
        assert (said["outcome"], said["level"], said["attempt"]) == ("heartbeat", "INFO", 1)
        (metric,) = [line for line in beating.lines(each) if "_aws" in line]
        assert set(metric) == {"_aws", "stack", "task", "Heartbeat"} and metric["stack"] == "Beating"
    assert deployed.receiver.requests(said["event_id"]) == []
    assert deployed.evidence.emails() == emails and archived(deployed.evidence) == objects
    items = deployed.session.client("dynamodb").scan(TableName=beating.resources[_id(beating, "CompletedEvents")])
    assert items["Items"] == []


def test_who_stops_to_acknowledge_rings_and_who_does_not_stop_does_not(deployed: Deployed, beating: Beating) -> None:
    before = {each: len(beating.acknowledged(each)) for each in ALARM}
    deployed.session.client("sns").unsubscribe(SubscriptionArn=beating.resources[_id(beating, "ArchiveSubscription")])
    # This one cannot be imported without its variable.
    deployed.session.client("lambda").update_function_configuration(
        FunctionName=beating.outputs["ConfirmFunctionName"], Environment={"Variables": {}}
    )
    beating.beat()
    deployed.wait_until(
        lambda: len(beating.acknowledged("Filtered")) > before["Filtered"], "the healthy one to acknowledge", 45
    )
    deployed.wait_until(lambda: beating.waiting("Confirm") == 0, "the broken one to receive", 45)
    found = {each: states(beating.alarm(each), _minutes_like_this(beating, each, before[each])) for each in ALARM}
    assert {each: "ALARM" in found[each] for each in ALARM} == {"Archive": True, "Confirm": True, "Filtered": False}


def test_a_schedule_that_somebody_disabled_is_seen_by_doctor(deployed: Deployed, beating: Beating) -> None:
    def told() -> list[tuple[str, str]]:
        found = examine(find(Aws(deployed.session), "Beating"))
        return [(each.kind, each.what) for each in found if each.where == "Heartbeat/Schedule"]

    assert told() == []
    scheduler = deployed.session.client("scheduler")
    (schedule,) = scheduler.list_schedules(NamePrefix="Beating")["Schedules"]
    asked = scheduler.get_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
    kept = {name: asked[name] for name in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(**kept, State="DISABLED")
    assert told() == [("drift", "State is DISABLED, deployed was ENABLED")]


def _minutes_like_this(beating: Beating, subscriber: str, before: int) -> Recorded:
    """As many as the alarm looks back, each with a heartbeat that was sent, and what was seen of it."""
    acknowledged = beating.acknowledged(subscriber)[before:]
    alarm = beating.alarm(subscriber)
    minutes = alarm["EvaluationPeriods"] * max(each["MetricStat"]["Period"] for each in alarm["Metrics"][1:]) // 60
    return {
        "InvocationAttemptCount": [1.0] * minutes,
        "TargetErrorCount": [None] * minutes,
        "ApproximateNumberOfMessagesVisible": [float(beating.waiting(subscriber))] * minutes,
        "Heartbeat": [acknowledged[0] if acknowledged else None] * minutes,
    }


def _id(beating: Beating, start: str) -> str:
    (found,) = [each for each in beating.resources if each.startswith(start)]
    return found
