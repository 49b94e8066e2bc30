"""Latency or cost in one word: of a subscriber, else of its settings; what is given by number wins."""

import json
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as Synthesized
from cfnlint.api import lint

from fanout.checks.engine import check_template
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from stacks import settings
from tests.infra.reading import Template, of_type, task_queues

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:FormSubmitted"
CHEAP = replace(settings.PROD, favour="cost")


def synthesized(chosen: Settings = settings.PROD, *, topic_arn: str = TOPIC_ARN, **arguments: Any) -> Template:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = sns.Topic.from_topic_arn(stack, "Topic", topic_arn)
    Subscriber(stack, "Sync", topic=topic, task="archive_submission", settings=chosen, **arguments)
    return dict(Synthesized.from_stack(stack).to_json())


def gathered(template: Template) -> tuple[int, int | None, int]:
    """Batch size, window, and the queue's visibility."""
    (mapping,) = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    (queue,) = task_queues(template).values()
    properties = mapping["Properties"]
    window = properties.get("MaximumBatchingWindowInSeconds")
    return properties["BatchSize"], window, queue["Properties"]["VisibilityTimeout"]


@pytest.mark.parametrize(
    ("chosen", "arguments", "expected"),
    [
        (settings.PROD, {}, (10, None, 180)),
        (CHEAP, {}, (10, 20, 200)),
        (settings.PROD, {"favour": "cost"}, (10, 20, 200)),
        (CHEAP, {"favour": "latency"}, (10, None, 180)),
        (CHEAP, {"batching_window": Duration.seconds(5), "batch_size": 50}, (50, 5, 185)),
        (CHEAP, {"batching_window": Duration.seconds(0)}, (10, None, 180)),
        (CHEAP, {"batch_size": 100}, (100, 20, 200)),
        (settings.PROD, {"batch_size": 1}, (1, None, 180)),
        (CHEAP, {"topic_arn": f"{TOPIC_ARN}.fifo"}, (10, None, 180)),
    ],
)
def test_the_word_chooses_what_is_not_given(
    chosen: Settings, arguments: dict[str, Any], expected: tuple[int, int | None, int]
) -> None:
    assert gathered(synthesized(chosen, **arguments)) == expected


@pytest.mark.parametrize("word", ["latency", "cost"])
def test_either_word_keeps_the_bound_and_passes_every_check(word: str) -> None:
    template = synthesized(replace(settings.PROD, favour=word))  # type: ignore[arg-type]
    (mapping,) = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    assert mapping["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 50}
    assert [each.rule for each in check_template(template)] == []
    found = [each for each in lint(json.dumps(template), regions=["eu-west-1"]) if each.rule.id != "W3005"]
    assert [f"{each.rule.id} {each.message}" for each in found] == []


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigurationError) as raised:
        synthesized(favour="speed")
    assert str(raised.value) == "subscriber Sync: favour is 'speed': expected 'latency' or 'cost'"
