"""A dead letter is the message as it came, and why it died."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest
from botocore.stub import Stubber

from fanout.runtime import dead_letters
from fanout.runtime.aws import client
from tests.unit.lambdas.conftest import VARIABLES
from tests.unit.lambdas.given import record

CAUSE = {"error_type": "PermanentError", "error": "the webhook answered 410"}
SENT_CAUSE = {"DataType": "String", "StringValue": json.dumps(CAUSE, separators=(",", ":"))}


@pytest.fixture
def sqs() -> Iterator[Stubber]:
    with Stubber(client("sqs")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def attribute(kind: str, value: str) -> dict[str, Any]:
    """As Lambda hands it over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    field = "binaryValue" if kind.startswith("Binary") else "stringValue"
    return {field: value, "stringListValues": [], "binaryListValues": [], "dataType": kind}


def request(**more: Any) -> dict[str, Any]:
    return {"QueueUrl": VARIABLES["FANOUT_DEAD_LETTER_QUEUE_URL"], "MessageBody": "the body", **more}


def test_body_and_attributes_of_every_kind_are_kept(sqs: Stubber) -> None:
    message = record("the body")
    message["messageAttributes"] = {
        "type": attribute("String", "order.placed.v1"),
        "pages": attribute("Number", "6"),
        "seal": attribute("Binary", base64.b64encode(b"\x02\x03").decode()),
    }
    expected = {
        "type": {"DataType": "String", "StringValue": "order.placed.v1"},
        "pages": {"DataType": "Number", "StringValue": "6"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\x02\x03"},
        "fanout.cause": SENT_CAUSE,
    }
    sqs.add_response("send_message", {}, request(MessageAttributes=expected))
    dead_letters.send(message, CAUSE)


def test_ten_attributes_are_kept_and_the_cause_is_left_to_the_log(sqs: Stubber) -> None:
    message = record("the body")
    message["messageAttributes"] = {f"name{number}": attribute("String", "x") for number in range(10)}
    expected = {f"name{number}": {"DataType": "String", "StringValue": "x"} for number in range(10)}
    sqs.add_response("send_message", {}, request(MessageAttributes=expected))
    dead_letters.send(message, CAUSE)


def test_a_letter_that_died_before_gets_its_new_cause(sqs: Stubber) -> None:
    message = record("the body")
    message["messageAttributes"] = {
        **{f"name{number}": attribute("String", "x") for number in range(9)},
        "fanout.cause": attribute("String", "{}"),
    }
    sqs.add_response(
        "send_message",
        {},
        request(
            MessageAttributes={
                **{f"name{number}": {"DataType": "String", "StringValue": "x"} for number in range(9)},
                "fanout.cause": SENT_CAUSE,
            }
        ),
    )
    dead_letters.send(message, CAUSE)


def test_trace_and_group_go_on_and_a_second_death_is_no_duplicate_of_the_first(sqs: Stubber) -> None:
    message = record("the body")
    message["attributes"] |= {
        "AWSTraceHeader": "Root=1-0",
        "MessageGroupId": "contact",
        "MessageDeduplicationId": "e-1",
    }
    sqs.add_response(
        "send_message",
        {},
        request(
            MessageAttributes={"fanout.cause": SENT_CAUSE},
            MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-0"}},
            MessageGroupId="contact",
            MessageDeduplicationId="m-1",
        ),
    )
    dead_letters.send(message, CAUSE)


@pytest.mark.parametrize(("free", "kept"), [(400, "whole"), (90, "no words"), (20, "none")])
def test_a_message_near_sqs_s_limit_loses_words_of_its_cause_and_not_its_place(
    free: int, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = MagicMock()
    monkeypatch.setattr(dead_letters, "client", lambda service: queue)
    message = record("\u20ac" * ((dead_letters.MOST_BYTES - free) // 3))
    dead_letters.send(message, {**CAUSE, "error": "x" * 200})
    written = queue.send_message.call_args.kwargs["MessageAttributes"].get("fanout.cause", {}).get("StringValue")
    told = None if written is None else json.loads(written)["error"]
    assert told == {"whole": "x" * 200, "no words": "", "none": None}[kept]
