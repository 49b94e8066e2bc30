"""A fan-out that is found from its topic: what leads to what, and what is said of what cannot be followed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from fanout.errors import OpsError, Unusable
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters import summary
from fanout.ops.recipients import unheard
from fanout.ops.send.event import require_outcomes
from fanout.ops.send.queue import OutgoingMessage
from fanout.ops.status import report
from tests.unit.ops.aws.sqs import refused
from tests.unit.ops.given import message

HERE = "arn:aws:{}:eu-west-1:111111111111:{}"
TOPIC = HERE.format("sns", "orders")


class World:
    """Every client at once, over what a test wrote into it."""

    region = "eu-west-1"
    is_aws = True

    def __init__(self) -> None:
        self.subscriptions: list[dict[str, str]] = []
        self.redrive: dict[str, str] = {}
        """Dead-letter queues, by queue or subscription."""
        self.consumers: dict[str, list[str]] = {}
        self.variables: dict[str, dict[str, str]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.forbidden: set[str] = set()
        self.raw = "true"
        self.failed: dict[str, dict[str, Any]] = {}
        """Where functions keep what failed, as Lambda says it of each."""
        self.states: dict[str, str] = {}
        self.sns = self.sqs = self.functions = self

    def subscribe(self, protocol: str, endpoint: str, arn: str | None = None) -> None:
        arn = arn or f"{TOPIC}:0000-{len(self.subscriptions)}"
        self.subscriptions.append({"SubscriptionArn": arn, "Protocol": protocol, "Endpoint": endpoint})

    def queue(self, name: str, dead: str | None = None, *functions: str) -> None:
        self.subscribe("sqs", HERE.format("sqs", name))
        if dead:
            self.redrive[name] = dead
        self.consumers[name] = [HERE.format("lambda", f"function:{each}") for each in functions]

    def found(self) -> Stack:
        return find(cast(Aws, self), TOPIC)

    def get_paginator(self, operation: str) -> "World":
        self.operation = operation
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        match self.operation:
            case "list_subscriptions_by_topic":
                return [{"Subscriptions": self.subscriptions[:2]}, {"Subscriptions": self.subscriptions[2:]}]
            case "list_event_source_mappings":
                fed = self.consumers[asked["EventSourceArn"].rpartition(":")[2]]
                told = [{"FunctionArn": each, "EventSourceMappingArn": each, "State": self.state(each)} for each in fed]
                return [{"EventSourceMappings": told}]
            case _ if self.operation in self.forbidden:
                raise refused("AccessDenied", "ListDeadLetterSourceQueues")
            case _:
                dead = asked["QueueUrl"].rpartition("/")[2]
                return [
                    {
                        "queueUrls": [
                            f"https://sqs/1/{queue}"
                            for queue, to in self.redrive.items()
                            if to == dead and ":" not in queue
                        ]
                    }
                ]

    def state(self, function: str) -> str:
        return self.states.get(function.rpartition(":")[2], "Enabled")

    def get_queue_url(self, **asked: str) -> dict[str, str]:
        if asked["QueueName"] in self.forbidden:
            raise refused("AccessDenied", "GetQueueUrl")
        return {"QueueUrl": f"https://sqs/1/{asked['QueueName']}"}

    def get_queue_attributes(self, **asked: Any) -> dict[str, dict[str, str]]:
        return {"Attributes": self._policy(asked["QueueUrl"].rpartition("/")[2])}

    def get_subscription_attributes(self, **asked: str) -> dict[str, dict[str, str]]:
        return {"Attributes": {**self._policy(asked["SubscriptionArn"]), "RawMessageDelivery": self.raw}}

    def _policy(self, of: str) -> dict[str, str]:
        dead = self.redrive.get(of)
        return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": HERE.format("sqs", dead)})} if dead else {}

    def list_tags(self, **asked: str) -> dict[str, dict[str, str]]:
        return {"Tags": self.tags.get(asked["Resource"].rpartition(":")[2], {})}

    def list_queue_tags(self, **asked: str) -> dict[str, dict[str, str]]:
        return {"Tags": self.tags.get(asked["QueueUrl"].rpartition("/")[2], {})}

    def get_function_configuration(self, **asked: str) -> dict[str, Any]:
        name = asked["FunctionName"].rpartition(":")[2]
        dead = self.failed.get(name, {}).get("DeadLetterConfig", {})
        return {"Environment": {"Variables": self.variables.get(name, {})}, "DeadLetterConfig": dead}

    def get_function_event_invoke_config(self, **asked: str) -> dict[str, Any]:
        name = asked["FunctionName"].rpartition(":")[2]
        if "OnFailure" not in self.failed.get(name, {}):
            raise refused("ResourceNotFoundException", "GetFunctionEventInvokeConfig")
        return {"DestinationConfig": self.failed[name]}


@pytest.fixture
def world() -> World:
    return World()


def test_a_queue_leads_to_its_dead_letters_and_to_who_takes_its_messages(world: World) -> None:
    world.queue("bill", "bill-dead", "biller:live")
    world.queue("ship")
    world.queue("pack", None, "packer")
    bill, packed, ship = world.found().subscribers
    assert (bill.task, bill.function_name, bill.dead_letter_queue_name) == ("biller", "biller", "bill-dead")
    assert (packed.task, packed.kind, packed.buries) == ("packer", "function", False)
    assert (ship.task, ship.kind, ship.tells_outcomes) == ("ship", "worker", False)


def test_a_task_of_ours_is_known_by_what_it_is_told(world: World) -> None:
    world.queue("bill", "bill-dead", "biller")
    world.variables["biller"] = {"FANOUT_TASK": "send_bill", "FANOUT_COMPLETED_TABLE": "table"}
    world.queue("work")
    world.tags["work"] = {"fanout:task": "daemon"}
    daemon, bill = world.found().subscribers
    assert (bill.task, bill.records_table, bill.tells_outcomes) == ("send_bill", "table", True)
    assert (daemon.task, daemon.tells_outcomes) == ("daemon", True)


def test_a_function_that_the_topic_calls_and_what_leaves_the_account(world: World) -> None:
    world.subscribe("lambda", HERE.format("lambda", "function:purge"), f"{TOPIC}:0000-called")
    world.redrive[f"{TOPIC}:0000-called"] = "purge-dead"
    world.subscribe("https", "https://partner.example/secret", f"{TOPIC}:0000-partner")
    world.redrive[f"{TOPIC}:0000-partner"] = "partner-dead"
    world.subscribe("email", "person@example.com")
    stack = world.found()
    (purge,), (partner,) = stack.subscribers, stack.deliveries
    assert (purge.kind, purge.dead_letter_queue_name) == ("direct", "purge-dead")
    assert (partner.task, partner.kind, partner.dead_letter_queue_name) == ("https-partner", "delivery", "partner-dead")
    assert stack.unseen == ()


def test_what_cannot_be_followed_is_said_without_anybodys_address(world: World) -> None:
    world.queue("bill", None, "a", "b")
    world.queue("closed")
    world.forbidden.add("closed")
    world.subscribe("sqs", "arn:aws:sqs:us-east-1:111111111111:far")
    world.subscribe("email", "person@example.com", "PendingConfirmation")
    bill, closed, far, mail = world.found().unseen
    assert bill == "bill: 2 functions are mapped to it, so what becomes of a message is not known"
    assert closed.startswith("closed: ") and "may not GetQueueUrl" in closed
    assert far == "far: the queue far is in us-east-1, and eu-west-1 is asked"
    assert mail == "a subscription by email: its subscription is not confirmed, and gets nothing"


def test_one_function_of_two_queues_is_told_by_them(world: World) -> None:
    world.queue("cards", None, "biller")
    world.queue("bills", None, "biller")
    assert world.found().tasks == ["bills", "cards"]


def test_letters_of_several_in_one_queue_are_no_tasks_own(world: World) -> None:
    world.queue("left", "dead")
    world.subscribe("lambda", HERE.format("lambda", "function:right"))
    world.failed["right"] = {"DeadLetterConfig": {"TargetArn": HERE.format("sqs", "dead")}}
    world.queue("own", "own-dead")
    stack = world.found()
    assert stack.unseen == ()
    for task, other in (("left", "right"), ("right", "left")):
        with pytest.raises(OpsError, match=f"dead has dead letters of {task} and of {other}"):
            stack.with_letters(task)


def test_queues_of_other_topics_that_bury_in_the_same_one_count_too(world: World) -> None:
    world.queue("bill", "dead")
    world.redrive["stranger"] = "dead"
    assert world.found().subscribers[0].sharing == ("stranger",)


def test_every_queue_in_which_something_may_lie_is_looked_at(world: World) -> None:
    world.subscribe("sqs", HERE.format("sqs", "pack"), f"{TOPIC}:0000-pack")
    world.consumers["pack"] = []
    world.redrive |= {"pack": "pack-dead", f"{TOPIC}:0000-pack": "pack-undelivered"}
    world.subscribe("lambda", HERE.format("lambda", "function:purge"), f"{TOPIC}:0000-purge")
    world.redrive[f"{TOPIC}:0000-purge"] = "purge-undelivered"
    world.failed["purge"] = {"OnFailure": {"Destination": HERE.format("sqs", "purge-dead")}}
    assert {each.task: each.dead_letter_queue_name for each in world.found().with_letters(None)} == {
        "pack": "pack-dead",
        "pack-undelivered": "pack-undelivered",
        "purge": "purge-dead",
        "purge-undelivered": "purge-undelivered",
    }


def test_of_two_functions_the_one_that_is_switched_on_takes_the_messages_or_would_if_it_were_not_paused(
    world: World,
) -> None:
    world.queue("bill", None, "blue", "green")
    world.states["blue"] = "Disabled"
    assert world.found().subscribers[0].function_name == "green"
    world.states["green"] = "Disabled"
    assert world.found().unseen == ("bill: 2 functions are mapped to it, so what becomes of a message is not known",)
    for held in ("fanout:paused", "fanout:circuit"):
        world.tags["green"] = {held: "x"}
        assert world.found().subscribers[0].function_name == "green"


def test_a_function_and_a_queue_of_one_name_are_two_that_share_their_dead_letters(world: World) -> None:
    """As where what a topic called moves behind a queue."""
    world.queue("billing", "dead")
    world.subscribe("lambda", HERE.format("lambda", "function:billing"), f"{TOPIC}:0000-aaaabbbb")
    world.redrive[f"{TOPIC}:0000-aaaabbbb"] = "dead"
    called, queued = sorted(world.found().subscribers, key=lambda each: each.kind)
    assert called.sharing and queued.sharing
    assert (called.task, queued.task) == ("billing-aaaabbbb", "billing")


def test_whatever_names_there_are_each_can_be_named(world: World) -> None:
    world.queue("b", None, "x")
    world.queue("c", None, "x")
    world.queue("orders", None, "c")
    for name in ("cards", "bills"):
        world.subscribe("sqs", HERE.format("sqs", name), f"{TOPIC}:0000-{name}")
        world.consumers[name] = [HERE.format("lambda", "function:biller")]
        world.redrive[f"{TOPIC}:0000-{name}"] = f"{name}-kept"
    stack = world.found()
    tasks = [each.task for each in (*stack.subscribers, *stack.deliveries)]
    assert len({*tasks}) == len(tasks) == 7
    assert {"bills-undelivered", "cards-undelivered"} < {*tasks}


def test_where_nobody_may_say_who_buries_there_somebody_may(world: World) -> None:
    world.queue("bill", "dead")
    world.forbidden.add("list_dead_letter_source_queues")
    (bill,) = world.found().subscribers
    with pytest.raises(OpsError, match="dead letters of bill and of perhaps others"):
        bill.require_own_letters()


@pytest.mark.parametrize("depth", [0, 2])
def test_shared_letters_are_said_where_there_are_some(
    world: World, depth: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FANOUT_HOME", str(tmp_path))
    world.queue("left", "dead")
    world.queue("right", "dead")
    count = {"ApproximateNumberOfMessages": str(depth)}
    stack = world.found()
    monkeypatch.setattr(world, "get_queue_attributes", lambda **_: {"Attributes": count})
    monkeypatch.setattr(world, "receive_message", lambda **_: {}, raising=False)
    told = [each.problem or "" for each in summary.collect(stack, None, limit=10)]
    assert [bool(each) for each in told] == [bool(depth)] * 2
    assert all("dead has dead letters of" in each for each in told if each)


def test_nobody_waits_for_outcomes_that_cannot_be_known(world: World) -> None:
    world.queue("bill", None, "a", "b")
    with pytest.raises(Unusable, match="not every subscriber of orders is known here"):
        require_outcomes(world.found(), wait=True)
    require_outcomes(world.found(), wait=False)


def test_a_function_of_others_is_not_called_again(world: World) -> None:
    world.subscribe("lambda", HERE.format("lambda", "function:purge"))
    with pytest.raises(OpsError, match="how it must be called again is not known: export its dead letters"):
        assert world.found().subscribers[0].target


@pytest.mark.parametrize("is_raw", [True, False])
def test_a_letter_goes_back_as_its_reader_knows_it(is_raw: bool) -> None:
    """SQS moved it as it was; SNS wraps what it could not hand over, however it hands over else."""
    wrapped = {"Type": "Notification", "TopicArn": TOPIC, "MessageId": "m", "Message": '{"a": 1}'}
    others = DeployedSubscriber(cast(Aws, None), "Bill", "bill", "queue", "dead", "", has_runtime=False, is_raw=is_raw)
    moved = message(wrapped, DeadLetterQueueSourceArn="queue")
    assert OutgoingMessage.back_to(others, moved).body == moved.body
    assert OutgoingMessage.back_to(others, message(wrapped)).body == ('{"a": 1}' if is_raw else moved.body)
    assert OutgoingMessage.back_to(replace(others, has_runtime=True), moved).body == '{"a": 1}'


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (TOPIC, "the topic orders has 0 subscriptions, and none leads to a queue or a function: nothing is kept here"),
        (
            TOPIC.replace("eu-west-1", "us-east-1"),
            "the topic orders is in us-east-1, and eu-west-1 is asked: give --region us-east-1",
        ),
        ("arn:aws:sns:eu-west-1", "arn:aws:sns:eu-west-1 is no topic's ARN: expected arn:aws:sns:REGION:ACCOUNT:NAME"),
    ],
)
def test_where_nothing_is_found_one_line_says_what_to_do(world: World, arn: str, said: str) -> None:
    with pytest.raises(OpsError) as told:
        find(cast(Aws, world), arn)
    assert str(told.value) == said


def test_a_topic_that_is_gone_is_one_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_: Any) -> None:
        raise refused("NotFound", "ListSubscriptionsByTopic")

    monkeypatch.setattr(world, "paginate", gone)
    with pytest.raises(OpsError, match="no topic orders in eu-west-1 for these credentials"):
        world.found()


def test_of_its_alarms_those_are_looked_at_that_look_at_its_queues(world: World) -> None:
    world.queue("bill", "bill-dead", "biller")
    stat = {"MetricStat": {"Metric": {"Dimensions": [{"Name": "QueueName", "Value": "bill-dead"}]}}}
    other = {"AlarmName": "other", "Dimensions": [{"Name": "TableName", "Value": "bill"}]}
    alarms = [{"AlarmName": "plain", "Dimensions": [{"Name": "QueueName", "Value": "bill"}]}, other]
    alarms.append({"AlarmName": "math", "Metrics": [stat]})
    alarms.append({"AlarmName": "of a function", "Dimensions": [{"Name": "FunctionName", "Value": "purge"}]})
    world.subscribe("lambda", HERE.format("lambda", "function:purge:live"))
    pages = [{"MetricAlarms": alarms}]
    stack = world.found()
    vars(world).update(cloudwatch=world, get_paginator=lambda _: world, paginate=lambda **_: pages)
    ringing, unasked = report._alarms(stack.aws, stack)
    assert ([each["name"] for each in ringing], unasked) == (["plain", "math", "of a function"], [])


def test_whom_its_alarms_tell_is_not_known_and_no_stack_is_made_up(world: World) -> None:
    world.queue("bill")
    world.subscribe("email", "person@example.com")
    stack = world.found()
    assert unheard(stack) == []
    assert (stack.name, stack.account, stack.region, stack.topic_arn) == ("orders", "111111111111", "eu-west-1", TOPIC)
    with pytest.raises(OpsError, match="orders was found by its topic, and fanout doctor needs its stack"):
        stack.require_deployed("fanout doctor")
