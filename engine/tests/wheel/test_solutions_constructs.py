"""What AWS Solutions Constructs make, fourteen patterns and an empty stack, is judged: usably, and rightly by reading.

https://docs.aws.amazon.com/solutions/latest/constructs/welcome.html
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VERSION = "2.105.0"
PATTERNS = {
    "aws_sqs_lambda.SqsToLambda": ["lambda_function_props"],
    "aws_sns_sqs.SnsToSqs": [],
    "aws_sns_lambda.SnsToLambda": ["lambda_function_props"],
    "aws_lambda_sns.LambdaToSns": ["lambda_function_props"],
    "aws_lambda_sqs.LambdaToSqs": ["lambda_function_props"],
    "aws_lambda_sqs_lambda.LambdaToSqsToLambda": ["producer_lambda_function_props", "consumer_lambda_function_props"],
    "aws_eventbridge_sqs.EventbridgeToSqs": ["event_rule_props"],
    "aws_eventbridge_sns.EventbridgeToSns": ["event_rule_props"],
    "aws_eventbridge_lambda.EventbridgeToLambda": ["event_rule_props", "lambda_function_props"],
    "aws_s3_sqs.S3ToSqs": [],
    "aws_s3_sns.S3ToSns": [],
    "aws_s3_lambda.S3ToLambda": ["lambda_function_props"],
    "aws_apigateway_sqs.ApiGatewayToSqs": [],
    "aws_dynamodbstreams_lambda.DynamoDBStreamsToLambda": ["lambda_function_props"],
}
APP = """\
import sys
from importlib import import_module
import aws_cdk as cdk
from aws_cdk import aws_events as events, aws_lambda as lambda_

def given(name):
    if name == "event_rule_props":
        return events.RuleProps(schedule=events.Schedule.rate(cdk.Duration.minutes(5)))
    code = lambda_.Code.from_inline("def handle(event, context): pass")
    return lambda_.FunctionProps(runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handle", code=code)

app = cdk.App(outdir=sys.argv[1])
for pattern, names in {patterns!r}.items():
    module, _, name = pattern.partition(".")
    make = getattr(import_module("aws_solutions_constructs." + module), name)
    make(cdk.Stack(app, name), "Pattern", **{{each: given(each) for each in names}})
cdk.Stack(app, "Empty")
app.synth()
"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("solutions")
    names = [*(pattern.partition(".")[0].replace("_", "-") for pattern in PATTERNS), "core", "resources"]
    wanted = [f"aws-solutions-constructs.{name}=={VERSION}" for name in names]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder / "packages")]
    subprocess.run([*pip, *wanted], check=True, capture_output=True)
    (folder / "app.py").write_text(APP.format(patterns=PATTERNS))
    made = subprocess.run(
        [sys.executable, str(folder / "app.py"), str(folder / "cdk.out")],
        env={**os.environ, "PYTHONPATH": str(folder / "packages"), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    return folder / "cdk.out"


def fanout(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fanout", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def stack_of(finding: dict[str, Any]) -> str:
    return str(finding["path"]).partition("/")[0]


def test_the_folder_is_usable_and_its_findings_are_those_that_reading_confirms(assembly: Path) -> None:
    done = fanout("check", assembly, "--format", "json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    errors = {(stack_of(each), each["rule"]) for each in found if each["severity"] == "error"}
    queues = {
        "ApiGatewayToSqs",
        "EventbridgeToSqs",
        "LambdaToSqs",
        "LambdaToSqsToLambda",
        "S3ToSqs",
        "SnsToSqs",
        "SqsToLambda",
    }
    # Each pattern's queue and dead-letter queue keep messages for four days, and nothing watches the second.
    assert {stack for stack, rule in errors if rule == "dead-letter-retention-not-longer"} == queues
    assert {stack for stack, rule in errors if rule == "dead-letter-queue-without-alarm"} == {
        *queues,
        "DynamoDBStreamsToLambda",
    }
    assert errors - {(stack, rule) for stack, rule in errors if rule.startswith("dead-letter-")} == {
        ("SqsToLambda", "partial-batch-response-missing"),
        ("LambdaToSqsToLambda", "partial-batch-response-missing"),
        ("SnsToLambda", "subscription-without-dead-letter-queue"),
        ("SnsToSqs", "subscription-without-dead-letter-queue"),
        ("SnsToSqs", "key-open-to-service"),
    }


def test_what_they_get_right_is_not_said_to_be_wrong(assembly: Path) -> None:
    rules = {each["rule"] for each in json.loads(fanout("check", assembly, "--format", "json").stdout)}
    assert not rules & {
        "queue-policy-missing", "topic-policy-missing", "function-refuses-sender", "sender-role-refused",
        "queue-key-refuses-sns", "key-refuses-sender", "queue-without-tls", "topic-without-tls", "macro-unseen",
    }  # fmt: skip


@pytest.mark.parametrize("command", [["cost", "--assembly"], ["docs", "--out", "{out}"]])
def test_cost_and_docs_take_the_folder_too(command: list[str], assembly: Path, tmp_path: Path) -> None:
    done = fanout(*(each.format(out=tmp_path / "about") for each in command), assembly)
    assert done.returncode == 0, done.stderr
