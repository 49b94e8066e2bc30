"""The call of a subscriber as it was keeps its template for one version, and says once what to write."""

import json
import warnings
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as Synthesized

from fanout.constructs import Batching, ConfigurationError, Function, Subscriber, Topic
from stacks import settings

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
CONTACT = sns.SubscriptionFilter.string_filter(allowlist=["contact"])


def text(make: Callable[[cdk.Stack], Subscriber]) -> str:
    stack = cdk.Stack(cdk.App(), "Team")
    make(stack)
    return json.dumps(Synthesized.from_stack(stack).to_json(), sort_keys=True)


def today(**arguments: Any) -> str:
    def make(stack: cdk.Stack) -> Subscriber:
        topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=settings.DEV)
        return Subscriber(stack, "Sync", topic=topic, task="archive_order", **arguments)

    return text(make)


OLD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"timeout": Duration.minutes(1)}, {"compute": Function(timeout=Duration.minutes(1))}, "compute=Function(timeout="),
    ({"memory_mib": 512}, {"compute": Function(memory_mib=512)}, "compute=Function(memory_mib=512)"),
    ({"max_concurrency": 2}, {"compute": Function(max_concurrency=2)}, "compute=Function(max_concurrency=2)"),
    ({"concurrency": 3}, {"compute": Function(messages_at_once=3)}, "compute=Function(messages_at_once=3)"),
    ({"favour": "cost"}, {"compute": Function(batching="cost")}, "compute=Function(batching='cost')"),
    (
        {"favour": "cost", "batch_size": 5},
        {"compute": Function(batching=Batching(size=5, window=Duration.seconds(20)))},
        "compute=Function(batching=Batching(size=5, window=",
    ),
    ({"idempotency": False}, {"idempotent": True}, "idempotent=True"),
    ({"attribute_filter": {"shop_id": CONTACT}}, {"only": {"shop_id": ["contact"]}}, "only=..."),
    ({"variables": {"CRM_URL": "x"}}, {"environment": {"CRM_URL": "x"}}, "environment=..."),
]


@pytest.mark.parametrize(("old", "new", "shown"), OLD, ids=lambda each: next(iter(each)) if each else None)
def test_an_old_argument_gives_the_template_of_the_new_one(
    old: dict[str, Any], new: dict[str, Any], shown: str
) -> None:
    with pytest.warns(DeprecationWarning) as warned:
        found = today(**old)
    assert found == today(**new)
    assert [shown in str(each.message) for each in warned] == [True]
    assert warned[0].filename == __file__


def test_a_topic_of_the_cdk_takes_its_settings_from_the_call() -> None:
    def make(stack: cdk.Stack) -> Subscriber:
        topic = sns.Topic.from_topic_arn(stack, "Topic", TOPIC_ARN)
        return Subscriber(stack, "Sync", topic=topic, task="archive_order", settings=settings.DEV)

    with pytest.warns(DeprecationWarning, match=r"Topic\.from_sns\(topic, settings=settings\)"):
        assert text(make) == today()


def test_a_topic_of_the_cdk_without_settings_is_one_line() -> None:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = sns.Topic.from_topic_arn(stack, "Topic", TOPIC_ARN)
    with pytest.raises(ConfigurationError, match=r"^subscriber Sync: topic has no settings: give it a fanout Topic"):
        Subscriber(stack, "Sync", topic=topic, task="archive_order")


def test_the_call_of_today_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        today()


def test_a_word_that_never_was_is_refused_as_it_was() -> None:
    with pytest.raises(ConfigurationError, match="favour is 'speed': expected 'latency' or 'cost'"):
        today(favour="speed")
