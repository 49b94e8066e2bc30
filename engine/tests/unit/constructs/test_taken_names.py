"""A name that an account and Region has once is refused at synth where two lines of an app ask for it, and says who has it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import aws_cdk as cdk
import pytest
from constructs import Construct

from fanout.constructs import (
    ConfigurationError,
    FanoutStack,
    Heartbeat,
    Monitoring,
    Settings,
    Subscriber,
    Topic,
    Worker,
)
from fanout.constructs.attachments import Attachments
from fanout.constructs.taken_names import take_name
from stacks import settings

ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
ELSEWHERE = replace(settings.DEV, workers="elsewhere", heartbeat=timedelta(minutes=5), alarms="full")


def topic(stack: "Stack") -> None:
    Topic(stack, "OrderPlaced", settings=stack.entry)


def heartbeat(stack: "Stack") -> None:
    Heartbeat(stack, "Beat", topic=Topic.from_arn(stack, "OrderPlaced", ARN, settings=stack.entry))


def worker(stack: "Stack") -> None:
    orders = Topic.from_arn(stack, "OrderPlaced", ARN, settings=stack.entry)
    Subscriber(stack, "Archive", topic=orders, task="archive_order", compute=Worker())


def attachments(stack: "Stack") -> None:
    Attachments(stack, "Files", settings=stack.entry, keep_days=60).by_name()


class Stack(FanoutStack):
    def __init__(self, scope: Construct, id_: str, entry: Settings) -> None:
        super().__init__(scope, id_, settings=entry)
        self.entry = entry


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (topic, "B/OrderPlaced: the SSM parameter /fanout/dev/topic-arn is already that of A/OrderPlaced: say main=False"),
        (heartbeat, "B/Beat: the schedule group fanout-dev is already that of A/Beat: a topic has one Heartbeat"),
        (worker, "B/Archive: the SSM parameter /fanout/dev/workers/archive_order is already that of A/Archive: a task has"),
        (attachments, "B/Files: the SSM parameter /fanout/dev/attachments-bucket is already that of A/Files: give each"),
    ],
    ids=["topic", "heartbeat", "worker elsewhere", "attachments"],
)  # fmt: skip
def test_two_stacks_of_an_app_with_one_name_are_one_line(line: Callable[[Stack], None], refused: str) -> None:
    app = cdk.App()
    line(Stack(app, "A", ELSEWHERE))
    second = Stack(app, "B", ELSEWHERE)
    with pytest.raises(ConfigurationError) as raised:
        line(second)
    assert str(raised.value).startswith(refused)
    line(Stack(app, "C", replace(ELSEWHERE, name="team")))
    line(Stack(app, "D", replace(ELSEWHERE, account="123456789012", region="eu-west-1")))
    line(Stack(cdk.App(), "A", ELSEWHERE))


def test_stages_that_may_be_deployed_to_two_accounts_may_have_one_name_each() -> None:
    app = cdk.App()
    for stage in ("Blue", "Green"):
        topic(Stack(cdk.Stage(app, stage), "A", ELSEWHERE))
    again = Stack(cdk.Stage(app, "Red"), "A", ELSEWHERE)
    topic(again)
    with pytest.raises(
        ConfigurationError, match=r"^Red/B/OrderPlaced: the SSM parameter \S+ is already that of Red/A/"
    ):
        topic(Stack(cdk.Stage.of(again) or app, "B", ELSEWHERE))


def test_stages_of_one_account_and_region_have_a_name_once() -> None:
    app, known = cdk.App(), cdk.Environment(account="123456789012", region="eu-west-1")
    first, second = (Stack(cdk.Stage(app, each, env=known), "A", ELSEWHERE) for each in ("Blue", "Green"))
    topic(first)
    with pytest.raises(
        ConfigurationError, match=r"^Green/A/OrderPlaced: the SSM parameter \S+ is already that of Blue/A/"
    ):
        topic(second)


def test_a_second_monitoring_of_a_stack_would_have_the_name_of_its_alarm() -> None:
    stack = Stack(cdk.App(), "A", ELSEWHERE)
    orders = Topic.from_arn(stack, "OrderPlaced", ARN, settings=ELSEWHERE)
    Monitoring(stack, "Watch", topic=orders)
    with pytest.raises(
        ConfigurationError, match=r"^A/Again: the alarm A-NeedsAPerson is already that of A/Watch: a stack"
    ):
        Monitoring(stack, "Again", topic=orders)


def test_a_name_of_one_kind_is_free_for_another() -> None:
    stack = cdk.Stack(cdk.App(), "A")
    first = Construct(stack, "First")
    for _ in range(2):
        take_name(first, "alarm", "it", "")
    take_name(Construct(stack, "Second"), "schedule group", "it", "")
