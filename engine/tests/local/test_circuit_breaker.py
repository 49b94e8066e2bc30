"""A dependency that is down for longer than all attempts together costs no event, behind a circuit breaker."""

import json
import sys

import pytest

from tests import places
from tests.local.conftest import Deployed
from tests.local.test_fan_out import new_event, publish

pytestmark = pytest.mark.long

APP = """\
from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from stacks import settings
from fanout.constructs import CircuitBreaker, Retry, Subscriber, Topic
from stacks.webhook import Webhook

app = cdk.App()
stack = cdk.Stack(app, "Breaker", synthesizer=cdk.CliCredentialsStackSynthesizer())
webhook = Webhook(stack, "Webhook", settings=settings.LOCAL)
subscriber = Subscriber(
    stack,
    "Protected",
    topic=Topic.from_arn(stack, "OrderPlaced", {topic_arn!r}, settings=settings.LOCAL),
    task="notify_partner",
    only={{"shop_id": ["protected"]}},
    retry=Retry(attempts=10, backoff=[timedelta(seconds=1)] * 9),  # each container counts for itself
    circuit_breaker=CircuitBreaker(failures=4, cool_down=timedelta(minutes=1)),
    environment={{"WEBHOOK_URL": webhook.url, "WEBHOOK_SECRET_ARN": webhook.secret.secret_arn}},
)
webhook.secret.grant_read(subscriber.function)
cdk.CfnOutput(stack, "Mapping", value=subscriber.mapping.event_source_mapping_id)
cdk.CfnOutput(stack, "Closer", value=stack.node.find_child("CloseCircuits").node.find_child("Function").function_name)
app.synth()
"""


@pytest.fixture(scope="module")
def breaker(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A subscriber of the same topic, for one order, with a circuit that opens after four failures in a row."""
    program = tmp_path_factory.mktemp("breaker") / "app.py"
    program.write_text(APP.format(topic_arn=a_deployment.stack.topic_arn))
    command = f"env PYTHONPATH={places.APP}:{places.APP / 'lambdas'} {sys.executable} {program}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(program.parent / "cdk.out")]
    done = a_deployment.cdk("deploy", "Breaker", "--app", command, *options)
    assert done.returncode == 0, done.stderr
    stacks = a_deployment.session.client("cloudformation").describe_stacks(StackName="Breaker")["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stacks[0]["Outputs"]}


def test_events_wait_with_their_attempts_until_the_dependency_is_back(
    deployed: Deployed, breaker: dict[str, str]
) -> None:
    client, sqs = deployed.session.client("lambda"), deployed.session.client("sqs")
    deployed.receiver.answer(status=503, containing="protected")

    def mapping_is(state: str) -> bool:
        return client.get_event_source_mapping(UUID=breaker["Mapping"])["State"] == state

    first = [new_event("protected") for _ in range(6)]
    for event in first:
        publish(deployed, event)
    deployed.wait_until(lambda: mapping_is("Disabled"), "the circuit to open")
    later = [new_event("protected") for _ in range(20)]
    for event in later:
        publish(deployed, event)
    deployed.receiver.heal()

    # An hour later: what the rule calls every minute finds the circuit cooled down.
    arn = client.get_event_source_mapping(UUID=breaker["Mapping"])["EventSourceMappingArn"]
    opened_at = int(client.list_tags(Resource=arn)["Tags"]["fanout:circuit"])
    client.tag_resource(Resource=arn, Tags={"fanout:circuit": str(opened_at - 3600)})
    asked = {"mapping": breaker["Mapping"], "cool_down_seconds": 60}
    answer = client.invoke(FunctionName=breaker["Closer"], Payload=json.dumps(asked))
    assert "FunctionError" not in answer, answer["Payload"].read()
    assert mapping_is("Enabled") or mapping_is("Enabling")
    client.invoke(FunctionName=breaker["Closer"], Payload=json.dumps(asked))  # a minute later
    assert "fanout:circuit" not in client.list_tags(Resource=arn)["Tags"]

    own = breaker["ProtectedQueueUrl"]

    def all_arrived() -> bool:
        left = sqs.get_queue_attributes(QueueUrl=own, AttributeNames=["All"])["Attributes"]
        return left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"

    deployed.wait_until(all_arrived, "the protected queue to drain", 60)
    dead = sqs.get_queue_attributes(QueueUrl=breaker["ProtectedDeadLetterQueueUrl"], AttributeNames=["All"])
    assert dead["Attributes"]["ApproximateNumberOfMessages"] == "0"
    for event in [*first, *later]:
        assert 200 in [each.answer for each in deployed.receiver.requests(event["id"])]
