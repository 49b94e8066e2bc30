"""Who may do what, with IAM enforced: each refusal is asked for, not assumed."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fanout.publisher import EventPublisher, PublishError
from tests.local.conftest import Deployed
from tests.local.test_fan_out import new_event, publish


def code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


def test_a_publishing_service_with_the_publisher_policy_publishes_and_does_nothing_else(deployed: Deployed) -> None:
    service = deployed.session_with({}, deployed.stack.outputs["PublisherPolicyArn"])
    orders = EventPublisher(deployed.stack.topic_arn, session=service)
    event = new_event()
    assert orders.publish(orders.checked(event)).event_id == event["id"]
    deployed.wait_until_done(event["id"], "archive_order")
    for refused in (
        lambda: service.client("sns").get_topic_attributes(TopicArn=deployed.stack.topic_arn),
        lambda: service.client("sqs").receive_message(
            QueueUrl=deployed.stack.subscriber("notify_partner").dead_letter_queue_url
        ),
        lambda: service.client("s3").list_objects_v2(Bucket=deployed.stack.outputs["ArchiveBucketName"]),
    ):
        with pytest.raises(ClientError) as raised:
            refused()
        assert "Denied" in code(raised) or "Authorization" in code(raised)


def test_a_strangers_publish_is_refused_in_one_line(deployed: Deployed) -> None:
    stranger = EventPublisher(deployed.stack.topic_arn, session=deployed.session_with({}))
    with pytest.raises(PublishError) as raised:
        stranger.publish(stranger.checked(new_event()))
    line = str(raised.value)
    assert line.startswith("this role may not publish to arn:aws:sns:") and "attach the publisher policy" in line
    assert len(line.splitlines()) == 1


def test_nobody_but_the_topic_sends_to_a_queue(deployed: Deployed) -> None:
    queue = deployed.stack.subscriber("archive_order").queue_url
    with pytest.raises(ClientError) as raised:
        deployed.session_with({}).client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    assert "Denied" in code(raised)


def test_plain_http_is_refused(deployed: Deployed) -> None:
    """By the door: nothing of the embedded AWS answers without TLS, and the topic's policy denies what would."""
    plain = deployed.connection.endpoint.replace("https://", "http://")
    client = deployed.session.client("sns", endpoint_url=plain, config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(Exception, match=r"AuthorizationError|AccessDenied|Connection|closed"):
        client.publish(TopicArn=deployed.stack.topic_arn, Message=json.dumps(new_event()))
    with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
        urllib.request.urlopen(plain, timeout=5)


def role_policies(deployed: Deployed, task: str) -> dict[str, Any]:
    """What the deployed function of `task` was granted, read from IAM."""
    function = deployed.stack.subscriber(task).function_name
    arn = deployed.session.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    role, iam = arn.rpartition("/")[2], deployed.session.client("iam")
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}


def test_a_function_is_refused_what_it_was_not_granted(deployed: Deployed) -> None:
    archiving = deployed.session_with(role_policies(deployed, "archive_order"))
    bucket, other = deployed.stack.outputs["ArchiveBucketName"], deployed.stack.subscriber("notify_partner")
    archiving.client("s3").put_object(Bucket=bucket, Key="contact/2026/01/01/granted.json", Body=b"{}")
    for refused in (
        lambda: archiving.client("s3").get_object(Bucket=bucket, Key="contact/2026/01/01/granted.json"),
        lambda: archiving.client("s3").delete_object(Bucket=bucket, Key="contact/2026/01/01/granted.json"),
        lambda: archiving.client("sqs").receive_message(QueueUrl=other.queue_url),
        lambda: archiving.client("sqs").send_message(QueueUrl=other.dead_letter_queue_url, MessageBody="{}"),
        lambda: archiving.client("sns").publish(TopicArn=deployed.stack.topic_arn, Message="{}"),
        lambda: archiving.client("secretsmanager").get_secret_value(
            SecretId=deployed.stack.outputs["WebhookSecretArn"]
        ),
        lambda: archiving.client("sesv2").send_email(
            FromEmailAddress="orders@example.com",
            Destination={"ToAddresses": ["pat@example.com"]},
            Content={"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}},
        ),
    ):
        with pytest.raises(ClientError) as raised:
            refused()
        assert "Denied" in code(raised) or "Authorization" in code(raised)


def test_no_answer_of_a_form_is_in_any_log(deployed: Deployed) -> None:
    canary = "canary-of-a-form-answer"
    events = [new_event(shop_id) for shop_id in ("contact", "unlucky", "gone")]
    deployed.receiver.answer(status=503, containing="unlucky")
    deployed.receiver.answer(status=410, containing="gone")
    for event in events:
        event["data"]["items"] = {canary: canary, "nested": [{"text": canary}]}
        event["data"]["customer"] = {"email": f"{canary}@example.com", "name": canary}
        publish(deployed, event)
    for event in events:
        deployed.wait_until_done(event["id"], "send_receipt", "archive_order")
    for event in events[1:]:
        deployed.wait_until_dead(event["id"], "notify_partner")
    logs = deployed.session.client("logs")
    groups = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    assert len(groups) >= len(deployed.stack.tasks)
    for group in groups:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        assert not [each for page in pages for each in page["events"] if canary in each["message"]]
