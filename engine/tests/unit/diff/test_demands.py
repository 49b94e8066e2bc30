"""What whoever sends or reads must be written for is a danger when it becomes another."""

import copy
from typing import Any

import pytest

from fanout.diff.change import KINDS
from fanout.diff.compare import compare
from fanout.template.template import Template

Json = dict[str, Any]
UNSEEN = {"Fn::ImportValue": "unseen"}


def resource(type_: str, **properties: Any) -> Json:
    return {"Type": type_, "Properties": properties}


def stack(raw: Any = None, *, by: str = "Does", to: Any = None, protocol: str = "sqs") -> Json:
    """A queue whose messages the function `by` handles; `raw` where it is said."""
    queue = {"Fn::GetAtt": ["Queue", "Arn"]}
    said = {} if raw is None else {"RawMessageDelivery": raw}
    return {
        "Topic": resource("AWS::SNS::Topic"),
        "Queue": resource("AWS::SQS::Queue"),
        "Does": resource("AWS::Lambda::Function"),
        "Prints": resource("AWS::Lambda::Function"),
        "Mapping": resource("AWS::Lambda::EventSourceMapping", EventSourceArn=queue, FunctionName={"Ref": by}),
        "Subscription": resource(
            "AWS::SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol=protocol, Endpoint=to or queue, **said
        ),
    }


def told(old: Json, new: Json) -> list[tuple[str, str, str]]:
    """Dangers: kind, resource and message."""
    found = compare(*(Template({"Resources": copy.deepcopy(each)}, name="Shop") for each in (old, new)))
    return [(each.kind, each.resource, each.message) for each in found if each.danger]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (stack(True), stack(), "false from now on: Does gets SNS's envelope around each event"),
        (stack("true"), stack("false"), "false from now on: Does gets SNS's envelope around each event"),
        (stack(False), stack(True), "true from now on: Does gets the event alone, without SNS's envelope"),
        (
            stack(True, to="https://crm.example/in", protocol="https"),
            stack(to="https://crm.example/in", protocol="https"),
            "false from now on: https://crm.example/in gets SNS's envelope around each event",
        ),
    ],
)
def test_whoever_gets_another_body_than_before_is_told(old: Json, new: Json, said: str) -> None:
    assert told(old, new) == [("body-changed", "Subscription", f"RawMessageDelivery is {said}")]
    assert "first deploy" in KINDS["body-changed"].what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (stack(True), stack("true")),
        (stack(), stack(False)),
        (stack(), stack(UNSEEN)),
        (stack(UNSEEN), stack(True)),
        (stack(), stack(True, by="Prints")),
    ],
)
def test_the_same_body_or_one_for_another_function_is_no_danger(old: Json, new: Json) -> None:
    assert told(old, new) == []


def test_a_function_that_its_topic_calls_itself_from_now_on_has_no_other_body_than_it_asks_for() -> None:
    """Its handler is another as well, and SNS has one form for a function."""
    direct = stack(to={"Fn::GetAtt": ["Does", "Arn"]}, protocol="lambda")
    del direct["Mapping"]
    assert "body-changed" not in {kind for kind, _, _ in told(stack(True), direct)}


FIFO: Json = {"AWS::SNS::Topic": {"FifoTopic": True}, "AWS::SQS::Queue": {"FifoQueue": True}}


@pytest.mark.parametrize("type_", sorted(FIFO))
def test_who_sends_without_an_id_is_refused_where_content_no_longer_makes_one(type_: str) -> None:
    def dangers(was: Any, is_now: Any) -> list[str]:
        sides: list[Json] = [{} if each is None else {"ContentBasedDeduplication": each} for each in (was, is_now)]
        old, new = ({"It": resource(type_, **FIFO[type_], **each)} for each in sides)
        return [f"{kind} {message}" for kind, _, message in told(old, new)]

    said = "what is sent to it without a MessageDeduplicationId is refused"
    for was, is_now in ((True, None), (True, False), ("true", "false")):
        expected = f"deduplication-lost ContentBasedDeduplication is off from now on: {said}"
        assert dangers(was, is_now) == [expected]
    silent: list[tuple[Any, Any]] = [(None, True), (False, None), (True, "true"), (True, UNSEEN), (UNSEEN, None)]
    for was, is_now in silent:
        assert dangers(was, is_now) == []
