"""The form service of the demo: what it publishes, and credentials that may publish and nothing else."""

import json

import boto3
from botocore.exceptions import ClientError

from fanout.contracts.app import valid_examples
from fanout.local.emulator.connection import ACCOUNT, Connection
from fanout.local.errors import LocalError
from fanout.publisher import Event, FormEvents, PublishError, checked_event, form_submitted

ROLE = "demo-form-service"
REFUSED_FORM = "webhook-refuses"


def events_of_the_demo() -> list[Event]:
    """The contract's valid examples, and one whose webhook will answer 410 Gone."""
    refused = form_submitted(
        form_id=REFUSED_FORM,
        submission_id="webhook-refuses-0001",
        answers={"message": "An example whose webhook answers 410"},
        submitter_email="kim.example@example.com",
        submitter_name="Kim Example",
    )
    return [*(checked_event(json.loads(body)) for body in valid_examples().values()), refused]


def form_service_session(connection: Connection, publisher_policy_arn: str) -> boto3.Session:
    """Of a role that holds the publisher policy alone, as a form service's own role would."""
    iam = connection.session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)["Role"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=publisher_policy_arn)
    sts = connection.session.client("sts")
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="demo")["Credentials"]
    return connection.session_of(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def publish(session: boto3.Session, topic_arn: str, events: list[Event]) -> None:
    try:
        result = FormEvents(topic_arn, session=session).publish_many(events)
    except PublishError as error:
        raise LocalError(f"the form service could not publish: {error}") from error
    if result.failed:
        raise LocalError(f"the form service could not publish: {result.failed[0].reason}")


def refusal(session: boto3.Session, topic_arn: str) -> str:
    """What the form service hears when it asks who listens; empty if it is told, which would be wrong."""
    try:
        session.client("sns").list_subscriptions_by_topic(TopicArn=topic_arn)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""
