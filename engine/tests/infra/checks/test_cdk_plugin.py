"""The rules at synth, through CDK's own validation plugins."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource

from fanout.checks.engine import check_templates
from fanout.checks.findings import Acknowledgement
from fanout.checks.plugin import FanoutChecks
from fanout.template.load import load
from tests.places import ENGINE

Build = Callable[[cdk.Stack], None]
TRAPS = {
    "dead-letter-queue": "queue-without-dead-letter-queue",
    "the subscription's dead letters": "subscription-without-dead-letter-queue",
    "envelope": "subscription-not-raw",
    "partial batch": "partial-batch-response-missing",
    "concurrency": "max-concurrency-absent",
    "TLS of the topic": "topic-without-tls",
    "TLS of the queue": "queue-without-tls",
    "logs": "log-group-never-expires",
}


def synth(outdir: Path, build: Build, **options: Any) -> Path:
    app = cdk.App(outdir=str(outdir), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Newcomer")
    build(stack)
    cdk.Validations.of(app).add_plugins(FanoutChecks(**options))
    app.synth()
    return outdir


def as_in_the_readme(stack: cdk.Stack) -> None:
    """What a newcomer writes from CDK's own README."""
    topic = sns.Topic(stack, "Topic")
    queue = sqs.Queue(stack, "Queue")
    topic.add_subscription(subscriptions.SqsSubscription(queue))
    function = lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
    )
    function.add_event_source(SqsEventSource(queue))


def named_queue(stack: cdk.Stack) -> None:
    letters = sqs.Queue(stack, "DeadLetters", enforce_ssl=True, retention_period=cdk.Duration.days(14))
    cdk.CfnOutput(stack, "Letters", value=letters.queue_arn, export_name="letters")
    sqs.Queue(
        stack,
        "Queue",
        queue_name="invoices",
        enforce_ssl=True,
        dead_letter_queue=sqs.DeadLetterQueue(queue=letters, max_receive_count=5),
    )


def acknowledged_in_cdk(stack: cdk.Stack) -> None:
    named_queue(stack)
    name = cdk.Acknowledgment(id="Fanout::physical-name", reason="the mainframe knows it by name")
    cdk.Validations.of(stack.node.find_child("Queue")).acknowledge(name)


def test_an_error_stops_the_synth_and_names_rule_and_construct(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as stopped:
        synth(tmp_path, as_in_the_readme)
    report = str(stopped.value)
    assert "Fanout::queue-without-dead-letter-queue" in report
    assert "Newcomer/Queue/Resource" in report


def test_every_trap_of_the_readme_is_explained(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        synth(tmp_path, as_in_the_readme)
    assert {each.rule for each in check_templates(load(tmp_path))} == set(TRAPS.values())


def test_an_acknowledgement_of_cdk_lets_the_synth_pass_and_is_in_the_report(tmp_path: Path) -> None:
    synth(tmp_path, acknowledged_in_cdk)
    report = (tmp_path / "validation-report.json").read_text()
    assert "the mainframe knows it by name" in json.dumps(json.loads(report))


def test_an_acknowledgement_in_python_does_too(tmp_path: Path) -> None:
    reason = Acknowledgement("physical-name", "Newcomer/Queue", "the mainframe knows it by name")
    synth(tmp_path, named_queue, acknowledgements=[reason])


def test_a_left_over_acknowledgement_stops_the_synth(tmp_path: Path) -> None:
    left_over = Acknowledgement("too-few-attempts", "Newcomer/Queue", "it had one attempt")
    with pytest.raises(RuntimeError, match="matches no finding"):
        synth(tmp_path, acknowledged_in_cdk, acknowledgements=[left_over])


def test_the_line_of_the_readme_puts_the_rules_into_any_app_of_the_cdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = re.search(r"<!-- checks -->\n```python\n(.*?)```", (ENGINE / "README.md").read_text("utf-8"), re.DOTALL)
    assert found
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))
    made: dict[str, Any] = {}
    exec(found[1], made)
    as_in_the_readme(cdk.Stack(made["app"], "Newcomer"))
    with pytest.raises(RuntimeError, match="Fanout::queue-without-dead-letter-queue"):
        made["app"].synth()
