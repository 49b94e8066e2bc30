"""The README's examples, run as printed; what they add to our own stack: make adopter."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.conftest import Deployed
from tests.local.test_fan_out import new_event, publish
from tests.places import APP, REPOSITORY

PROGRAM = """\
from dataclasses import replace

import aws_cdk as cdk

from stacks import settings
from fanout.constructs import Subscriber, Topic

PROD = replace(settings.PROD, alarms="essential", heartbeat=None)  # the embedded AWS has no metric math
topic_arn = {topic_arn!r}
app = cdk.App()
stack = cdk.Stack(app, "AnotherTeam", synthesizer=cdk.CliCredentialsStackSynthesizer())
{block}
app.synth()
"""


IN_ORDERS = {
    "form.submitted": "order.placed",
    "FormSubmitted": "OrderPlaced",
    "form_id": "shop_id",
    "submission_id": "order_id",
    "submitter": "customer",
    "answers": "items",
}
"""The README is about the app of this repository; what is deployed here is the engine's own, which takes orders."""


def block(name: str, language: str = "python") -> str:
    """The code block behind the comment `<!-- name -->` of the README, in the words of orders."""
    found = re.search(rf"<!-- {name} -->\n```{language}\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert found, f"README.md has no block {name}"
    text = found[1]
    for ours, theirs in IN_ORDERS.items():
        text = text.replace(ours, theirs)
    return text


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is deployed, with the README's task added to it."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("stacks", "lambdas", "contracts"):
        shutil.copytree(APP / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "cdk.json"):
        shutil.copy(APP / name, copy)
    (copy / "lambdas" / "sync_crm").mkdir()
    (copy / "lambdas" / "sync_crm" / "__init__.py").touch()
    (copy / "lambdas" / "sync_crm" / "handler.py").write_text(block("handler"))
    return copy


def test_another_team_adds_the_readmes_subscriber_from_the_arn_alone(deployed: Deployed, checkout: Path) -> None:
    cloudformation = deployed.session.client("cloudformation")
    before = cloudformation.get_template(StackName="OrderEvents-local")["TemplateBody"]
    (checkout / "another_team.py").write_text(
        PROGRAM.format(topic_arn=deployed.stack.topic_arn, block=block("another-team"))
    )
    program = f"env PYTHONPATH={checkout}:{checkout / 'lambdas'} {sys.executable} another_team.py"
    done = deployed.cdk(
        "deploy", "AnotherTeam", "--app", program, "--require-approval", "never", "--method", "direct", cwd=checkout
    )
    assert done.returncode == 0, done.stderr
    outputs = {
        each["OutputKey"]: each["OutputValue"]
        for each in cloudformation.describe_stacks(StackName="AnotherTeam")["Stacks"][0]["Outputs"]
    }
    event = new_event()
    publish(deployed, event)
    deployed.wait_until_done(event["id"])

    logs = deployed.session.client("logs")
    group = deployed.session.client("lambda").get_function_configuration(FunctionName=outputs["SyncCrmFunctionName"])

    def is_synced() -> bool:
        lines = logs.filter_log_events(logGroupName=group["LoggingConfig"]["LogGroup"])["events"]
        return any(f"synced {event['data']['order_id']}" in each["message"] for each in lines)

    deployed.wait_until(is_synced, "the new task to sync the event")
    assert cloudformation.get_template(StackName="OrderEvents-local")["TemplateBody"] == before


def test_another_languages_message_reaches_every_task(deployed: Deployed) -> None:
    """The AWS CLI is not installed here: its arguments are read as it reads them, and sent by boto3."""
    *_, message, _, attributes = shlex.split(block("publish-cli", "sh").replace("\\\n", ""))
    named = re.findall(r"(\w+)=\{DataType=(\w+),StringValue=([^}]+)\}", attributes)
    event = json.loads((APP / message.removeprefix("file://")).read_text())
    event["id"] = new_event()["id"]
    assert [name for name, *_ in named] == ["type", "shop_id"]
    assert [value for *_, value in named] == [event["type"], event["data"]["shop_id"]]
    deployed.session.client("sns").publish(
        TopicArn=deployed.stack.topic_arn,
        Message=json.dumps(event),
        MessageAttributes={name: {"DataType": kind, "StringValue": value} for name, kind, value in named},
    )
    deployed.wait_until_done(event["id"])


def test_the_publishing_services_ten_lines_publish(deployed: Deployed) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        **deployed.connection.variables,
        "TOPIC_ARN": deployed.stack.topic_arn,
    }
    run = subprocess.run(
        [sys.executable, "-c", block("publish")], env=environment, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0 and run.stdout.startswith("published contact:42 as "), run.stderr
    deployed.wait_until_done("contact:42")
