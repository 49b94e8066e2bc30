"""What a user writes for six situations, as mypy sees it, and what is deployed of it."""

from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Synthesized

from fanout.constructs import Batching, CircuitBreaker, Function, Retry, Settings, Subscriber, Topic
from tests.infra.reading import Template, of_type, task_queues

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
TASK = "archive_order"
SETTINGS = Settings.production("team", owner="CRM team", alarm_recipients=("crm@example.com",))


@pytest.fixture(scope="module")
def template() -> Template:
    stack = cdk.Stack(cdk.App(), "Team")
    orders = Topic.from_arn(stack, "OrderPlaced", TOPIC_ARN, settings=SETTINGS)
    Subscriber(stack, "Minimal", topic=orders, task=TASK)
    Subscriber(stack, "Filtered", topic=orders, task=TASK, only={"shop_id": ["contact", "quote"]})
    Subscriber(stack, "Slow", topic=orders, task=TASK, compute=Function(timeout=timedelta(minutes=10), memory_mib=2048))
    batching = Batching(size=100, window=timedelta(minutes=1))
    Subscriber(stack, "Batched", topic=orders, task=TASK, compute=Function(batching=batching))
    Subscriber(
        stack,
        "Guarded",
        topic=orders,
        task=TASK,
        compute=Function(max_concurrency=2),
        retry=Retry(attempts=8),
        circuit_breaker=CircuitBreaker(),
    )
    ordered = Topic.from_arn(stack, "Ordered", f"{TOPIC_ARN}.fifo", settings=SETTINGS)
    Subscriber(stack, "Ledger", topic=ordered, task=TASK)
    return dict(Synthesized.from_stack(stack).to_json())


def of(template: Template, kind: str, id_: str) -> dict[str, Any]:
    (found,) = [
        each["Properties"]
        for name, each in of_type(template, kind).items()
        if name.startswith(id_) and "Closer" not in name
    ]
    return dict(found)


def mapping(template: Template, id_: str) -> dict[str, Any]:
    return of(template, "AWS::Lambda::EventSourceMapping", id_)


def queue(template: Template, id_: str) -> dict[str, Any]:
    (found,) = [each["Properties"] for name, each in task_queues(template).items() if name.startswith(id_)]
    return dict(found)


def test_the_least_call_has_the_defaults_of_its_topics_settings(template: Template) -> None:
    found = mapping(template, "Minimal")
    assert (found["BatchSize"], found["ScalingConfig"]) == (10, {"MaximumConcurrency": 50})
    assert queue(template, "Minimal")["VisibilityTimeout"] == 180
    assert queue(template, "Minimal")["MessageRetentionPeriod"] == 7 * 86_400


def test_a_filter_is_a_list_of_values(template: Template) -> None:
    policy = of(template, "AWS::SNS::Subscription", "Filtered")["FilterPolicy"]
    assert policy["$or"][0] == {"shop_id": ["contact", "quote"]}


def test_a_slow_task_hides_its_messages_six_times_as_long(template: Template) -> None:
    function = of(template, "AWS::Lambda::Function", "SlowFunction")
    assert (function["Timeout"], function["MemorySize"]) == (600, 2048)
    assert queue(template, "Slow")["VisibilityTimeout"] == 3600


def test_a_batch_waits_for_its_window(template: Template) -> None:
    found = mapping(template, "Batched")
    assert (found["BatchSize"], found["MaximumBatchingWindowInSeconds"]) == (100, 60)
    assert queue(template, "Batched")["VisibilityTimeout"] == 240


def test_a_guarded_task_tries_often_and_little_at_a_time(template: Template) -> None:
    assert mapping(template, "Guarded")["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert queue(template, "Guarded")["RedrivePolicy"]["maxReceiveCount"] == 8
    variables = of(template, "AWS::Lambda::Function", "GuardedFunction")["Environment"]["Variables"]
    assert variables["FANOUT_CIRCUIT_FAILURES"] == "20"


def test_behind_a_fifo_topic_the_same_call_keeps_the_order(template: Template) -> None:
    assert queue(template, "Ledger")["FifoQueue"] is True
