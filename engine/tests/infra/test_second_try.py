"""What the CDK CLI does with a stack whose creation failed, and that our advice is what it needs.

The CLI of node_modules talks to a CloudFormation on this machine that answers as AWS's does: a protected stack is not deleted.
"""

import os
import shlex
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_sqs as sqs

from fanout.ops.deploy import stack_states
from fanout.project import find_cdk

pytestmark = pytest.mark.long

STACK, ACCOUNT, REGION = "Kept", "123456789012", "eu-west-1"
ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/0"
NO_STEP_FURTHER = "this is all that the test asks"


class CloudFormation:
    """One stack: its creation was rolled back, and it is protected. Making a change set is refused: enough was seen."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.state, self.protected = "ROLLBACK_COMPLETE", True

    def answer(self, action: str, given: dict[str, str]) -> tuple[int, str]:
        self.asked.append(action)
        match action:
            case "DescribeStacks":
                gone = self.state == "DELETE_COMPLETE" and given["StackName"] != ID
                return self._refused(f"Stack with id {STACK} does not exist") if gone else (200, self._described())
            case "UpdateTerminationProtection":
                self.protected = given["EnableTerminationProtection"] == "true"
            case "DeleteStack" if self.protected:
                return self._refused(f"Stack [{STACK}] cannot be deleted while TerminationProtection is enabled")
            case "DeleteStack":
                self.state = "DELETE_COMPLETE"
            case "CreateChangeSet":
                return self._refused(NO_STEP_FURTHER)
            case "GetCallerIdentity":
                arn = f"arn:aws:iam::{ACCOUNT}:user/x"
                return 200, _xml(action, f"<Arn>{arn}</Arn><UserId>x</UserId><Account>{ACCOUNT}</Account>")
            case "GetTemplate":
                return 200, _xml(action, "<TemplateBody>{}</TemplateBody>")
        return 200, _xml(action, "")

    def _described(self) -> str:
        protected = str(self.protected).lower()
        told = (
            f"<StackName>{STACK}</StackName><StackId>{ID}</StackId><StackStatus>{self.state}</StackStatus>"
            "<CreationTime>2026-01-01T00:00:00Z</CreationTime>"
            f"<EnableTerminationProtection>{protected}</EnableTerminationProtection>"
        )
        return _xml("DescribeStacks", f"<Stacks><member>{told}</member></Stacks>")

    @staticmethod
    def _refused(message: str) -> tuple[int, str]:
        told = f"<Type>Sender</Type><Code>ValidationError</Code><Message>{message}</Message>"
        return 400, f"<ErrorResponse><Error>{told}</Error></ErrorResponse>"


def _xml(action: str, result: str) -> str:
    return f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    aws = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Of requests nothing is printed."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            given = dict(urllib.parse.parse_qsl(body))
            status, text = aws.answer(given["Action"], given) if "Action" in given else (200, self._bucket())
            out = text.encode()
            self.send_response(status)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_PUT = do_POST  # noqa: N815

        def _bucket(self) -> str:
            """Of S3: whatever is looked for is there already."""
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            if "prefix" not in query:
                return f"<LocationConstraint>{REGION}</LocationConstraint>"
            found = f"<Contents><Key>{query['prefix']}</Key><Size>99</Size></Contents>"
            return f"<ListBucketResult><KeyCount>1</KeyCount>{found}</ListBucketResult>"

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
        "CI": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield aws
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, STACK, termination_protection=True, synthesizer=cdk.CliCredentialsStackSynthesizer())
    sqs.Queue(stack, "Queue")
    app.synth()
    return tmp_path


def deploy(assembly: Path) -> str:
    """What the CLI says; it always fails, as no change set is made here."""
    command = [str(find_cdk()), "deploy", "--app", str(assembly), STACK, "--require-approval", "never"]
    environment = {**os.environ, "CDK_HOME": str(assembly)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode
    return done.stdout + done.stderr


def test_a_second_try_needs_the_protection_lifted_and_our_advice_says_so(aws: CloudFormation, assembly: Path) -> None:
    assert "TerminationProtection is enabled" in deploy(assembly)
    assert "DeleteStack" in aws.asked and "UpdateTerminationProtection" not in aws.asked

    session = boto3.Session()
    advice = stack_states.look(session, REGION, STACK).advice()
    assert advice.does == "run"
    (command,) = [each for each in advice.todo.split("`") if each.startswith("aws ")]
    _, service, operation, *options = shlex.split(command)
    assert (service, operation, options[0]) == (
        "cloudformation",
        "update-termination-protection",
        "--no-enable-termination-protection",
    )
    session.client("cloudformation").update_termination_protection(
        EnableTerminationProtection=False, StackName=options[options.index("--stack-name") + 1]
    )

    assert stack_states.look(session, REGION, STACK).advice().does == "proceed"
    assert NO_STEP_FURTHER in deploy(assembly)
    assert aws.state == "DELETE_COMPLETE"
