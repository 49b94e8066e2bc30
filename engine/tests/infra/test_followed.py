"""Which tasks a status page follows: those that hear the topic to which the intake publishes, and through which filter."""

from collections.abc import Sequence

import pytest
from aws_cdk import aws_ssm as ssm

from fanout.constructs import App, ConfigurationError, FanoutStack, Subscriber, Topic
from fanout.constructs.filter import Filter
from fanout.constructs.intake import Followed
from fanout.constructs.topic import AnyTopic
from stacks import settings
from tests.infra.conftest import cdk_context

DEV, PLACED = settings.DEV, "order.placed.v1"


def a_stack() -> FanoutStack:
    return FanoutStack(App(context=cdk_context()), "Orders", settings=DEV)


def reached(followed: Followed | None) -> dict[str, bool]:
    assert followed is not None
    return followed.reached_by(PLACED)


def test_a_task_that_hears_another_topic_is_not_followed() -> None:
    stack = a_stack()
    bills = Topic(stack, "Bills", settings=DEV, main=False)
    orders = Topic(stack, "OrderPlaced", settings=DEV)
    Subscriber(stack, "SendBill", topic=bills, task="notify_partner")
    Subscriber(stack, "Archive", topic=orders, task="archive_order")
    assert reached(Followed.of(stack, DEV)) == {"archive_order": True}
    assert reached(Followed.of(stack, DEV, topic=bills)) == {"notify_partner": True}


def test_a_topic_that_no_task_hears_is_one_line_that_says_what_they_hear() -> None:
    stack = a_stack()
    bills = Topic(stack, "Bills", settings=DEV, main=False)
    Subscriber(stack, "Archive", topic=Topic(stack, "OrderPlaced", settings=DEV), task="archive_order")
    with pytest.raises(ConfigurationError) as raised:
        Followed.of(stack, DEV, topic=bills)
    assert str(raised.value) == (
        "stack Orders: none of its subscribers hears Orders/Bills/Topic; they hear Orders/OrderPlaced/Topic: give"
        " Followed.of(..., topic=...) one of these"
    )


def test_a_stack_without_tasks_has_none_to_follow() -> None:
    stack = a_stack()
    assert Followed.of(stack, DEV, topic=Topic(stack, "OrderPlaced", settings=DEV)) is None


def test_a_topic_that_ssm_tells_is_the_same_in_each_stack() -> None:
    stack = a_stack()
    intake = FanoutStack(App(context=cdk_context()), "Intake", settings=DEV)

    def told(scope: FanoutStack, name: str) -> AnyTopic:
        arn = ssm.StringParameter.value_for_string_parameter(scope, f"/fanout/dev/{name}")
        return Topic.from_arn(scope, name, arn, settings=DEV)

    Subscriber(stack, "Archive", topic=told(stack, "orders"), task="archive_order")
    Subscriber(stack, "SendBill", topic=told(stack, "bills"), task="notify_partner")
    assert reached(Followed.of(stack, DEV, topic=told(intake, "orders"))) == {"archive_order": True}


def test_the_filter_of_a_task_s_one_subscriber_may_stand_alone() -> None:
    filters: tuple[Filter | Sequence[Filter], ...] = ({"type": [PLACED]}, [{"type": [PLACED]}])
    for only in filters:
        followed = Followed(tasks=["archive_order", "send_receipt"], table="records", only={"archive_order": only})
        assert followed.reached_by("order.paid.v1") == {"send_receipt": True}


def test_the_one_topic_that_all_hear_needs_no_name() -> None:
    stack = a_stack()
    for id_, task in (("Archive", "archive_order"), ("Receipts", "send_receipt")):
        topic = Topic.from_arn(stack, f"Of{id_}", "arn:aws:sns:eu-west-1:123456789012:OrderPlaced", settings=DEV)
        Subscriber(stack, id_, topic=topic, task=task)
    assert reached(Followed.of(stack, DEV)) == {"archive_order": True, "send_receipt": True}


@pytest.mark.parametrize("heard", [("Bills", "Returns"), ("Bills",)])
def test_topics_of_which_none_is_the_main_one_are_one_line_that_says_what_to_do(heard: tuple[str, ...]) -> None:
    stack = a_stack()
    for id_ in heard:
        topic = Topic(stack, id_, settings=DEV, main=False)
        Subscriber(stack, f"File{id_}", topic=topic, task="archive_order")
    if len(heard) == 1:
        Topic(stack, "OrderPlaced", settings=DEV)
    with pytest.raises(ConfigurationError) as raised:
        Followed.of(stack, DEV)
    said = ", ".join(f"Orders/{each}/Topic" for each in heard)
    assert str(raised.value) == (
        f"stack Orders: its subscribers hear {said}, and none of these is its main topic: say to which the intake publishes,"
        " Followed.of(..., topic=...)"
    )


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (({"type": [PLACED]}, {"type": ["order.cancelled.v1"]}), {"archive_order": True}),
        (({"type": ["order.cancelled.v1"]}, {"type": [PLACED]}), {"archive_order": True}),
        (({}, {"shop_id": ["hamburg"]}), {"archive_order": True}),
        (({"shop_id": ["berlin"]}, {"shop_id": ["hamburg"]}), {"archive_order": False}),
        (({"shop_id": ["berlin"]}, {"type": ["order.cancelled.v1"]}), {"archive_order": False}),
        (({"type": ["order.paid.v1"]}, {"type": ["order.cancelled.v1"]}), {}),
    ],
)
def test_a_task_of_two_subscribers_gets_what_one_of_their_filters_lets_through(
    filters: tuple[Filter, ...], told: dict[str, bool]
) -> None:
    stack = a_stack()
    topic = Topic(stack, "OrderPlaced", settings=DEV)
    for number, only in enumerate(filters):
        Subscriber(stack, f"Archive{number}", topic=topic, task="archive_order", only=only)
    assert reached(Followed.of(stack, DEV)) == told
