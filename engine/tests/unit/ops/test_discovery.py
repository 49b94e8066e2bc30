"""What a stack's outputs say is in it, and what is said where they say too little."""

from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.errors import OpsError
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters.summary import collect
from fanout.ops.journal import Journal
from fanout.ops.status.report import report
from fanout.ops.timeline.timeline import for_stack

QUEUES = {"BillQueueUrl": "https://sqs/1/bill", "BillDeadLetterQueueUrl": "https://sqs/1/bill-dead"}


def stack_with(outputs: dict[str, str], *heard_by: str, name: str = "Orders-prod") -> Stack:
    described: dict[str, Any] = {
        "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/Orders-prod/1",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    pages = SimpleNamespace(paginate=lambda **_: [])
    listed = SimpleNamespace(paginate=lambda **_: [{"Subscriptions": [{"Endpoint": each} for each in heard_by]}])
    aws = SimpleNamespace(
        cloudformation=SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [described]}),
        sqs=SimpleNamespace(list_queue_tags=lambda **_: {}),
        sns=SimpleNamespace(get_paginator=lambda _: listed),
        cloudwatch=SimpleNamespace(get_paginator=lambda _: pages),
        is_aws=False,
    )
    return find(cast(Aws, aws), name)


def test_queues_without_what_takes_their_messages_are_said() -> None:
    stack = stack_with({"TopicArn": "arn:aws:sns:eu-west-1:1:orders", **QUEUES})
    assert stack.unseen == ("Bill: the stack has no output BillFunctionName, so it is left out",)
    assert stack_with({**QUEUES, "BillFunctionName": "bill"}).unseen == ()
    assert stack_with({**QUEUES, "BillWorkerRoleArn": "role"}).unseen == ()
    assert stack_with({"TopicArn": "topic", "ReportsQueueUrl": "https://sqs/1/reports"}).unseen == ()


def test_a_stack_without_subscribers_is_not_told_as_well() -> None:
    stack = stack_with({"TopicArn": "arn:aws:sns:eu-west-1:1:orders"})
    for look in (partial(collect, stack, None, limit=1), partial(for_stack, stack, "e1")):
        with pytest.raises(OpsError, match="Orders-prod has no subscriber: give --stack with the stack that has them"):
            look()
    assert report(stack).problems == ["its topic has no subscription: nobody gets its events"]


def test_a_stack_whose_topic_others_hear_is_well() -> None:
    stack = stack_with({"TopicArn": "arn:aws:sns:eu-west-1:1:orders"}, "arn:aws:sqs:eu-west-1:1:theirs")
    assert not report(stack).needs_a_person
    assert stack.with_letters(None) == ()


def test_an_intake_needs_no_subscriber() -> None:
    assert not report(stack_with({"IntakeTableName": "table"})).needs_a_person


def test_a_stack_that_is_named_by_its_arn_has_its_own_name_and_journal() -> None:
    outputs = {"TopicArn": "arn:aws:sns:eu-west-1:1:orders"}
    found = stack_with(outputs, name="arn:aws:cloudformation:eu-west-1:1:stack/Orders-prod/1")
    assert found.name == "Orders-prod"
    assert Journal.of(found).path == Journal.of(stack_with(outputs)).path


def test_a_stack_of_somebody_else_is_refused() -> None:
    with pytest.raises(OpsError, match="it is none of ours"):
        stack_with({"Url": "https://example.com"})
