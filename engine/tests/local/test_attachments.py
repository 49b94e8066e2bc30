"""On the embedded AWS: a large entry and its file come to a task whole, with the rights that the constructs grant and no others;
a file that is too large, or of another type, never arrives; and an erasure leaves none of it."""

import shutil
import ssl
import sys
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fanout import names
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from tests import places
from tests.local.conftest import Deployed
from tests.local.intake_app import DeployedIntake
from tests.local.operator import HEAL, READ, Operator

pytestmark = pytest.mark.long

TASKS, INTAKE, ERASE = "Attached-attached", "AttachedIntake-attached", "OperatorErasePolicyArn"
HANDLER = '''\
"""Writes what it was given: the letter's length, and the file."""
import os

from events import OrderPlaced
from fanout.runtime import attached, client, handler_of


def keep(order: OrderPlaced) -> None:
    file = attached(order.items["cv"])
    told = f"{len(order.items['letter'])} {file.name} {file.type} ".encode() + file.read()
    client("s3").put_object(Bucket=os.environ["EFFECTS_BUCKET"], Key=order.order_id, Body=told)


handle = handler_of(keep)
'''
APP = """\
from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from fanout.constructs import App, FanoutStack, OperatorPolicies, Subscriber, Topic
from fanout.constructs.attachments import Attachments
from fanout.constructs.intake import Intake, Limits
from fanout.project import find_root
from stacks import settings

chosen = replace(settings.LOCAL, name="attached")
with App() as app:
    tasks = FanoutStack(app, "Attached-attached", settings=chosen)
    attachments = Attachments(tasks, "Attachments", settings=chosen, keep_days=60)
    orders = Topic(tasks, "OrderPlaced", settings=chosen, attachments=attachments)
    effects = s3.Bucket(tasks, "Effects", removal_policy=cdk.RemovalPolicy.DESTROY)
    cdk.CfnOutput(tasks, "EffectsBucketName", value=effects.bucket_name)
    keeping = Subscriber(
        tasks, "Keep", topic=orders, task="keep", environment={"EFFECTS_BUCKET": effects.bucket_name}
    )
    effects.grant_put(keeping.role)
    attachments.grant_read_files(keeping.role)
    OperatorPolicies(tasks, "Operator", topic=orders).let_erase(attachments.bucket)
    form = FanoutStack(app, "AttachedIntake-attached", settings=chosen)
    form.add_stack_dependency(tasks)
    intake = Intake(
        form,
        "Intake",
        settings=chosen,
        topic_arn=ssm.StringParameter.value_for_string_parameter(form, "/fanout/attached/topic-arn"),
        event_type="order.placed.v1",
        definitions=find_root() / "definitions",
        answers="items",
        source="/shop",
        keep_days=1,
        limits=Limits(per_minute=0, per_second=5000, burst=5000),
        attachments=attachments.by_name(),
    )
    intake.let_erase()
"""


@dataclass
class Place:
    deployed: Deployed
    stack: Stack
    intake: DeployedIntake

    def client(self, service: Any) -> Any:
        return self.deployed.session.client(service)

    @property
    def bucket(self) -> str:
        return self.stack.outputs[names.ATTACHMENTS_BUCKET_OUTPUT]

    def versions(self, prefix: str = "") -> list[str]:
        answer = self.client("s3").list_object_versions(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for kind in ("Versions", "DeleteMarkers") for each in answer.get(kind, [])]

    def effect(self, reference: str) -> bytes | None:
        s3 = self.client("s3")
        try:
            found: bytes = s3.get_object(Bucket=self.stack.outputs["EffectsBucketName"], Key=reference)["Body"].read()
        except ClientError:
            return None
        return found

    def upload(self, content: bytes, *, type_: str = "application/pdf") -> tuple[int, str]:
        """As a program does; the status with which S3 answers, and the file's id."""
        offered = self.intake.ask("/application/files", {"field": "cv", "type": "application/pdf"})
        assert offered.status == 201, offered.body
        fields = offered.json["fields"] | {"Content-Type": type_}
        return self.post(offered.json["url"], fields, content), offered.json["file"]

    def post(self, url: str, fields: dict[str, str], content: bytes) -> int:
        edge = uuid.uuid4().hex
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts += [
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="my cv.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
        ]
        body = "".join(parts).encode() + content + f"\r\n--{edge}--\r\n".encode()
        asked = urllib.request.Request(url, body, {"content-type": f"multipart/form-data; boundary={edge}"})
        context = ssl.create_default_context(cafile=self.deployed.connection.variables["AWS_CA_BUNDLE"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(asked, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code


@pytest.fixture(scope="module")
def place(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("attached") / "app"
    shutil.copytree(places.APP, folder, ignore=shutil.ignore_patterns(".local", "cdk.out*", "__pycache__", ".fanout"))
    (folder / "lambdas" / "keep").mkdir()
    (folder / "lambdas" / "keep" / "__init__.py").write_text("")
    (folder / "lambdas" / "keep" / "handler.py").write_text(HANDLER)
    (folder / "attached.py").write_text(APP)
    shutil.copytree(Path(__file__).parents[1] / "unit" / "intake" / "with_files", folder / "definitions")
    command = f"env PYTHONPATH={folder}:{folder / 'lambdas'} {sys.executable} {folder / 'attached.py'}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(folder / "out")]
    done = a_deployment.cdk("deploy", "--all", "--app", command, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    aws = Aws(a_deployment.session)
    return Place(a_deployment, find(aws, TASKS), DeployedIntake(a_deployment, find(aws, INTAKE), folder / "out"))


def test_a_large_entry_and_its_file_come_to_the_task_whole(deployed: Deployed, place: Place) -> None:
    status, file = place.upload(b"%PDF a CV")
    assert status in (200, 204)
    letter = "ü" * 400_000
    answer = place.intake.ask("/application", {"email": "ada@example.com", "cv": file, "letter": letter})
    assert answer.status == 201, answer.body
    reference = answer.json["reference"]
    deployed.wait_until(lambda: place.effect(reference) is not None, "the task to have it", 60)
    assert place.effect(reference) == b"400000 my cv.pdf application/pdf %PDF a CV"
    assert len(place.versions(f"claims/{reference}/")) == len(place.versions(f"files/{reference}/")) == 1


def test_what_the_policy_forbids_never_arrives(place: Place) -> None:
    assert place.upload(b"x" * 1_001)[0] == 400
    assert place.upload(b"<script>", type_="text/html")[0] == 403
    offered = place.intake.ask("/application/files", {"field": "cv", "type": "application/pdf"}).json
    assert place.post(offered["url"], offered["fields"] | {"key": "claims/somebody/else.json"}, b"x") == 403


def test_a_task_reads_claims_and_files_and_nothing_else(deployed: Deployed, place: Place) -> None:
    place.client("s3").put_object(Bucket=place.bucket, Key="uploads/application/cv/of-somebody", Body=b"x")
    function = place.stack.subscriber("keep").function_name
    role = place.client("lambda").get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    iam = place.client("iam")
    policies = {
        each: iam.get_role_policy(RoleName=role, PolicyName=each)["PolicyDocument"]
        for each in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    s3 = deployed.session_with(policies).client("s3")
    sent = {"email": "ada@example.com", "cv": place.upload(b"%PDF a CV")[1], "letter": "x" * 300_000}
    assert place.intake.ask("/application", sent).status == 201
    for prefix in ("claims/", "files/"):
        s3.get_object(Bucket=place.bucket, Key=place.versions(prefix)[0])["Body"].read()
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=place.bucket, Key=place.versions("uploads/")[0])


def test_an_erasure_leaves_none_of_it(deployed: Deployed, place: Place, tmp_path: Path) -> None:
    references = []
    for _ in range(2):
        _, file = place.upload(b"%PDF a CV")
        sent = {"email": "ada@example.com", "cv": file, "letter": "canary " * 60_000}
        references.append(place.intake.ask("/application", sent).json["reference"])
    theirs, others = references
    deployed.wait_until(lambda: all(place.effect(each) for each in references), "the task to have both", 60)
    policies = [place.stack.outputs[each] for each in (READ, HEAL, ERASE)] + [
        place.intake.stack.outputs[each] for each in (READ, ERASE)
    ]
    held = deployed.session_with({}, *policies).get_credentials()
    assert held is not None
    keys = {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}
    operator = Operator(deployed, tmp_path / "journal", keys, stack=TASKS)
    done = operator.json("erase", "--reference", theirs, "--intake-stack", INTAKE, "--reason", "asked for", "--yes")
    assert done["removed"]["attachments"] == 2
    assert not place.versions(f"claims/{theirs}/") and not place.versions(f"files/{theirs}/")
    assert place.versions(f"claims/{others}/") and place.versions(f"files/{others}/")
