"""Whatever is killed, and wherever: every 201 is at every task once, and nothing is there that was not stored.

The real functions run with a client of AWS that ends the process before or after a call, by chance: before the store, between the
store and the publish, after the publish and before the mark. Meanwhile the stream is off for a while, the relay may not publish
for a while, and sweeps run beside it all. Clients ask again under the same key until they have a yes, as pages and programs do.
"""

import io
import json
import threading
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.local.conftest import Deployed
from tests.local.intake_app import DeployedIntake, deploy_intake

pytestmark = pytest.mark.long

ENTRIES = 500
CRASHING = '''\
"""Each call of AWS may be this process's last, before or after it."""
import os
import random

from fanout.runtime import aws

real = aws.client


class Client:
    def __init__(self, service):
        self._real, self._service = real(service), service

    def __getattr__(self, name):
        found = getattr(self._real, name)
        return self._perhaps(name, found) if callable(found) else found

    def _perhaps(self, name, call):
        def called(**request):
            self._end("before", name)
            answer = call(**request)
            self._end("after", name)
            return answer

        return called

    def _end(self, when, name):
        chance, step = float(os.environ["CRASH"]), f"{when} {self._service}.{name}\\n"
        with open(os.environ["CRASHES"], "a+") as file:
            file.seek(0)
            if chance and file.read().count(step) < 3:
                chance = 0.3  # so that each step has its deaths
            if random.random() < chance:
                file.write(step)
                file.flush()
                os._exit(1)


aws.client = Client

from fanout.intake import handler, relay  # noqa: E402  # they take the client as they are imported

handle, on_stream, sweep = handler.handle, relay.on_stream, relay.sweep
'''
HANDLERS = {"Web": "handle", "Stream": "on_stream", "Sweep": "sweep"}
CHANCE = {"Web": "0.03", "Stream": "0.05", "Sweep": "0.01"}


@pytest.fixture
def intake(deployed: Deployed, tmp_path: Path) -> Iterator[DeployedIntake]:
    made = deploy_intake(deployed, tmp_path)
    make_crashing(made, tmp_path / "crashes")
    yield made
    deployed.session.client("cloudformation").delete_stack(StackName=made.stack.name)


def make_crashing(intake: DeployedIntake, crashes: Path) -> None:
    functions = intake.deployed.session.client("lambda")
    for part, handler in HANDLERS.items():
        name = intake.function(part)
        code = intake.code
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as file:
            for path in sorted(each for each in code.rglob("*") if each.is_file()):
                file.write(path, str(path.relative_to(code)))
            file.writestr("crashing.py", CRASHING)
        functions.update_function_code(FunctionName=name, ZipFile=held.getvalue())
        found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        variables = {**found, "CRASHES": str(crashes), "CRASH": CHANCE[part]}
        functions.update_function_configuration(
            FunctionName=name, Handler=f"crashing.{handler}", Environment={"Variables": variables}
        )


def be_well(intake: DeployedIntake) -> None:
    functions = intake.deployed.session.client("lambda")
    for part in HANDLERS:
        name = intake.function(part)
        found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**found, "CRASH": "0"}})


def send_until_yes(intake: DeployedIntake, number: int) -> str:
    """The reference that the first or a later yes says."""
    answers = {"email": f"p{number}@example.com", "topic": "A question", "consent": True}
    key = {"idempotency-key": f"key-{number}-{uuid.uuid4()}"}
    for _ in range(60):
        with suppress(OSError):
            answer = intake.ask("/contact", answers, **key)
            if answer.status in (200, 201):
                return str(answer.json["reference"])
    raise AssertionError(f"no yes for {number}")


def trouble(intake: DeployedIntake, over: threading.Event) -> None:
    """The stream off and on, the right to publish away and back, and sweeps all the time."""
    while not over.is_set():
        intake.follow_stream(on=False)
        sweep_all(intake)
        over.wait(1)
        intake.follow_stream(on=True)
        with may_not_publish(intake):
            sweep_all(intake)
            over.wait(1)
        for _ in range(5):
            sweep_all(intake)


class may_not_publish:  # noqa: N801  # it is used as a word
    """The relay's roles have an explicit Deny meanwhile."""

    def __init__(self, intake: DeployedIntake) -> None:
        self._iam = intake.deployed.session.client("iam")
        functions = intake.deployed.session.client("lambda")
        arns = [
            functions.get_function_configuration(FunctionName=intake.function(part))["Role"]
            for part in ("Stream", "Sweep")
        ]
        self._roles = [arn.rpartition("/")[2] for arn in arns]

    def __enter__(self) -> None:
        denied = {"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"}
        for role in self._roles:
            document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
            self._iam.put_role_policy(RoleName=role, PolicyName="none", PolicyDocument=document)

    def __exit__(self, *error: object) -> None:
        for role in self._roles:
            self._iam.delete_role_policy(RoleName=role, PolicyName="none")


def age(intake: DeployedIntake) -> int:
    """Makes what is not emitted older than the sweep waits for; says how many there are."""
    dynamodb = intake.deployed.session.client("dynamodb")
    left = [name for name, each in intake.entries().items() if "unsent_at" in each]
    for reference in left:
        with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(
                TableName=intake.table,
                Key={"pk": {"S": f"entry#{reference}"}},
                UpdateExpression="SET stored_at = :at",
                ConditionExpression="attribute_exists(unsent_at)",
                ExpressionAttributeValues={":at": {"N": "1000"}},
            )
    return len(left)


def sweep_all(intake: DeployedIntake) -> int:
    """The young ones too; how many there were."""
    left = age(intake)
    intake.sweep()
    return left


def done(deployed: Deployed, task: str) -> Counter[str]:
    """How often each entry's work was done, by the task's log; a second copy is `duplicate`."""
    return Counter(
        each.event_id.removeprefix("contact:")
        for each in deployed.evidence.attempts(task)
        if each.outcome == "done" and each.event_id and each.event_id.startswith("contact:")
    )


def archived(deployed: Deployed) -> Counter[str]:
    """Objects of each entry: that task writes on a condition, and says "done" of a copy too."""
    bucket = deployed.stack.outputs["ArchiveBucketName"]
    pages = deployed.session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    parts = [part for page in pages for each in page.get("Contents", []) for part in each["Key"].split("/")]
    return Counter(each.removeprefix("contact:") for each in parts if each.startswith("contact:"))


def test_every_yes_is_at_every_task_once_whatever_is_killed(intake: DeployedIntake, tmp_path: Path) -> None:
    deployed, over = intake.deployed, threading.Event()
    before = {task: set(done(deployed, task)) for task in deployed.stack.tasks}
    striking = threading.Thread(target=trouble, args=(intake, over))
    striking.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            references = list(pool.map(lambda number: send_until_yes(intake, number), range(ENTRIES)))
    finally:
        over.set()
        striking.join()
    assert len(set(references)) == ENTRIES

    for _ in range(10):
        sweep_all(intake)
    be_well(intake)

    def is_empty() -> bool:
        return not sweep_all(intake)

    deployed.wait_until(is_empty, "everything stored to be emitted", 120)
    stored = set(intake.entries())
    assert set(references) <= stored
    for task in deployed.stack.tasks:
        deployed.wait_until(lambda task=task: stored <= set(done(deployed, task)), f"all to be done by {task}", 120)  # type: ignore[misc]
        found = done(deployed, task)
        assert set(found) - before[task] <= stored, "published, and not stored"
        effects = archived(deployed) if task == "archive_order" else found
        assert {each: count for each, count in effects.items() if each in stored and count != 1} == {}, task
    killed = Counter((tmp_path / "crashes").read_text().splitlines())
    for step in ("before dynamodb.transact_write_items", "after dynamodb.transact_write_items", "before sns.publish", "after sns.publish", "before dynamodb.update_item", "after dynamodb.update_item"):  # fmt: skip
        assert killed[step], f"nothing was killed {step}: {killed}"
    print(f"{len(stored)} stored, {killed.total()} killed: {dict(killed)}")
