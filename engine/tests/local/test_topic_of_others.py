"""A fan-out that was made by hand on the embedded AWS, as by Terraform: found by its topic's ARN alone, and healed."""

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.local.conftest import Deployed
from tests.local.operator import Operator

HANDLER = """\
import json

def handle(event, context):
    for each in event["Records"]:
        if json.loads(json.loads(each["body"])["Message"])["broken"]:
            raise RuntimeError("no")
"""


def zipped(code: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("main.py", code)
    return held.getvalue()


@dataclass
class Estate:
    """`bill` has a function and a dead-letter queue; `ship` only a queue; two more share one dead-letter queue."""

    deployed: Deployed
    name: str
    topic: str
    queues: dict[str, str]
    mapping: str

    def publish(self, *, broken: bool) -> None:
        self.deployed.session.client("sns").publish(TopicArn=self.topic, Message=json.dumps({"broken": broken}))

    def deploy(self, old: str, new: str) -> None:
        functions = self.deployed.session.client("lambda")
        functions.update_function_code(FunctionName=f"{self.name}-bill", ZipFile=zipped(HANDLER.replace(old, new)))

    def waiting(self, name: str) -> int:
        told = self.deployed.session.client("sqs").get_queue_attributes(
            QueueUrl=self.queues[name], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(told["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture(scope="module")
def estate(a_deployment: Deployed) -> Iterator[Estate]:
    session, name = a_deployment.session, f"shop-{uuid.uuid4().hex[:6]}"
    sqs, sns = session.client("sqs"), session.client("sns")
    functions, iam = session.client("lambda"), session.client("iam")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queues: dict[str, str] = {}

    def arn(of: str) -> str:
        return str(sqs.get_queue_attributes(QueueUrl=queues[of], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    def queue(of: str, dead: str | None = None) -> None:
        queues[of] = sqs.create_queue(QueueName=f"{name}-{of}", Attributes={"VisibilityTimeout": "3"})["QueueUrl"]
        if dead:
            policy = json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": 1})
            sqs.set_queue_attributes(QueueUrl=queues[of], Attributes={"RedrivePolicy": policy})
        if not of.endswith("dead"):
            allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
            statement = {**allow, "Resource": arn(of), "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            sqs.set_queue_attributes(QueueUrl=queues[of], Attributes={"Policy": document})
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(of))  # in SNS's envelope, as is usual

    queue("bill-dead")
    queue("bill", "bill-dead")
    queue("ship")
    queue("both-dead")
    queue("left", "both-dead")
    queue("right", "both-dead")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": ["sqs:*", "logs:*"], "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps({"Statement": [may]}))
    functions.create_function(
        FunctionName=f"{name}-bill",
        Runtime="python3.13",
        Role=role,
        Handler="main.handle",
        Code={"ZipFile": zipped(HANDLER)},
    )
    mapping = functions.create_event_source_mapping(EventSourceArn=arn("bill"), FunctionName=f"{name}-bill")["UUID"]
    yield Estate(a_deployment, name, topic, queues, mapping)
    functions.delete_event_source_mapping(UUID=mapping)


@pytest.fixture
def operator(estate: Estate, tmp_path: Path) -> Operator:
    return Operator(estate.deployed, tmp_path, {}, stack=estate.topic)


@pytest.fixture
def bill(estate: Estate) -> str:
    return f"{estate.name}-bill"


def test_what_it_is_made_of_is_found_and_what_is_not_known_is_said(estate: Estate, operator: Operator) -> None:
    told = {each["task"].removeprefix(f"{estate.name}-"): each for each in operator.json("status")["subscribers"]}
    assert {name: (each["mapping"], each["buries"]) for name, each in told.items()} == {
        "bill": ("Enabled", True),
        "left": ("elsewhere", True),
        "right": ("elsewhere", True),
        "ship": ("elsewhere", False),
    }
    assert f"{estate.name}-ship has no fanout.runtime" in operator.run("status")
    assert "no record" in operator.run("where", "an-id", status=1)


@pytest.mark.parametrize("command", ["doctor", "verify", "erase", "console"])
def test_what_needs_a_stack_says_so(operator: Operator, command: str) -> None:
    options = ("--reference", "r", "--reason", "asked for") if command == "erase" else ()
    assert "was found by its topic" in operator.run(command, *options, status=2)


def test_letters_that_lie_among_those_of_others_are_left_alone(estate: Estate, operator: Operator) -> None:
    said = operator.run("dead", "redrive", f"{estate.name}-left", "--all", "--yes", "--no-canary", status=2)
    assert f"{estate.name}-both-dead has dead letters of {estate.name}-left and of {estate.name}-right" in said


def test_dead_letters_are_seen_and_sent_back(estate: Estate, operator: Operator, bill: str) -> None:
    estate.publish(broken=True)
    estate.deployed.wait_until(lambda: estate.waiting("bill-dead"), "a dead letter")
    assert "has no fanout.runtime" in operator.json("dead", "list", bill)[0]["groups"][0]["error"]
    assert "RuntimeError" in operator.run("logs", bill)
    assert "give --no-canary" in operator.run("dead", "redrive", bill, "--all", "--yes", status=2)
    assert estate.waiting("bill-dead") == 1
    estate.deploy('raise RuntimeError("no")', "pass")
    told = operator.json("dead", "redrive", bill, "--all", "--yes", "--no-canary")
    assert (told["sent"], told["no_outcome_yet"], told["stopped"]) == (1, 1, None)
    estate.deployed.wait_until(lambda: not estate.waiting("bill") and not estate.waiting("bill-dead"), "it to be done")


def test_a_pause_holds_its_events_back(estate: Estate, operator: Operator, bill: str) -> None:
    operator.run("pause", bill, "--reason", "moving house", "--yes")
    told = {each["task"]: each for each in operator.json("status", status=1)["subscribers"]}
    assert (told[bill]["mapping"], told[bill]["pause"]["reason"]) == ("Disabled", "moving house")
    operator.run("resume", bill, "--yes")
    assert "is not known to obey a pause" in operator.run(
        "pause", f"{estate.name}-ship", "--reason", "r", "--yes", status=2
    )
