"""Order is a choice of settings: with it topic, queues and dead-letter queues are FIFO, and nothing else changes."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from fanout.checks.engine import check_template
from fanout.constructs import ConfigurationError, Topic
from stacks import settings
from stacks.order_events_stack import OrderEventsStack
from tests.infra.conftest import cdk_context
from tests.infra.linted import linted
from tests.infra.reading import Synth, of_type


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("ordered")
    app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    OrderEventsStack(app, "OrderEvents-staging", settings=replace(settings.STAGING, ordered=True))
    app.synth()
    template: dict[str, Any] = json.loads((folder / "OrderEvents-staging.template.json").read_text())
    return template


@pytest.mark.long
def test_topic_queues_and_dead_letter_queues_are_fifo(ordered: dict[str, Any]) -> None:
    topic = ordered["Resources"][ordered["Outputs"]["TopicArn"]["Value"]["Ref"]]["Properties"]
    assert topic["FifoTopic"] is True and topic["TopicName"].endswith(".fifo")
    queues = of_type(ordered, "AWS::SQS::Queue").values()
    assert len(queues) == 6 and all(each["Properties"]["FifoQueue"] is True for each in queues)
    for mapping in of_type(ordered, "AWS::Lambda::EventSourceMapping").values():
        assert mapping["Properties"]["BatchSize"] <= 10
        assert "MaximumBatchingWindowInSeconds" not in mapping["Properties"]


def test_groups_do_not_share_their_throughput_or_their_duplicates(ordered: dict[str, Any]) -> None:
    for each in of_type(ordered, "AWS::SQS::Queue").values():
        assert each["Properties"]["FifoThroughputLimit"] == "perMessageGroupId"
        assert each["Properties"]["DeduplicationScope"] == "messageGroup"
        assert "ContentBasedDeduplication" not in each["Properties"]


def test_nothing_else_changes(ordered: dict[str, Any], synth: Synth) -> None:
    assert set(ordered["Resources"]) == set(synth["staging"]["Resources"])
    for kind in ("AWS::Lambda::Function", "AWS::IAM::Policy", "AWS::SQS::QueuePolicy", "AWS::SNS::Subscription"):
        assert of_type(ordered, kind) == of_type(synth["staging"], kind)


ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"


@pytest.mark.parametrize(
    ("arn", "rest"),
    [
        (ARN, "its ARN does not end in .fifo: say ordered=False, or name a FIFO topic"),
        (
            cdk.Fn.import_value("TopicArn"),
            "its ARN, which the deployment knows, does not say FIFO: write the ARN out, or give the FIFO topic's construct",
        ),
    ],
    ids=["standard", "known at deployment"],
)
def test_settings_promise_no_order_of_a_topic_whose_queues_would_keep_none(arn: str, rest: str) -> None:
    entry = replace(settings.DEV, ordered=True)
    stack = cdk.Stack(cdk.App(), "Team")
    line = f"topic T: settings dev say ordered, and {rest}"
    with pytest.raises(ConfigurationError, match=f"^{re.escape(line)}$"):
        Topic.from_arn(stack, "T", arn, settings=entry)
    assert Topic.from_arn(stack, "Known", f"{ARN}.fifo", settings=entry).topic.fifo
    assert Topic.from_sns(sns.Topic(stack, "Own", fifo=True), settings=entry).topic.fifo


@pytest.mark.long
def test_our_checks_and_cfn_lint_have_nothing_to_say(ordered: dict[str, Any]) -> None:
    assert list(check_template(ordered)) == []
    assert linted(json.dumps(ordered)) == []
