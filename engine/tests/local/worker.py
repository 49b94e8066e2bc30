"""A queue with a role for a worker, made beside the deployed stack, and workers as processes of their own."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fanout import names
from fanout.local.emulator.connection import ACCOUNT, without_real_aws
from fanout.publisher import Event
from tests.local.conftest import Deployed
from tests.places import APP
from tests.published import order_placed

VISIBILITY = 30
HANDLER = '''\
"""Waits as long as the shop's id says, and then has its effect: one object for each time."""

import os
import time
import uuid

from events import OrderPlaced
from fanout.runtime import client, handler_of

_s3 = client("s3")


def work(order: OrderPlaced) -> None:
    time.sleep(float(order.shop_id.removeprefix("s-")))
    _s3.put_object(Bucket=os.environ["EFFECTS"], Key=f"{order.id}/{uuid.uuid4()}", Body=b"")


handle = handler_of(work)
'''


def taking(seconds: float, id_: str) -> Event:
    """An event whose task takes so long."""
    return order_placed(shop_id=f"s-{seconds}", order_id=id_, event_id=id_, items={})


@dataclass
class Place:
    """Of one worker's task: `slow`. Its events are put on its queue; its effects are objects of a bucket."""

    deployed: Deployed
    folder: Path
    event_of: dict[str, str] = field(default_factory=dict)
    """By message id."""
    name: str = field(default_factory=lambda: f"worker-{os.urandom(4).hex()}")

    def __post_init__(self) -> None:
        sqs, s3, iam = (self._client(service) for service in ("sqs", "s3", "iam"))
        self.dead_letter_queue = sqs.create_queue(QueueName=f"{self.name}-dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": _arn(self.dead_letter_queue), "maxReceiveCount": 5}
        self.queue = sqs.create_queue(
            QueueName=self.name,
            Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": str(VISIBILITY)},
        )["QueueUrl"]
        s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
        self.role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=self.name, PolicyName="worker", PolicyDocument=_policy(*self._rights()))
        task = self.folder / "slow"
        task.mkdir(parents=True)
        (task / "handler.py").write_text(HANDLER)
        (self.folder / "events").symlink_to(APP / "lambdas" / "events")

    def _rights(self) -> list[dict[str, Any]]:
        """What a worker asks for, and no more."""
        consume = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "ListQueueTags"]
        wanted = [
            ([f"sqs:{each}" for each in consume], _arn(self.queue)),
            (["sqs:SendMessage"], _arn(self.dead_letter_queue)),
            (["dynamodb:UpdateItem"], f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/{self.table}"),
            (["s3:PutObject"], f"arn:aws:s3:::{self.name}/*"),
        ]
        return [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in wanted]

    @property
    def table(self) -> str:
        return self.deployed.stack.outputs[names.RECORDS_TABLE_OUTPUT]

    @cached_property
    def variables(self) -> dict[str, str]:
        held = self._client("sts").assume_role(RoleArn=self.role, RoleSessionName="worker")["Credentials"]
        return {
            **without_real_aws(os.environ),
            **self.deployed.connection.variables,
            "AWS_ACCESS_KEY_ID": held["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": held["SecretAccessKey"],
            "AWS_SESSION_TOKEN": held["SessionToken"],
            names.TASK: "slow",
            names.STACK: self.deployed.stack.name,
            names.QUEUE_URL: self.queue,
            names.DEAD_LETTER_QUEUE_URL: self.dead_letter_queue,
            names.RETRY_DELAYS: "1,1,1,1",
            names.RETRY_JITTER: "0",
            names.CONCURRENCY: "4",
            names.COMPLETED_TABLE: self.table,
            names.COMPLETED_SECONDS: "86400",
            names.VISIBILITY: str(VISIBILITY),
            names.GRACE: "10",
            "EFFECTS": self.name,
        }

    def send(self, *events: Event) -> None:
        for event in events:
            sent = self._client("sqs").send_message(QueueUrl=self.queue, MessageBody=event.body)
            self.event_of[sent["MessageId"]] = event.id

    def effects(self) -> Counter[str]:
        """How often each event had its effect."""
        found = self._client("s3").list_objects_v2(Bucket=self.name).get("Contents", [])
        return Counter(each["Key"].partition("/")[0] for each in found)

    def left(self) -> tuple[int, int]:
        """Messages in the queue, hidden ones too, and dead letters."""
        queue, dead = (self._count(url) for url in (self.queue, self.dead_letter_queue))
        return queue, dead

    def _count(self, url: str) -> int:
        told = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(told["ApproximateNumberOfMessages"]) + int(told["ApproximateNumberOfMessagesNotVisible"])

    def _client(self, service: str) -> Any:
        session: Any = self.deployed.session
        return session.client(service)


class Process:
    """`fanout work slow`, with what it says in a file."""

    def __init__(self, place: Place, *options: str, **variables: str) -> None:
        self._place = place
        self.said = place.folder / f"{os.urandom(4).hex()}.log"
        with self.said.open("w") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fanout", "work", "slow", *options],
                cwd=place.folder,
                env={**place.variables, **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def ended(self, within: float = 20) -> int:
        return self._process.wait(within)

    def lines(self) -> list[dict[str, Any]]:
        """Its log lines, without metrics; a half written last one is no line yet."""
        found = []
        for line in self.said.read_text().splitlines():
            if line.startswith("{") and line.endswith("}") and "_aws" not in line:
                found.append(json.loads(line))
        return found

    def working_on(self) -> set[str]:
        """Ids of the events that were begun and have no outcome."""
        begun = {id_ for line in self.lines() if line["message"] == "received" for id_ in line["messages"]}
        ended = {line["message_id"] for line in self.lines() if "outcome" in line}
        return {self._place.event_of[id_] for id_ in begun - ended}

    def outcomes(self, event_id: str) -> Sequence[str]:
        told = [line for line in self.lines() if line.get("event_id") == event_id and "outcome" in line]
        return [" ".join(filter(None, (each["outcome"], each.get("error_type")))) for each in told]


def _arn(url: str) -> str:
    return f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{url.rsplit('/', 1)[-1]}"


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
