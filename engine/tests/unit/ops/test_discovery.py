"""What a stack's outputs say is in it, and what is said where they say too little."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.errors import OpsError
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.status.report import report

QUEUES = {"BillQueueUrl": "https://sqs/1/bill", "BillDeadLetterQueueUrl": "https://sqs/1/bill-dead"}


def stack_with(outputs: dict[str, str]) -> Stack:
    described: dict[str, Any] = {
        "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/Orders-prod/1",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    pages = SimpleNamespace(paginate=lambda **_: [])
    aws = SimpleNamespace(
        cloudformation=SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [described]}),
        sqs=SimpleNamespace(list_queue_tags=lambda **_: {}),
        sns=SimpleNamespace(get_paginator=lambda _: pages),
        cloudwatch=SimpleNamespace(get_paginator=lambda _: pages),
        is_aws=False,
    )
    return find(cast(Aws, aws), "Orders-prod")


def test_queues_without_what_takes_their_messages_are_said() -> None:
    stack = stack_with({"TopicArn": "arn:aws:sns:eu-west-1:1:orders", **QUEUES})
    assert stack.unseen == ("Bill: the stack has no output BillFunctionName, so it is left out",)
    assert stack_with({**QUEUES, "BillFunctionName": "bill"}).unseen == ()
    assert stack_with({**QUEUES, "BillWorkerRoleArn": "role"}).unseen == ()


def test_a_stack_without_subscribers_is_not_told_as_well() -> None:
    stack = stack_with({"TopicArn": "arn:aws:sns:eu-west-1:1:orders"})
    for look in (stack.chosen, stack.with_letters):
        with pytest.raises(OpsError, match="Orders-prod has no subscriber: give --stack with the stack that has them"):
            look(None)
    told = report(stack)
    assert told.problems == ["it has no subscriber: give --stack with the stack that has them"]
    assert told.needs_a_person


def test_an_intake_needs_no_subscriber() -> None:
    assert not report(stack_with({"IntakeTableName": "table"})).needs_a_person


def test_a_stack_of_somebody_else_is_refused() -> None:
    with pytest.raises(OpsError, match="it is none of ours"):
        stack_with({"Url": "https://example.com"})
