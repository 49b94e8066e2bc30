"""What a subscription's filter keeps back is told as filtered out, and what is not known is never told as absent."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout.cli import where as where_command
from fanout.contracts.ids import Ids
from fanout.errors import OpsError, Unusable
from fanout.ops.aws.line import Line
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, Subscription, read_subscriptions
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.send.event import _begin
from fanout.ops.timeline import state as states
from fanout.ops.timeline.filters import judge_unseen
from fanout.ops.timeline.state import EventState
from fanout.publisher import Event
from fanout.template.filter_policy import matches, refusing_keys

ORDERS, RETURNS = "arn:aws:sns:eu-west-1:1:Orders", "arn:aws:sns:eu-west-1:1:Returns"


@pytest.mark.parametrize(
    ("policy", "values", "passes"),
    [
        ({}, {}, True),
        ({"shop": ["a", "b"]}, {"shop": "b"}, True),
        ({"shop": ["a", "b"]}, {"shop": "c"}, False),
        ({"shop": ["a"]}, {}, False),
        ({"shop": ["a"], "type": ["x"]}, {"shop": "a", "type": "y"}, False),
        ({"shop": [{"exists": False}]}, {}, True),
        ({"shop": [{"exists": True}]}, {}, False),
        ({"shop": [{"prefix": "be"}]}, {"shop": "berlin"}, True),
        ({"shop": [{"suffix": ["in", "on"]}]}, {"shop": "london"}, True),
        ({"shop": [{"equals-ignore-case": "Berlin"}]}, {"shop": "BERLIN"}, True),
        ({"shop": [{"anything-but": ["a", "b"]}]}, {"shop": "c"}, True),
        ({"shop": [{"anything-but": ["a", "b"]}]}, {"shop": "a"}, False),
        ({"shop": [{"anything-but": "a"}]}, {}, False),
        ({"shop": [{"anything-but": {"prefix": "test-"}}]}, {"shop": "test-1"}, False),
        ({"shop": [{"anything-but": {"prefix": "test-"}}]}, {"shop": "berlin"}, True),
        ({"price": [{"numeric": [">", 0, "<=", 100]}]}, {"price": 100}, True),
        ({"price": [{"numeric": [">", 0, "<=", 100]}]}, {"price": 0}, False),
        ({"price": [{"numeric": ["=", 3]}]}, {"price": "3"}, False),
        ({"from": [{"cidr": "10.0.0.0/24"}]}, {"from": "10.0.0.7"}, True),
        ({"from": [{"cidr": "10.0.0.0/24"}]}, {"from": "10.0.1.7"}, False),
        ({"from": [{"cidr": "10.0.0.0/24"}]}, {"from": "nowhere"}, False),
        ({"shop": ["b"]}, {"shop": ["a", "b"]}, True),
        ({"data": {"shop": ["a"]}}, {"data": {"shop": "a"}}, True),
        ({"data": {"shop": ["a"]}}, {"data": "text"}, False),
        ({"$or": [{"shop": ["a"]}, {"type": ["x"]}]}, {"type": "x"}, True),
        ({"$or": [{"shop": ["a"]}, {"type": ["x"]}]}, {"type": "y"}, False),
        ({"shop": [{"an-operator-of-next-year": 1}]}, {"shop": "a"}, None),
        ({"shop": [{"an-operator-of-next-year": 1}], "type": ["x"]}, {"shop": "a", "type": "y"}, False),
    ],
)
def test_a_filter_judges_as_sns_does(policy: dict[str, Any], values: dict[str, Any], passes: bool | None) -> None:
    assert matches(policy, values) is passes
    assert bool(refusing_keys(policy, values)) is (passes is False)


def test_of_an_event_that_is_known_in_part_only_what_is_known_is_judged() -> None:
    policy = {"shop": ["a"], "type": ["x"]}
    assert matches(policy, {"shop": "a"}, partial=True) is None
    assert matches(policy, {"shop": "b"}, partial=True) is False
    assert matches({"data": {"shop": ["a"]}}, {}, partial=True) is None
    assert refusing_keys(policy, {"shop": "b"}, partial=True) == ["shop"]


def refusal(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, operation)


def subscriber(task: str, *subscriptions: tuple[str, dict[str, Any]] | ClientError) -> DeployedSubscriber:
    """One whose queue has these subscriptions: (topic, filter policy)."""

    def pages(TopicArn: str) -> list[dict[str, Any]]:
        for each in subscriptions:
            if isinstance(each, ClientError):
                raise each
        found = [
            {"Endpoint": f"arn:aws:sqs:eu-west-1:1:{task}", "SubscriptionArn": str(number)}
            for number, (topic, _) in enumerate(cast(Any, subscriptions))
            if topic == TopicArn
        ]
        return [{"Subscriptions": [{"Endpoint": "arn:aws:sqs:eu-west-1:1:other", "SubscriptionArn": "x"}, *found]}]

    def attributes(SubscriptionArn: str) -> dict[str, Any]:
        policy = cast(Any, subscriptions)[int(SubscriptionArn)][1]
        return {"Attributes": {"FilterPolicy": json.dumps(policy)} if policy else {}}

    topics = [each[0] if isinstance(each, tuple) else ORDERS for each in subscriptions]
    statements = [{"Condition": {"ArnEquals": {"aws:SourceArn": topic}}} for topic in topics]
    sqs = SimpleNamespace(
        get_queue_attributes=lambda **_: {"Attributes": {"Policy": json.dumps({"Statement": statements})}}
    )
    sns = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=pages), get_subscription_attributes=attributes
    )
    aws = cast(Aws, SimpleNamespace(sqs=sqs, sns=sns))
    return DeployedSubscriber(aws, task, task, f"https://sqs/1/{task}", f"https://sqs/1/{task}-dead", task)


def line(**ids: str) -> Line:
    return Line("done", "m1", 1, datetime(2026, 1, 1, tzinfo=UTC), "e1", Ids(named=tuple(ids.items())))


def seen(task: str, **ids: str) -> EventState:
    return EventState(task, states.DONE, (line(**ids),))


def unseen(task: str) -> EventState:
    return EventState(task, states.NOT_FOUND)


def test_a_filter_that_keeps_the_event_back_is_named_with_its_key() -> None:
    everything, some = subscriber("all", (ORDERS, {})), subscriber("some", (ORDERS, {"shop": ["berlin"]}))
    _, state = judge_unseen([(everything, seen("all", shop="rome")), (some, unseen("some"))])
    assert (state.state, state.said(), state.is_well) == (states.FILTERED_OUT, "filtered out: shop", True)
    assert state.as_dict()["filtered_out_by"] == ["shop"]


def test_an_event_that_should_be_there_and_was_not_seen_is_not_told_as_absent() -> None:
    everything, some = subscriber("all", (ORDERS, {})), subscriber("some", (ORDERS, {"shop": ["rome"]}))
    _, state = judge_unseen([(everything, seen("all", shop="rome")), (some, unseen("some"))])
    assert (state.state, state.is_well) == (states.NOT_FOUND, False)
    assert state.said() == "not seen: no record, no log line and no dead letter of it"


def test_what_cannot_be_judged_is_said() -> None:
    some = subscriber("some", (ORDERS, {"shop": ["rome"]}))
    (state,) = judge_unseen([(some, unseen("some"))])
    assert state.state == states.NOT_FOUND
    assert state.said().endswith("; its filter looks at shop, not known of this event")


def test_a_dead_letter_of_another_task_knows_all_attributes() -> None:
    attributes = {"price": {"DataType": "Number", "StringValue": "7"}}
    message = DeadLetterMessage("m1", "r", "{}", attributes, {})
    cheap = subscriber("cheap", (ORDERS, {"price": [{"numeric": ["<", 5]}]}))
    dead = EventState("all", states.DEAD, message=message)
    _, state = judge_unseen([(subscriber("all", (ORDERS, {})), dead), (cheap, unseen("cheap"))])
    assert state.said() == "filtered out: price"


def test_a_subscriber_of_another_topic_is_not_counted() -> None:
    orders, returns = subscriber("orders", (ORDERS, {})), subscriber("returns", (RETURNS, {}))
    _, state = judge_unseen([(orders, seen("orders")), (returns, unseen("returns"))])
    assert (state.state, state.is_well) == (states.OTHER_TOPIC, True)


def test_where_sns_may_not_be_asked_nothing_is_concluded() -> None:
    closed = subscriber("closed", refusal("ListSubscriptionsByTopic"))
    _, state = judge_unseen([(subscriber("all", (ORDERS, {})), seen("all", shop="rome")), (closed, unseen("closed"))])
    assert state.state == states.NOT_FOUND


def test_a_filter_that_could_not_be_read_is_told_beside_not_seen() -> None:
    closed, open_ = subscriber("closed", refusal("ListSubscriptionsByTopic")), subscriber("open", (ORDERS, {}))
    found = [(each, unseen(each.task)) for each in (closed, open_)] + [(open_, seen("all"))]
    first, *others = judge_unseen(found)
    (why,) = first.completeness.unseen
    assert why.startswith("its filter: ") and "ListSubscriptionsByTopic" in why
    assert first.said().endswith(f"; not looked at: {why}") and first.as_dict()["unseen"] == [why]
    assert [each.completeness.unseen for each in others] == [(), ()]


def test_send_waits_for_no_subscriber_that_never_gets_the_event() -> None:
    tasks = (
        subscriber("all", (ORDERS, {})),
        subscriber("some", (ORDERS, {"shop": ["berlin"]})),
        subscriber("returns", (RETURNS, {})),
        subscriber("closed", refusal("ListSubscriptionsByTopic")),
    )
    stack = Stack(cast(Aws, None), "S", "a:b:c:d:e", "CREATE_COMPLETE", {"TopicArn": ORDERS}, tasks)
    event = Event("e1", "order", "", "", 2, "{}", {"shop": "rome"})
    progress = {each.subscriber.task: each for each in _begin(stack, [event])}
    assert {task: each.states["e1"] for task, each in progress.items()} == {
        "all": states.NOT_FOUND, "some": states.FILTERED_OUT, "closed": states.NOT_FOUND
    }  # fmt: skip
    assert progress["some"].is_over and progress["some"].is_well
    assert not progress["all"].is_over


def test_a_filter_on_the_body_is_judged_by_the_body() -> None:
    found = Subscription(ORDERS, {"data": {"shop": ["rome"]}}, in_body=True)
    assert found.lets_through(KnownEvent({"shop": "berlin"}, {"data": {"shop": "rome"}})) is True
    assert found.lets_through(KnownEvent({}, {"data": {"shop": "berlin"}})) is False
    assert found.lets_through(KnownEvent({"shop": "rome"}, partial=True)) is None


def test_each_subscription_of_the_queue_is_read() -> None:
    both = subscriber("both", (ORDERS, {"shop": ["a"]}), (RETURNS, {}))
    assert [(each.topic_arn, each.policy) for each in read_subscriptions(both)] == [
        (ORDERS, {"shop": ["a"]}),
        (RETURNS, {}),
    ]


def test_a_stack_without_a_topic_cannot_be_published_to() -> None:
    stack = Stack(cast(Aws, None), "CrmTeam", "a:b:c:d:e", "CREATE_COMPLETE", {}, ())
    with pytest.raises(OpsError, match="^the stack CrmTeam has no topic: "):
        print(stack.topic_arn)


@pytest.mark.parametrize("id_", ["", "  "])
def test_where_of_nothing_is_refused(id_: str) -> None:
    with pytest.raises(Unusable, match="^which event"):
        where_command.where(stack="S", env=None, profile=None, region=None, id_=id_)
