"""Tasks that their topic calls, and deliveries: found, their letters read whatever AWS wrote around them, and healed by a call."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout.errors import OpsError
from fanout.ops.aws import discovery
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DELIVERY, DIRECT, FUNCTION, DeployedSubscriber
from fanout.ops.aws.subscription import Subscription, read_subscriptions
from fanout.ops.dead_letters import export as exporting
from fanout.ops.dead_letters.browse import browse
from fanout.ops.dead_letters.causes import Explainer
from fanout.ops.dead_letters.importing import ImportFile, import_messages
from fanout.ops.dead_letters.show import attributes
from fanout.ops.doctor.doctor import _unsubscribed
from fanout.ops.interrupt import Stop
from fanout.ops.redrive.mover import MessageMover
from fanout.ops.redrive.preview import refuse_if_unsafe
from fanout.ops.send.queue import OutgoingMessage
from fanout.ops.status import report as status
from fanout.ops.timeline import timeline
from fanout.ops.timeline.state import DEAD, RETRYING
from fanout.ops.verify.caution import _others
from fanout.ops.verify.verification import Verification
from fanout.runtime.direct import record_of
from tests.unit.ops.aws.logs import Logs, outcome
from tests.unit.ops.given import World, event, message, text, world

__all__ = ["world"]
SUBSCRIPTION = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced:0b1c"


def envelope(number: int = 1, **more: Any) -> dict[str, Any]:
    """What SNS calls a function with, and writes to a subscription's dead-letter queue."""
    return {
        "Type": "Notification",
        "MessageId": f"sns-{number}",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:OrderPlaced",
        "Message": json.dumps(event(number)),
        "Timestamp": "2026-01-15T09:30:00.000Z",
        "MessageAttributes": {
            "type": {"Type": "String", "Value": "order.placed.v1"},
            "raw": {"Type": "Binary", "Value": base64.b64encode(b"\x00\x01").decode()},
        },
        **more,
    }


def given_up(
    number: int = 1, *, condition: str = "RetriesExhausted", answer: Any = None, **more: Any
) -> dict[str, Any]:
    """As https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html has it."""
    return {
        "version": "1.0",
        "timestamp": "2026-01-15T09:33:10.000Z",
        "requestContext": {
            "requestId": "e4b46cbf",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:purge:$LATEST",
            "condition": condition,
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": envelope(number)}]},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "NotDone", "errorMessage": "1 of 1 events failed: TransientError"}
        if answer is None
        else answer,
        **more,
    }


@pytest.mark.parametrize("wrapping", [envelope, given_up])
def test_both_shapes_are_the_event_inside(wrapping: Any) -> None:
    one = message(wrapping())
    assert (one.event, one.event_id, one.died_as) == (event(), "e1", "sns-1")
    assert one.matches("e1") and one.matches("o1") and one.matches("sns-1") and one.matches("m1")
    assert one.sent_at.isoformat() == "2026-01-15T09:30:00+00:00"
    sent = OutgoingMessage.from_dead_letter(one)
    assert json.loads(sent.body) == event()
    assert sent.attributes == {
        "type": text("order.placed.v1"),
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    assert "s3cret" not in json.dumps([one.redacted(), attributes(one, reveal=False)])
    assert attributes(one, reveal=False)["type"] == "order.placed.v1"


ODD = {
    "no context": {**given_up(), "requestContext": None},
    "no records": {**given_up(), "requestPayload": {"Records": []}},
    "two records": {**given_up(), "requestPayload": {"Records": [{"Sns": envelope()}] * 2}},
    "not of SNS": {**given_up(), "requestPayload": {"Records": [{"s3": {}}]}},
    "payload a text": {**given_up(), "requestPayload": "x"},
    "an event that has both": {**event(), "requestContext": {}, "requestPayload": {"Records": [{"Sns": envelope()}]}},
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_odd_record_is_the_message_as_it_is(body: Any) -> None:
    one = message(body)
    assert one.wrapped is None and OutgoingMessage.from_dead_letter(one).body == json.dumps(body)
    assert one.died_as == "m1" and one.redacted()


@pytest.mark.parametrize(
    "answer", [None, 5, [], {"errorType": {"a": 1}, "errorMessage": [1]}, {"errorType": "a b", "errorMessage": "x"}]
)
def test_an_odd_answer_of_the_function_is_no_cause(answer: Any) -> None:
    told = message(given_up(answer=answer if answer is not None else {})).wrapped
    assert told and told.given_up and told.given_up.error_type == ""


class Functions:
    """Lambda's API, as far as it is asked."""

    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []
        self.refuse: dict[int, str] = {}
        self.calls = 0

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        variables = {"FANOUT_TASK": "purge", "FANOUT_RETRY_DELAYS": "60,120"}
        return {"Environment": {"Variables": variables}, "LoggingConfig": {"LogGroup": "purge"}}

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:
        assert (FunctionName, InvocationType) == ("function", "Event")
        self.calls += 1
        if code := self.refuse.get(self.calls):
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "Invoke")
        self.invoked.append(json.loads(Payload))
        return {"StatusCode": 202}

    @property
    def events(self) -> list[str]:
        return [json.loads(record_of(each["Records"][0])["body"])["id"] for each in self.invoked]


@pytest.fixture
def direct(world: World) -> World:
    """The same world, where the topic calls the task."""
    world.functions = Functions()  # type: ignore[attr-defined]
    world.logs = Logs(world.clock)  # type: ignore[attr-defined]
    vars(world.aws).update(functions=world.functions, logs=world.logs)  # type: ignore[attr-defined]
    world.subscriber = DeployedSubscriber(
        world.aws, "Task", "task", "", world.dead, "function", subscription_arn=SUBSCRIPTION
    )
    world.stack = world.stack_of("123456789012", "eu-west-1", "Orders-prod")
    return world


def functions(world: World) -> Functions:
    return cast(Functions, vars(world.aws)["functions"])


def move(world: World, journal: Any) -> MessageMover:
    mover = MessageMover(world.subscriber, journal)
    with browse(world.aws, world.dead) as browsing:
        for page in browsing.pages():
            mover.move(page, browsing)
    return mover


def test_a_redrive_calls_the_function_as_its_topic_does(direct: World) -> None:
    direct.sqs.put(direct.dead, json.dumps(given_up(1)), id_="m1")
    direct.sqs.put(direct.dead, json.dumps(envelope(2)), id_="m2")
    direct.sqs.put(direct.dead, json.dumps(event(3)), id_="m3")  # a permanent error: as the function sent it
    journal = direct.journal()
    assert move(direct, journal).tally.sent == 3
    assert sorted(functions(direct).events) == ["e1", "e2", "e3"]
    first = next(each for each in functions(direct).invoked if record_of(each["Records"][0])["messageAttributes"])
    record = record_of(first["Records"][0])
    assert record["messageAttributes"]["raw"] == {
        "dataType": "Binary",
        "binaryValue": base64.b64encode(b"\x00\x01").decode(),
    }
    assert record["messageAttributes"]["type"] == {"dataType": "String", "stringValue": "order.placed.v1"}
    assert not direct.sqs.queue(direct.dead).messages
    told = [line["as"] for line in journal.read() if line.get("step") == "sent"]
    assert sorted(told) == sorted(record_of(each["Records"][0])["messageId"] for each in functions(direct).invoked)


def test_what_lambda_does_not_take_stays(direct: World) -> None:
    direct.bury(3)
    functions(direct).refuse = {2: "RequestTooLargeException"}
    tally = move(direct, direct.journal()).tally
    assert (tally.sent, len(tally.refused)) == (2, 1)
    assert len(direct.sqs.queue(direct.dead).messages) == 1
    functions(direct).refuse = {4: "TooManyRequestsException"}
    with pytest.raises(ClientError, match="TooManyRequests"):
        direct.clock.wait(60)
        move(direct, direct.journal())
    assert len(direct.sqs.queue(direct.dead).messages) == 1


def test_a_file_of_letters_comes_back_by_calls(direct: World, tmp_path: Path) -> None:
    direct.sqs.put(direct.dead, json.dumps(given_up(1)), id_="m1")
    path = tmp_path / "letters.jsonl"
    assert exporting.export(direct.stack, direct.subscriber, path, Stop())[0] == 1
    done = import_messages(ImportFile(path, direct.stack), direct.journal("dead import"), Stop())
    assert done.sent == 1 and functions(direct).events == ["e1"]


def causes(world: World, *bodies: Any) -> list[str]:
    return [str(each) for each in Explainer(world.aws, world.subscriber).explain([message(body) for body in bodies])]


def test_the_cause_is_what_the_log_says_of_the_message_that_died(direct: World) -> None:
    logs = cast(Logs, vars(direct.aws)["logs"])
    at = message(given_up()).sent_at
    failed = outcome("failed", "sns-1", error_type="TransientError", error="it answered 503")
    logs.write("purge", failed, at=at)
    assert causes(direct, given_up()) == ["TransientError: it answered 503"]


def test_else_what_lambda_says(direct: World) -> None:
    cast(Logs, vars(direct.aws)["logs"]).groups["purge"] = []
    crashed = {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 3.00 seconds"}
    assert causes(direct, given_up(answer=crashed)) == ["Sandbox.Timedout: Task timed out after <n> seconds"] or causes(
        direct, given_up(answer=crashed)
    ) == ["Sandbox.Timedout: Task timed out after 3.00 seconds"]
    (late,) = causes(direct, given_up(condition="EventAgeExceeded", answer={}))
    assert late.startswith("EventAgeExceeded: Lambda could not begin it")
    (never,) = causes(direct, envelope())
    assert never.startswith("NotDelivered: ")


def test_a_pause_would_lose_events_and_is_refused_in_one_line(direct: World) -> None:
    with pytest.raises(OpsError) as refused:
        direct.subscriber.require_queue("pause")
    assert str(refused.value) == (
        "task has no queue in which events could wait, as its topic calls it: there is nothing to pause;"
        " to hold its events back it needs compute=Function() and a deployment"
    )


def test_lambda_does_not_number_tries_so_the_log_is_counted(direct: World) -> None:
    logs = cast(Logs, vars(direct.aws)["logs"])
    failed = outcome("failed", "sns-1", event_id="e1", error_type="TransientError", error="it answered 503")
    for at in (0, 60):
        logs.write("purge", failed, at=direct.clock() + at)
    direct.clock.wait(180)
    since = datetime.fromtimestamp(direct.clock(), UTC) - timedelta(hours=1)
    assert timeline.for_subscriber(direct.subscriber, "e1", since)[0].state == RETRYING
    logs.write("purge", failed)
    assert timeline.for_subscriber(direct.subscriber, "e1", since)[0].state == DEAD


OUTPUTS = {
    "TopicArn": "arn:t",
    "AQueueUrl": "https://sqs/1/a",
    "ADeadLetterQueueUrl": "https://sqs/1/a-dead",
    "AFunctionName": "a",
    "PurgeDeadLetterQueueUrl": "https://sqs/1/purge-dead",
    "PurgeFunctionName": "purge",
    "PurgeDirectSubscriptionArn": SUBSCRIPTION,
    "DropFunctionName": "drop",
    "DropDirectSubscriptionArn": SUBSCRIPTION,
    "ToPartnerDeadLetterQueueUrl": "https://sqs/1/partner-dead",
    "ToPartnerDeliveryArn": SUBSCRIPTION,
    "OthersFunctionName": "not of ours",
    "OthersDeliveryArn": "not of ours",
}


def found(outputs: dict[str, str], **clients: Any) -> Stack:
    described = {
        "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/S/1",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    aws = SimpleNamespace(
        cloudformation=SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [described]}),
        sqs=SimpleNamespace(list_queue_tags=lambda **_: {"Tags": {"fanout:task": "a"}}),
        functions=Functions(),
        **clients,
    )
    return discovery.find(cast(Aws, aws), "S")


def test_each_kind_is_found_by_its_outputs() -> None:
    stack = found(OUTPUTS)
    assert {each.id: each.kind for each in (*stack.subscribers, *stack.deliveries)} == {
        "A": FUNCTION,
        "Drop": DIRECT,
        "Purge": DIRECT,
        "ToPartner": DELIVERY,
    }
    assert stack.subscriber("purge").task == "purge" and stack.subscriber("purge").attempts == 3
    assert [each.id for each in stack.with_letters(None)] == ["A", "Purge", "ToPartner"]
    assert [each.id for each in stack.with_letters("to-partner")] == ["ToPartner"]
    with pytest.raises(OpsError, match=r"^purge has no dead-letter queue, as it may drop what fails"):
        stack.with_letters("Drop")
    with pytest.raises(OpsError, match=r"^ToPartner is a delivery, and SNS hands nothing to one subscription twice"):
        assert stack.deliveries[0].target


class Sns:
    """One subscription's attributes, or what SNS answers in their place."""

    def __init__(self, answer: dict[str, str] | str) -> None:
        self.answer = answer

    def get_subscription_attributes(self, **_: Any) -> dict[str, Any]:
        if isinstance(self.answer, str):
            raise ClientError({"Error": {"Code": self.answer, "Message": "x"}}, "GetSubscriptionAttributes")
        return {"Attributes": self.answer}


@pytest.mark.parametrize(
    ("answer", "state", "problem"),
    [
        ({"PendingConfirmation": "false"}, "subscribed", None),
        ({"PendingConfirmation": "true"}, "pending", "its subscription is not confirmed: it gets no events"),
        ("NotFound", "gone", "its subscription is gone (never confirmed for 48 hours, or unsubscribed)"),
        ("AuthorizationError", "unknown", "GetSubscriptionAttributes"),
    ],
)
def test_a_delivery_that_is_not_confirmed_or_gone_is_told(
    direct: World, answer: Any, state: str, problem: str | None
) -> None:
    vars(direct.aws).update(sns=Sns(answer))
    delivery = DeployedSubscriber(direct.aws, "P", "P", "", direct.dead, "", subscription_arn=SUBSCRIPTION)
    told = status.health(delivery)
    assert (told.mapping, told.dead, told.kind) == (state, 0, DELIVERY)
    assert told.problems == [] if problem is None else problem in told.problems[0]


def test_doctor_tells_what_gets_nothing_and_what_to_do(direct: World) -> None:
    stack = replace(direct.stack, deliveries=(direct.subscriber,))
    vars(direct.aws).update(sns=Sns({"PendingConfirmation": "true"}))
    first, *_ = _unsubscribed(stack)
    assert (first.kind, first.where) == ("unconfirmed", "task")
    assert first.what.startswith("its subscription is not confirmed") and first.remedy.startswith(
        "the receiver follows"
    )
    vars(direct.aws).update(sns=Sns("NotFound"))
    assert {each.kind for each in _unsubscribed(stack)} == {"gone"}
    vars(direct.aws).update(sns=Sns({"PendingConfirmation": "false"}))
    assert list(_unsubscribed(stack)) == []


def test_a_redrive_asks_for_no_mapping(direct: World) -> None:
    vars(direct.aws).update(sns=Sns({"PendingConfirmation": "false"}))
    cast(Logs, vars(direct.aws)["logs"]).groups["purge"] = []
    refuse_if_unsafe(direct.subscriber, force=False)


def test_its_filter_is_read_from_its_subscription(direct: World) -> None:
    vars(direct.aws).update(sns=Sns({"FilterPolicy": '{"shop_id": ["s1"]}'}))
    (one,) = read_subscriptions(direct.subscriber)
    assert (one.topic_arn, one.policy) == (SUBSCRIPTION.rpartition(":")[0], {"shop_id": ["s1"]})


def test_status_of_a_task_that_may_drop_asks_no_queue(direct: World) -> None:
    vars(direct.aws).update(sns=Sns({"PendingConfirmation": "false"}))
    cast(Logs, vars(direct.aws)["logs"]).groups["purge"] = []
    drops = DeployedSubscriber(direct.aws, "Task", "task", "", "", "function", subscription_arn=SUBSCRIPTION)
    told = status.health(drops)
    assert (told.problems, told.mapping, told.dead, told.waiting) == ([], "subscribed", None, None)


def test_probes_are_for_tasks_with_a_queue_and_no_delivery_is_a_strangers(direct: World) -> None:
    queued = DeployedSubscriber(direct.aws, "Other", "other", direct.queue, direct.dead, "other")
    delivery = DeployedSubscriber(direct.aws, "P", "P", "", direct.dead, "", subscription_arn="arn:delivery")
    stack = replace(
        direct.stack, subscribers=(direct.subscriber, queued), deliveries=(delivery,), outputs={"TopicArn": "arn:t"}
    )
    verification = cast(Any, Verification.__new__(Verification))
    vars(verification).update(stack=stack, _subscriptions=lambda _: [Subscription("arn:t")])
    assert [each.task for each in verification.reached] == ["other"]
    assert verification.not_reached() == "; not shown at task, which the topic calls without a queue"
    listed = [
        {"Endpoint": "arn:aws:lambda:eu-west-1:1:function:function", "SubscriptionArn": "arn:1"},
        {"Endpoint": "arn:aws:sqs:eu-west-1:1:queue", "SubscriptionArn": "arn:2"},
        {"Endpoint": "https://hooks.example.com/in", "SubscriptionArn": "arn:delivery"},
        {"Endpoint": "arn:aws:sqs:eu-west-1:2:theirs", "SubscriptionArn": "arn:3"},
    ]
    pages = SimpleNamespace(paginate=lambda **_: [{"Subscriptions": listed}])
    vars(direct.aws).update(sns=SimpleNamespace(get_paginator=lambda _: pages))
    assert _others(verification) == 1
