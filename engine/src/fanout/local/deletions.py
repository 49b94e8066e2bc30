"""What a deployment would delete of what is deployed here, with the messages in it: said before it is done."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from fanout import names
from fanout.local.emulator.connection import Connection
from fanout.words import counted

KINDS = {
    "AWS::SQS::Queue": "queue",
    "AWS::SNS::Topic": "topic",
    "AWS::DynamoDB::Table": "table",
    "AWS::S3::Bucket": "bucket",
}


def deletions(connection: Connection, stack: str, resources: Mapping[str, Any]) -> list[str]:
    """One line each, for what holds messages or data; empty queues are not worth a question."""
    session = connection.session
    try:
        pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        deployed = [each for page in pages for each in page["StackResourceSummaries"]]
    except ClientError:  # nothing is deployed yet
        return []
    gone = [
        each
        for each in deployed
        if each["ResourceType"] in KINDS
        and each["LogicalResourceId"] not in resources
        and each["ResourceStatus"] != "DELETE_COMPLETE"
    ]
    return [line for each in gone if (line := _line(session, KINDS[each["ResourceType"]], dict(each)))]


def _line(session: Any, kind: str, resource: dict[str, Any]) -> str:
    name, url = resource["LogicalResourceId"], resource.get("PhysicalResourceId", "")
    if kind != "queue":
        return f"deletes the {kind} {name}, with all that is in it"
    sqs = session.client("sqs")
    try:
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        task = sqs.list_queue_tags(QueueUrl=url).get("Tags", {}).get(names.TASK_TAG, name)
    except ClientError:
        return ""
    waiting = sum(int(value) for attribute, value in told.items() if attribute.startswith("ApproximateNumberOf"))
    which = "dead-letter queue" if "DeadLetter" in name else "queue"
    return f"deletes the {which} of {task} with {counted(waiting, 'message')}" if waiting else ""
