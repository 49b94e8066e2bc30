"""The publisher of the demo: its credentials may publish and nothing else."""

import json
from collections.abc import Sequence

import boto3
from botocore.exceptions import ClientError

from fanout.local.emulator.connection import ACCOUNT, Connection
from fanout.local.errors import LocalError
from fanout.publisher import Event, EventPublisher, PublishError

ROLE = "demo-publisher"


def publisher_session(connection: Connection, publisher_policy_arn: str) -> boto3.Session:
    """Of a role that holds the publisher policy alone, as a publishing service's own role would."""
    iam = connection.session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)["Role"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=publisher_policy_arn)
    sts = connection.session.client("sts")
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="demo")["Credentials"]
    return connection.session_of(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def publish(session: boto3.Session, topic_arn: str, events: Sequence[Event]) -> None:
    try:
        result = EventPublisher(topic_arn, session=session).publish_many(events)
    except PublishError as error:
        raise LocalError(f"the demo could not publish: {error}") from error
    if result.failed:
        raise LocalError(f"the demo could not publish: {result.failed[0].reason}")


def refusal(session: boto3.Session, topic_arn: str) -> str:
    """What the publisher hears when it asks who listens; empty if it is told, which would be wrong."""
    try:
        session.client("sns").list_subscriptions_by_topic(TopicArn=topic_arn)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""
