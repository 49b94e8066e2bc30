"""Which tasks a status page follows: those that hear the topic to which the intake publishes, and through which filter."""

import pytest

from fanout.constructs import App, ConfigurationError, FanoutStack, Subscriber, Topic
from fanout.constructs.filter import Filter
from fanout.constructs.intake import Followed
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


def test_a_topic_that_no_task_hears_has_none_to_follow() -> None:
    stack = a_stack()
    bills = Topic(stack, "Bills", settings=DEV, main=False)
    Subscriber(stack, "Archive", topic=Topic(stack, "OrderPlaced", settings=DEV), task="archive_order")
    assert Followed.of(stack, DEV, topic=bills) is None


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
