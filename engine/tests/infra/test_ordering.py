"""Order is a choice of settings: with it topic, queues and dead-letter queues are FIFO, and nothing else changes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from fanout.checks.engine import check_template
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


def test_our_checks_and_cfn_lint_have_nothing_to_say(ordered: dict[str, Any]) -> None:
    assert list(check_template(ordered)) == []
    assert linted(json.dumps(ordered)) == []
