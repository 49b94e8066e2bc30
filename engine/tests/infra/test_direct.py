"""A task without a queue: what its topic may call, what becomes of what fails, and what it is refused."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from fanout.constructs import (
    App,
    CircuitBreaker,
    ConfigurationError,
    Direct,
    FanoutStack,
    Monitoring,
    OperatorPolicies,
    Settings,
    Subscriber,
    Topic,
)
from stacks import settings
from tests.infra.conftest import cdk_context

ORDERED = Settings.development("ordered", owner="orders team", ordered=True)


def stack_of(entry: Settings, outdir: Path, **arguments: Any) -> cdk.Stack:
    app = App(context=cdk_context(), outdir=str(outdir))
    stack = FanoutStack(app, f"Direct-{entry.name}", settings=entry)
    topic = Topic(stack, "OrderPlaced", settings=entry)
    Subscriber(stack, "Purge", topic=topic, task="archive_order", environment={"ARCHIVE_BUCKET": "b"}, **arguments)
    Monitoring(stack, "Watch", topic=topic)
    OperatorPolicies(stack, "Operator", topic=topic)
    return stack


@pytest.fixture(scope="module", params=[settings.DEV, settings.PROD], ids=["dev", "prod"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[assertions.Template]:
    stack = stack_of(request.param, tmp_path_factory.mktemp("out"), compute=Direct(retries=1))
    assert isinstance(app := stack.node.root, cdk.App)
    app.synth()  # refused by the rules of checks
    yield assertions.Template.from_stack(stack)


def test_there_is_a_dead_letter_queue_and_no_other(kept: assertions.Template) -> None:
    kept.resource_count_is("AWS::SQS::Queue", 1)
    kept.resource_count_is("AWS::Lambda::EventSourceMapping", 0)


def test_both_ways_to_fail_end_in_it(kept: assertions.Template) -> None:
    (queue,) = kept.find_resources("AWS::SQS::Queue")
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    kept.has_resource_properties(
        "AWS::SNS::Subscription",
        {
            "Protocol": "lambda",
            "RedrivePolicy": {"deadLetterTargetArn": arn},
            "RawMessageDelivery": assertions.Match.absent(),
        },
    )
    kept.has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {
            "MaximumRetryAttempts": 1,
            "MaximumEventAgeInSeconds": 21_600,
            "DestinationConfig": {"OnFailure": {"Destination": arn}},
        },
    )


def test_the_topic_alone_may_call_it(kept: assertions.Template) -> None:
    (topic,) = [each for each in kept.find_resources("AWS::SNS::Topic") if each.startswith("OrderPlaced")]
    kept.has_resource_properties(
        "AWS::Lambda::Permission", {"Principal": "sns.amazonaws.com", "SourceArn": {"Ref": topic}}
    )


def test_its_handler_is_the_engines(kept: assertions.Template) -> None:
    (function,) = kept.find_resources("AWS::Lambda::Function").values()
    variables = function["Properties"]["Environment"]["Variables"]
    assert function["Properties"]["Handler"] == "fanout.runtime.direct.handle"
    assert variables["FANOUT_RETRY_DELAYS"] == "60"
    assert "FANOUT_QUEUE_URL" not in variables


def test_what_may_be_dropped_has_no_queue_and_rings(tmp_path: Path) -> None:
    direct = Direct(drop_is_ok="a stale page is no harm")
    template = assertions.Template.from_stack(stack_of(settings.DEV, tmp_path, compute=direct))
    template.resource_count_is("AWS::SQS::Queue", 0)
    template.has_resource_properties("AWS::CloudWatch::Alarm", {"MetricName": "AsyncEventsDropped"})
    template.has_resource_properties("AWS::Lambda::EventInvokeConfig", {"DestinationConfig": assertions.Match.absent()})


@pytest.mark.parametrize(
    ("entry", "arguments", "line"),
    [
        (ORDERED, {"compute": Direct()}, "compute is Direct and the topic is FIFO"),
        (settings.DEV, {"compute": Direct(retries=3)}, "subscriber Purge: retries is 3: expected 0, 1 or 2"),
        (
            settings.DEV,
            {"compute": Direct(maximum_age=timedelta(hours=7))},
            "maximum_age is 25200: expected 60 to 21600",
        ),
        (settings.DEV, {"compute": Direct(drop_is_ok=" ")}, "drop_is_ok is ' ': expected why an event may be dropped"),
        (settings.DEV, {"compute": Direct(), "circuit_breaker": CircuitBreaker()}, "circuit_breaker needs a queue"),
    ],
)
def test_what_cannot_be_is_one_line(entry: Settings, arguments: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        stack_of(entry, tmp_path, **arguments)
    assert line in str(raised.value) and "\n" not in str(raised.value)


READ: list[Callable[[Subscriber], object]] = [lambda each: each.queue, lambda each: each.mapping]


@pytest.mark.parametrize("read", READ, ids=["queue", "mapping"])
def test_what_it_does_not_have_is_said(read: Callable[[Subscriber], object], tmp_path: Path) -> None:
    subscriber = stack_of(settings.DEV, tmp_path, compute=Direct()).node.find_child("Purge")
    assert isinstance(subscriber, Subscriber)
    with pytest.raises(ConfigurationError, match=r"^subscriber Purge: it has no "):
        read(subscriber)


def test_an_operator_may_call_it_to_heal_and_the_tools_find_its_subscription(kept: assertions.Template) -> None:
    (function,) = kept.find_resources("AWS::Lambda::Function")
    (heal,) = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for id_, each in kept.find_resources("AWS::IAM::ManagedPolicy").items()
        if id_.startswith("OperatorHeal")
    ]
    called = [each["Resource"] for each in heal if each["Action"] == "lambda:InvokeFunction"]
    assert called == [{"Fn::GetAtt": [function, "Arn"]}]
    (subscription,) = [
        id_ for id_ in kept.find_resources("AWS::SNS::Subscription") if id_.startswith("PurgeSubscription")
    ]
    assert kept.to_json()["Outputs"]["PurgeDirectSubscriptionArn"]["Value"] == {"Ref": subscription}


def test_events_that_wait_for_lambda_ring_before_they_are_given_up(tmp_path: Path) -> None:
    direct = Direct(maximum_age=timedelta(minutes=20))
    template = assertions.Template.from_stack(stack_of(settings.PROD, tmp_path, compute=direct))
    ringing = {"MetricName": "AsyncEventAge", "Threshold": 600_000, "Statistic": "Maximum"}
    template.has_resource_properties("AWS::CloudWatch::Alarm", ringing)
