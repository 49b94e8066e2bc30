"""Latency or cost in one word: of a subscriber, else of its settings; what is given by number wins."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk.assertions import Template as Synthesized

from fanout.checks.engine import check_template
from fanout.constructs.compute import Batching, Function
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.linted import linted
from tests.infra.reading import Template, of_type, task_queues

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
CHEAP = replace(settings.PROD, batching="cost")


def synthesized(chosen: Settings = settings.PROD, *, topic_arn: str = TOPIC_ARN, **compute: Any) -> Template:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = Topic.from_arn(stack, "Topic", topic_arn, settings=chosen)
    Subscriber(stack, "Sync", topic=topic, task="archive_order", compute=Function(**compute))
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
        (settings.PROD, {"batching": "cost"}, (10, 20, 200)),
        (CHEAP, {"batching": "latency"}, (10, None, 180)),
        (CHEAP, {"batching": Batching(size=50, window=Duration.seconds(5))}, (50, 5, 185)),
        (CHEAP, {"batching": Batching()}, (10, None, 180)),
        (CHEAP, {"batching": Batching(size=100, window=timedelta(seconds=20))}, (100, 20, 200)),
        (settings.PROD, {"batching": Batching(size=1)}, (1, None, 180)),
        (CHEAP, {"topic_arn": f"{TOPIC_ARN}.fifo"}, (10, None, 180)),
    ],
)
def test_the_word_chooses_what_is_not_given(
    chosen: Settings, arguments: dict[str, Any], expected: tuple[int, int | None, int]
) -> None:
    assert gathered(synthesized(chosen, **arguments)) == expected


@pytest.mark.long
@pytest.mark.parametrize("word", ["latency", "cost"])
def test_either_word_keeps_the_bound_and_passes_every_check(word: str) -> None:
    template = synthesized(replace(settings.PROD, batching=word))  # type: ignore[arg-type]
    (mapping,) = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    assert mapping["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 50}
    assert [each.rule for each in check_template(template)] == []
    assert linted(json.dumps(template)) == []


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigurationError) as raised:
        synthesized(batching="speed")
    assert (
        str(raised.value) == "subscriber Sync: batching is 'speed': expected 'latency' or 'cost' or a Batching or None"
    )
