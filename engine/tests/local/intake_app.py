"""Deploys an intake beside the tests' own stack, and speaks to it as browsers and programs do: by HTTP."""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from fanout import names
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from tests import places
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator

NAME = "OrderEventsIntake-local"
RECORDS = "/order-events/local/records-table"
APP = """\
from pathlib import Path

from fanout.constructs import App, FanoutStack
from fanout.constructs.intake import Followed, Intake, Limits
from stacks import settings

with App() as app:
    stack = FanoutStack(app, "{name}", settings=settings.LOCAL)
    intake = Intake(
        stack,
        "Intake",
        settings=settings.LOCAL,
        topic_arn="{topic}",
        event_type="order.placed.v1",
        definitions=Path("{definitions}"),
        answers="items",
        source="/shop",
        keep_days=1,
        limits=Limits(per_minute=0, per_second=5000, burst=5000),
        followed=Followed(tasks={tasks}, table="{records}"),
        subject={subject!r},
    )
    if {subject!r}:
        intake.let_erase()
"""


@dataclass
class Answer:
    status: int
    headers: Message
    body: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class DoesNotFollow(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


@dataclass
class DeployedIntake:
    deployed: Deployed
    stack: Stack
    assembly: Path

    @property
    def code(self) -> Path:
        """What its functions run."""
        return next(each.parent for each in self.assembly.glob("asset.*/intake.json"))

    @property
    def url(self) -> str:
        """As API Gateway's own address is, here behind the embedded AWS's one."""
        api = urllib.parse.urlsplit(self.stack.outputs[names.INTAKE_URL_OUTPUT]).hostname or ""
        return f"{self.deployed.connection.endpoint}/_aws/execute-api/{api.partition('.')[0]}/$default"

    def ask(self, path: str, body: Any = None, **headers: str) -> Answer:
        """GET, or POST of JSON (or of bytes as they are)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"content-type": "application/json"} if data is not None else {}
        asked = urllib.request.Request(f"{self.url}{path}", data, {**kind, **headers})
        context = ssl.create_default_context(cafile=self.deployed.connection.variables["AWS_CA_BUNDLE"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), DoesNotFollow, urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(asked, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.headers, refused.read().decode())

    def function(self, part: str) -> str:
        """Web, Stream or Sweep: the name of its function."""
        for page in self._resources():
            for each in page["StackResources"]:
                if each["ResourceType"] == "AWS::Lambda::Function" and part in each["LogicalResourceId"]:
                    return str(each["PhysicalResourceId"])
        raise LookupError(part)

    def _resources(self) -> list[Any]:
        return [self.deployed.session.client("cloudformation").describe_stack_resources(StackName=self.stack.name)]

    def follow_stream(self, *, on: bool) -> None:
        functions = self.deployed.session.client("lambda")
        (mapping,) = functions.list_event_source_mappings(FunctionName=self.function("Stream"))["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)

    def sweep(self) -> None:
        functions = self.deployed.session.client("lambda")
        functions.invoke(FunctionName=self.function("Sweep"), Payload=b"{}")["Payload"].read()

    def entries(self) -> dict[str, Any]:
        """By reference."""
        pages = self.deployed.session.client("dynamodb").get_paginator("scan").paginate(TableName=self.table)
        items = [each for page in pages for each in page["Items"] if each["pk"]["S"].startswith("entry#")]
        return {each["pk"]["S"].removeprefix("entry#"): each for each in items}

    @property
    def table(self) -> str:
        return self.stack.outputs[names.INTAKE_TABLE_OUTPUT]

    def operator(self, home: Path) -> Operator:
        held = self.deployed.session_with({}, self.stack.outputs[READ], self.stack.outputs[HEAL]).get_credentials()
        assert held is not None
        keys = {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}
        return Operator(self.deployed, home, keys)


def deploy_intake(
    deployed: Deployed, folder: Path, stack: Stack | None = None, name: str = NAME, subject: str | None = None
) -> DeployedIntake:
    """Before the topic of `stack`, else of the tests' own. `subject`: people are indexed by it, and may be erased."""
    stack = stack or deployed.stack
    parameter, records = f"{RECORDS}-{name}", stack.outputs[names.RECORDS_TABLE_OUTPUT]
    deployed.session.client("ssm").put_parameter(Name=parameter, Value=records, Type="String", Overwrite=True)
    definitions = Path(__file__).parents[1] / "unit" / "intake" / "definitions"
    text = APP.format(
        name=name,
        topic=stack.topic_arn,
        definitions=definitions,
        tasks=tuple(stack.tasks),
        records=parameter,
        subject=subject,
    )
    (folder / "intake.py").write_text(text)
    options = ["--require-approval", "never", "--method", "direct", "--output", str(folder / "cdk.out")]
    python = places.REPOSITORY / ".venv" / "bin" / "python"
    command = f"env PYTHONPATH={places.APP} {python} {folder / 'intake.py'}"
    done = deployed.cdk("deploy", name, "--app", command, *options)
    assert done.returncode == 0, done.stderr
    return DeployedIntake(deployed, find(Aws(deployed.session), name), folder / "cdk.out")
