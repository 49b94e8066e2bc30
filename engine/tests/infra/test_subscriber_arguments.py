"""Wrong arguments are errors at synth, in the words of whoever wrote the call."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_sns as sns

from fanout.constructs.errors import ConfigurationError
from fanout.constructs.retry import Exponential, RetryPolicy
from fanout.constructs.subscriber import Subscriber
from stacks import settings
from tests.places import APP

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:FormSubmitted"


@pytest.fixture(scope="module")
def subscriber() -> Callable[..., Subscriber]:
    """Makes a subscriber of an imported topic, each in a stack of its own."""
    app = cdk.App()
    made: list[Subscriber] = []

    def make(**arguments: Any) -> Subscriber:
        env = cdk.Environment(account="123456789012", region="eu-west-1")
        stack = cdk.Stack(app, f"Stack{len(made)}x{len(app.node.children)}", env=env)
        topic = sns.Topic.from_topic_arn(stack, "Topic", arguments.pop("topic_arn", TOPIC_ARN))
        given = {"task": "archive_submission", "settings": settings.DEV, **arguments}
        made.append(Subscriber(stack, "Sync", topic=topic, **given))
        return made[-1]

    return make


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"task": "sync_crm"}, f"task 'sync_crm' has no folder: expected lambdas/sync_crm/handler.py in {APP}"),
        ({"task": "."}, "task '.' is no Python name: rename lambdas/."),
        ({"timeout": Duration.minutes(16)}, "subscriber Sync: timeout is 960: expected 3 to 900 seconds"),
        ({"timeout": Duration.seconds(2)}, "subscriber Sync: timeout is 2: expected 3 to 900 seconds"),
        ({"memory_mib": 64}, "subscriber Sync: memory_mib is 64: expected 128 to 10240"),
        ({"batch_size": 0}, "subscriber Sync: batch_size is 0: expected 1 to 10000"),
        (
            {"batch_size": 11},
            "subscriber Sync: batch_size is 11: expected at most 10, or a batching_window of at least 1 second",
        ),
        (
            {"batching_window": Duration.minutes(6)},
            "subscriber Sync: batching_window is 360: expected at most 300 seconds",
        ),
        ({"max_concurrency": 1}, "subscriber Sync: max_concurrency is 1: expected 2 to 1000 (AWS refuses 1)"),
        ({"retry": RetryPolicy(attempts=2)}, "subscriber Sync: retry.attempts is 2: expected 3 to 1000"),
        (
            {"retry": RetryPolicy(attempts=100, backoff=Exponential(longest=timedelta(hours=10)))},
            "subscriber Sync: 100 attempts take up to 4069740 seconds, but the queue keeps a message for 345600:"
            " raise queue_retention_days, or lower attempts, delays or timeout",
        ),
        (
            {
                "timeout": Duration.minutes(15),
                "batching_window": Duration.minutes(5),
                "retry": RetryPolicy(attempts=62),
            },
            "subscriber Sync: 62 attempts take up to 551340 seconds, but the queue keeps a message for 345600:"
            " raise queue_retention_days, or lower attempts, delays or timeout",
        ),
        (
            {"variables": {"AWS_REGION": "x"}},
            "subscriber Sync: variables is 'AWS_REGION': expected letters, digits and _ that do not start with"
            " AWS_, FANOUT_, LAMBDA_",
        ),
        (
            {"attribute_filter": {f"name{n}": sns.SubscriptionFilter.exists_filter() for n in range(6)}},
            "subscriber Sync: attribute_filter is 6: expected at most 5 attributes, `type` of heartbeats included",
        ),
        (
            {"topic_arn": f"{TOPIC_ARN}.fifo", "batch_size": 100, "batching_window": Duration.seconds(5)},
            "subscriber Sync: batch_size is 100: expected at most 10 behind a FIFO topic",
        ),
        (
            {"topic_arn": f"{TOPIC_ARN}.fifo", "batching_window": Duration.seconds(5)},
            "subscriber Sync: batching_window is 5: expected none behind a FIFO topic",
        ),
        (
            {"topic_arn": "arn:aws:sns:us-east-1:123456789012:FormSubmitted"},
            "subscriber Sync: the topic is in us-east-1 and this stack in eu-west-1: deploy the subscriber to us-east-1",
        ),
    ],
)
def test_a_wrong_argument_says_what_to_do(
    arguments: dict[str, Any], line: str, subscriber: Callable[..., Subscriber]
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        subscriber(**arguments)
    assert str(raised.value) == line


def test_a_misspelt_argument_is_an_error(subscriber: Callable[..., Subscriber]) -> None:
    with pytest.raises(TypeError, match="batch_sise"):
        subscriber(batch_sise=10)


def test_good_arguments_are_taken(subscriber: Callable[..., Subscriber]) -> None:
    subscriber(
        timeout=Duration.minutes(1),
        memory_mib=512,
        retry=RetryPolicy(attempts=8),
        batch_size=100,
        batching_window=Duration.seconds(5),
        max_concurrency=2,
        attribute_filter={"form_id": sns.SubscriptionFilter.string_filter(allowlist=["contact"])},
        variables={"CRM_URL": "https://crm.example.com"},
    )
