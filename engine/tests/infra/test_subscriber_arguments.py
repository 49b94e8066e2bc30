"""Wrong arguments are errors at synth, in the words of whoever wrote the call."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_sns as sns

from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.compute import Batching, Function
from fanout.constructs.direct import Direct
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.retry import Exponential, Retry
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.places import APP

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"


@pytest.fixture(scope="module")
def subscriber() -> Callable[..., Subscriber]:
    """Makes a subscriber of an imported topic, each in a stack of its own."""
    app = cdk.App()
    made: list[Subscriber] = []

    def make(**arguments: Any) -> Subscriber:
        env = cdk.Environment(account="123456789012", region="eu-west-1")
        stack = cdk.Stack(app, f"Stack{len(made)}x{len(app.node.children)}", env=env)
        topic = Topic.from_arn(stack, "Topic", arguments.pop("topic_arn", TOPIC_ARN), settings=settings.DEV)
        given = {"task": "archive_order", **arguments}
        made.append(Subscriber(stack, "Sync", topic=topic, **given))
        return made[-1]

    return make


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"task": "sync_crm"}, f"task 'sync_crm' has no folder: expected lambdas/sync_crm/handler.py in {APP}"),
        ({"idempotent": "no"}, "subscriber Sync: idempotent is 'no': expected True or False"),
        ({"replayable": "yes"}, "subscriber Sync: replayable is 'yes': expected True or False"),
        ({"task": "."}, "task '.' is no Python name: rename lambdas/."),
        (
            {"compute": Function(timeout=timedelta(minutes=16))},
            "subscriber Sync: timeout is 960: expected 3 to 900 seconds",
        ),
        (
            {"compute": Function(timeout=Duration.seconds(2))},
            "subscriber Sync: timeout is 2: expected 3 to 900 seconds",
        ),
        ({"compute": Function(memory_mib=64)}, "subscriber Sync: memory_mib is 64: expected 128 to 10240"),
        ({"compute": Function(batching=Batching(size=0))}, "subscriber Sync: batching.size is 0: expected 1 to 10000"),
        (
            {"compute": Function(batching=Batching(size=11))},
            "subscriber Sync: batching.size is 11: expected at most 10, or a window of at least 1 second",
        ),
        (
            {"compute": Function(batching=Batching(window=timedelta(minutes=6)))},
            "subscriber Sync: batching.window is 360: expected at most 300 seconds",
        ),
        (
            {"compute": Function(max_concurrency=1)},
            "subscriber Sync: max_concurrency is 1: expected 2 to 1000 (AWS refuses 1)",
        ),
        (
            {"retry": Retry(attempts=3, backoff=[timedelta(seconds=43_200 - 30 - 60 + 1)] * 2, jitter=0)},
            "subscriber Sync: retry.backoff is 43111 to 43111 seconds with jitter: expected 0 to 43110: SQS hides a message"
            " for 43200 seconds from its receive, less the function's timeout, its window, and a minute",
        ),
        ({"retry": Retry(attempts=2)}, "subscriber Sync: retry.attempts is 2: expected 3 to 1000"),
        (
            {"retry": Retry(attempts=100, backoff=Exponential(longest=timedelta(hours=9)))},
            "subscriber Sync: 100 attempts take up to 3667980 seconds, but the queue keeps a message for 345600:"
            " raise queue_retention_days, or lower attempts, delays or timeout",
        ),
        (
            {
                "compute": Function(timeout=timedelta(minutes=15), batching=Batching(window=timedelta(minutes=5))),
                "retry": Retry(attempts=62),
            },
            "subscriber Sync: 62 attempts take up to 551340 seconds, but the queue keeps a message for 345600:"
            " raise queue_retention_days, or lower attempts, delays or timeout",
        ),
        (
            {"environment": {"AWS_REGION": "x"}},
            "subscriber Sync: environment is 'AWS_REGION': expected letters, digits and _ that do not start with"
            " AWS_, FANOUT_, LAMBDA_",
        ),
        (
            {"only": {f"name{n}": sns.SubscriptionFilter.exists_filter() for n in range(6)}},
            "subscriber Sync: only is 6: expected at most 5 attributes, `type` of heartbeats included",
        ),
        (
            {
                "topic_arn": f"{TOPIC_ARN}.fifo",
                "compute": Function(batching=Batching(size=100, window=timedelta(seconds=5))),
            },
            "subscriber Sync: batching.size is 100: expected at most 10 behind a FIFO topic",
        ),
        (
            {"topic_arn": f"{TOPIC_ARN}.fifo", "compute": Function(batching=Batching(window=timedelta(seconds=5)))},
            "subscriber Sync: batching.window is 5: expected none behind a FIFO topic",
        ),
        (
            {"only": {"shop_id": "contact"}},
            "subscriber Sync: only['shop_id'] is 'contact': expected a list of texts, or an sns.SubscriptionFilter",
        ),
        (
            {"only": {"shop_id": []}},
            "subscriber Sync: only['shop_id'] is []: expected a list of texts, or an sns.SubscriptionFilter",
        ),
        (
            {"compute": Function(batching="speed")},  # type: ignore[arg-type]
            "subscriber Sync: batching is 'speed': expected 'latency' or 'cost' or a Batching or None",
        ),
        (
            {"compute": Function(messages_at_once=0)},
            "subscriber Sync: messages_at_once is 0: expected 1 to 100 messages of a batch at a time",
        ),
        (
            {"compute": Function(timeout=30)},  # type: ignore[arg-type]
            "subscriber Sync: timeout is 30: expected a timedelta or a Duration",
        ),
        ({"compute": Function(memory_mib=128.5)}, "subscriber Sync: memory_mib is 128.5: expected a whole number"),  # type: ignore[arg-type]
        (
            {"compute": Function(batching=Batching(size="10"))},  # type: ignore[arg-type]
            "subscriber Sync: batching.size is '10': expected a whole number",
        ),
        (
            {"compute": Direct(maximum_age=None)},  # type: ignore[arg-type]
            "subscriber Sync: maximum_age is None: expected a timedelta or a Duration",
        ),
        (
            {"compute": Function},
            f"subscriber Sync: compute is {Function!r}: expected Function(...), Direct(...) or Worker(...)",
        ),
        (
            {"retry": Retry(backoff=[1, 2])},  # type: ignore[list-item]
            "subscriber Sync: retry.backoff is [1, 2]: expected an Exponential or a list of timedeltas",
        ),
        ({"circuit_breaker": True}, "subscriber Sync: circuit_breaker is True: expected a CircuitBreaker or None"),
        (
            {"circuit_breaker": CircuitBreaker(cool_down=300)},  # type: ignore[arg-type]
            "subscriber Sync: circuit_breaker.cool_down is 300: expected a timedelta",
        ),
        (
            {"replayable": True, "backfill": 30},
            "subscriber Sync: backfill is 30: expected a timedelta or None",
        ),
        ({"owner": "  "}, "subscriber Sync: owner is '  ': expected a team or person"),
        ({"owner": 5}, "subscriber Sync: owner is 5: expected text"),
        ({"environment": {"PORT": 5}}, "subscriber Sync: environment['PORT'] is 5: expected text"),
        ({"environment": ["AB"]}, "subscriber Sync: environment is ['AB']: expected a dict"),
        ({"environment": {5: "AB"}}, "subscriber Sync: a name of environment is 5: expected text"),
        ({"retry": 5}, "subscriber Sync: retry is 5: expected a Retry"),
        ({"task": 5}, "subscriber Sync: task is 5: expected text"),
        ({"settings": "dev"}, "subscriber Sync: settings is 'dev': expected a Settings or None"),
        ({"emits": 5}, "subscriber Sync: emits is 5: expected a dict"),
        ({"only": 5}, "subscriber Sync: only is 5: expected a dict"),
        (
            {"only": {"type": 5}},
            "subscriber Sync: only['type'] is 5: expected a list of texts, or an sns.SubscriptionFilter",
        ),
        (
            {"only": {"type": [["order.placed.v1"]]}},
            "subscriber Sync: only['type'] is [['order.placed.v1']]: expected a list of texts, or an"
            " sns.SubscriptionFilter",
        ),
        (
            {"only": {"shop_id": sns.SubscriptionFilter.string_filter(allowlist=[str(n) for n in range(151)])}},
            "subscriber Sync: only is 151: expected at most 150 combinations of values, types included",
        ),
        (
            {"circuit_breaker": CircuitBreaker(failures=1)},
            "subscriber Sync: circuit_breaker.failures is 1: expected 2 to 1000",
        ),
        (
            {"topic_arn": "OrderPlaced"},
            "topic Topic: the ARN is 'OrderPlaced': expected arn:aws:sns:REGION:ACCOUNT:NAME",
        ),
        (
            {"topic_arn": "arn:aws:sns:us-east-1:123456789012:OrderPlaced"},
            "subscriber Sync: the topic is in us-east-1 and this stack in eu-west-1, and nothing is said of what SNS cannot deliver, which it moves only to a queue in us-east-1: deploy the subscriber to us-east-1, or give undeliverable=, the ARN of a queue in us-east-1",
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
        compute=Function(
            timeout=timedelta(minutes=1),
            memory_mib=512,
            batching=Batching(size=100, window=timedelta(seconds=5)),
            max_concurrency=2,
        ),
        retry=Retry(attempts=8),
        only={"shop_id": sns.SubscriptionFilter.string_filter(allowlist=["contact"])},
        environment={"CRM_URL": "https://crm.example.com"},
    )
