"""The small parts of the on-call commands: what is told, what is hidden, and what is made of AWS's errors."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import boto3
import botocore
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from fanout.aws_errors import one_line
from fanout.errors import Unusable
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters import summary
from fanout.ops.dead_letters.causes import Cause, normalised
from fanout.ops.dead_letters.selection import Selection, age
from fanout.ops.status import report as status
from tests.unit.ops.given import event, message


def refused(code: str, message: str = "", operation: str = "SendMessage") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NoCredentialsError(), "no usable AWS credentials: run `aws sso login`"),
        (NoRegionError(), "no AWS region: set AWS_REGION"),
        (refused("ExpiredToken"), "have expired: sign in again"),
        (refused("InvalidClientTokenId"), "AWS does not know these credentials"),
        (refused("SignatureDoesNotMatch", "Signature expired: 20261128T100000Z is now earlier than 20261128T101500Z"), "this machine's clock is wrong"),
        (refused("InvalidSignatureException", "Signature not yet current: 20261128T1"), "this machine's clock is wrong"),
        (refused("RequestTimeTooSkewed", "The difference is too large"), "this machine's clock is wrong"),
        (refused("SignatureDoesNotMatch", "The request signature we calculated"), "AWS does not know these credentials"),
        (refused("AccessDenied", "x is not authorized to perform: sqs:SendMessage on resource: arn:q because"), "may not sqs:SendMessage on arn:q"),
        (refused("AccessDeniedException", "no", "SendMessageBatch"), "these credentials may not SendMessage:"),
        (refused("KMS.AccessDeniedException", "kms:Decrypt"), "may not use the queue's KMS key"),
        (refused("Throttling"), "AWS is busy (Throttling on SendMessage, after retries)"),
        (refused("AWS.SimpleQueueService.NonExistentQueue"), "the queue does not exist: it was deleted by hand"),
        (EndpointConnectionError(endpoint_url="https://sqs"), "AWS did not answer: check the network and the region"),
        (refused("Strange", "two\nlines"), "AWS refused SendMessage (Strange): two lines"),
    ],
)  # fmt: skip
def test_every_error_of_aws_is_one_line(error: Exception, line: str) -> None:
    assert line in one_line(error) and "\n" not in one_line(error)


def test_one_cause_however_often_its_details_differ() -> None:
    ids = [f"0ebc49cd-64b4-4dee-adbb-0d42b1f23d{n}" for n in (11, 22)]
    assert len({Cause.from_error("E", f"no {each} at 10.0.0.{n}:443 after {n} s") for n, each in enumerate(ids)}) == 1
    assert normalised("the webhook answered 503") == "the webhook answered 503"
    assert normalised("KeyError, handler.py:12") != normalised("KeyError, handler.py:13")
    cause = Cause.from_error("TransientError", "the webhook answered 503")
    assert all(cause.matches(each) for each in (cause.id, "TransientError", "answered 503"))
    assert not cause.matches("50")


def test_messages_are_chosen_on_purpose() -> None:
    with pytest.raises(Unusable, match="which dead letters"):
        Selection.from_options([], [], None, everything=False)
    with pytest.raises(Unusable, match="--all means every dead letter"):
        Selection.from_options(["x"], [], None, everything=True)
    with pytest.raises(Unusable, match="no length of time"):
        age("soon")
    assert age("90s") == timedelta(seconds=90) and age("2d") == timedelta(days=2)
    chosen = Selection.from_options([], ["o1"], "1h", everything=False)
    assert (
        chosen.pick([message(event("1"))], cast(Any, None)) and not chosen.is_satisfied
    )  # another letter may have it, too
    chosen = Selection.from_options([], ["m1"], "1h", everything=False)
    assert chosen.pick([message(event("1"))], cast(Any, None)) and chosen.is_satisfied


def events(*lines: Any) -> Aws:
    now = int(datetime.now(UTC).timestamp() * 1000)
    told = [
        {"eventId": str(n), "timestamp": now, "message": each if isinstance(each, str) else json.dumps(each)}
        for n, each in enumerate(lines)
    ]
    return cast(Aws, SimpleNamespace(logs=SimpleNamespace(filter_log_events=lambda **_: {"events": told})))


def age_told(seconds: float) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=2)
    return {"MetricDataResults": [{"Id": "m0", "StatusCode": "Complete", "Timestamps": [at], "Values": [seconds]}]}


def test_a_queue_that_was_deleted_is_a_problem_of_its_subscriber_alone() -> None:
    def gone(**_: Any) -> None:
        raise refused("AWS.SimpleQueueService.NonExistentQueue")

    sqs = SimpleNamespace(get_queue_attributes=gone, list_queue_tags=gone, receive_message=gone)
    functions = SimpleNamespace(
        get_function_configuration=lambda **_: {},
        list_tags=lambda **_: {},
        list_event_source_mappings=lambda **_: {
            "EventSourceMappings": [{"EventSourceArn": "arn:q", "State": "Enabled", "EventSourceMappingArn": "m"}]
        },
    )
    metrics = SimpleNamespace(get_metric_data=lambda **_: age_told(3.0))
    aws = cast(Aws, SimpleNamespace(sqs=sqs, functions=functions, cloudwatch=metrics, logs=events().logs))
    subscriber = DeployedSubscriber(aws, "Task", "task", "https://1/q", "https://1/d", "f")
    found = status.health(subscriber)
    assert (found.mapping, found.oldest_seconds, found.dead) == ("Enabled", 3, None)
    assert found.problems and all(each.startswith("the queue does not exist") for each in found.problems)
    stack = Stack(aws, "S", "arn:aws:cloudformation:r:1:stack/S/1", "CREATE_COMPLETE", {}, (subscriber,))
    (summaries,) = summary.collect(stack, None, limit=10)
    assert summaries.problem is not None and summaries.problem.startswith("the queue does not exist")


def test_cloudtrail_is_told_which_program_asks() -> None:
    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-west-1")
    said: list[Any] = []

    def answer(request: Any, **_: object) -> Any:
        said.append(request.headers["User-Agent"])
        return AWSResponse(request.url, 200, HTTPHeaders(), SimpleNamespace(stream=lambda: iter([b"{}"])))

    session.events.register("before-send", answer)
    Aws(session).sqs.receive_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/1/q")
    assert said == [f"fanout Botocore/{botocore.__version__}".encode()]
