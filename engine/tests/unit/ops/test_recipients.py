"""An alarm that nobody hears is trouble, whoever is to blame: never confirmed, gone, never invited, or not asked."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fanout import names
from fanout.ops.aws import alarms
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.doctor import doctor
from fanout.ops.doctor.deployed import Deployed
from fanout.ops.recipients import DELETED, PENDING, unheard
from fanout.ops.status import report as status

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
NAMED = "arn:aws:sns:eu-west-1:123456789012:on-call"
PERSON = "on-call@shop.org"


def confirmed(topic: str) -> dict[str, str]:
    return {"Endpoint": PERSON, "SubscriptionArn": f"{topic}:1", "Protocol": "email"}


def state(word: str) -> dict[str, str]:
    return {"Endpoint": PERSON, "SubscriptionArn": word, "Protocol": "email"}


def asked(answers: list[Any], arns: str = TOPIC) -> list[Any]:
    aws = Aws(boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-west-1"))
    stack = Stack(aws, "OrderEvents-prod", "id", "CREATE_COMPLETE", {names.ALARM_TOPIC_ARNS_OUTPUT: arns}, ())
    with Stubber(aws.sns) as stub:
        for each in answers:
            if isinstance(each, str):
                stub.add_client_error("list_subscriptions_by_topic", each)
            else:
                stub.add_response("list_subscriptions_by_topic", {"Subscriptions": each})
        found = unheard(stack)
        stub.assert_no_pending_responses()
    return found


@pytest.mark.parametrize(
    ("arns", "answers"), [(TOPIC, [[confirmed(TOPIC)]]), (f"{TOPIC},{NAMED}", [[], [confirmed(NAMED)]])]
)
def test_one_who_confirmed_is_enough(arns: str, answers: list[Any]) -> None:
    assert asked(answers, arns) == []


@pytest.mark.parametrize(
    ("answer", "what", "todo"),
    [
        ([state(PENDING)], f"{PERSON} has not confirmed", f"--notification-endpoint {PERSON}"),
        ([confirmed(TOPIC), state(PENDING)], f"{PERSON} has not confirmed", "no deployment sends"),
        ([state(DELETED)], f"{PERSON} has left", f"aws sns subscribe --topic-arn {TOPIC}"),
        ([], "nobody is subscribed", "set alarm_recipients"),
    ],
)
def test_who_does_not_hear_is_named_with_what_to_do(answer: list[Any], what: str, todo: str) -> None:
    (found,) = asked([answer])
    assert what in found.what and todo in found.todo and not found.unread
    assert what in found.line and todo in found.line and "\n" not in found.line


@pytest.mark.parametrize("code", ["AuthorizationError", "Throttling", "NotFound"])
def test_what_could_not_be_asked_is_not_told_as_fine(code: str) -> None:
    (found,) = asked([code])
    assert found.unread and "could not be asked" in found.what


def test_a_stack_that_does_not_say_whom_alarms_tell_is_trouble() -> None:
    (found,) = asked([], arns="")
    assert names.ALARM_TOPIC_ARNS_OUTPUT in found.what


def test_an_embedded_aws_tells_nobody_and_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert asked([], arns="") == []


def test_status_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-west-1"))
    told = {names.ALARM_TOPIC_ARNS_OUTPUT: TOPIC}
    stack = Stack(
        aws, "OrderEvents-prod", "arn:aws:cloudformation:eu-west-1:123456789012:x", "CREATE_COMPLETE", told, ()
    )
    monkeypatch.setattr(alarms, "of_stack", lambda *_, **__: [])
    with Stubber(aws.sns) as stub:
        stub.add_response("list_subscriptions_by_topic", {"Subscriptions": [state(PENDING)]})
        found = status.report(stack)
    assert found.needs_a_person and any("has not confirmed" in each for each in found.problems)


def test_doctor_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a problem of its own kind, and so with exit status 1."""
    aws = Aws(boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-west-1"))
    stack = Stack(aws, "OrderEvents-prod", "id", "CREATE_COMPLETE", {}, ())
    monkeypatch.setattr(Deployed, "read", lambda stack: Deployed(stack, {"Resources": {}}, {}))
    assert [each.kind for each in doctor.examine(stack)] == ["unheard"]
