"""What a deployment would delete is said with the messages in it; what is empty or stays is not."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.cli.local_command import agree
from fanout.errors import Unusable
from fanout.local.deletions import deletions
from fanout.local.emulator.connection import Connection

DEPLOYED = {
    "CRMQueue": ("AWS::SQS::Queue", {"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"}),
    "CRMDeadLetterQueue": ("AWS::SQS::Queue", {"ApproximateNumberOfMessages": "1"}),
    "EmptyQueue": ("AWS::SQS::Queue", {"ApproximateNumberOfMessages": "0"}),
    "StaysQueue": ("AWS::SQS::Queue", {"ApproximateNumberOfMessages": "5"}),
    "Archive": ("AWS::S3::Bucket", {}),
    "Role": ("AWS::IAM::Role", {}),
}


class Client:
    def get_paginator(self, name: str) -> Any:
        found = [
            {
                "LogicalResourceId": id_,
                "PhysicalResourceId": id_,
                "ResourceType": kind,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for id_, (kind, _) in DEPLOYED.items()
        ]
        return SimpleNamespace(paginate=lambda StackName: [{"StackResourceSummaries": found}])

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> Any:
        return {"Attributes": DEPLOYED[QueueUrl][1]}

    def list_queue_tags(self, QueueUrl: str) -> Any:
        return {"Tags": {"fanout:task": "sync_crm"}}


def test_messages_and_data_that_would_go_are_said() -> None:
    connection = cast(Connection, SimpleNamespace(session=SimpleNamespace(client=lambda name: Client())))
    assert deletions(connection, "stack", {"StaysQueue": {}, "Role": {}}) == [
        "deletes the queue of sync_crm with 3 messages",
        "deletes the dead-letter queue of sync_crm with 1 message",
        "deletes the bucket Archive, with all that is in it",
    ]


def test_where_nobody_can_be_asked_nothing_is_deleted_unless_yes_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    agree(["deletes the queue of sync_crm with 3 messages"], yes=True)
    with pytest.raises(Unusable, match="nobody is here to ask; give --yes"):
        agree(["deletes the queue of sync_crm with 3 messages"], yes=False)
    assert capsys.readouterr().out.count("this deployment deletes the queue of sync_crm with 3 messages") == 2
