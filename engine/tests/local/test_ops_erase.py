"""A canary person is erased on the embedded AWS: their word is in no version, queue, item or log group afterwards, nobody
else's data went, and neither an import nor a replay brings them back."""

import json
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters import browse
from fanout.publisher import Event, EventPublisher
from tests import places
from tests.local.conftest import Deployed
from tests.local.intake_app import deploy_intake
from tests.local.operator import HEAL, READ, Operator
from tests.published import order_placed

pytestmark = pytest.mark.long

NAME, ERASE, REPLAY = "OrderEvents-erase", "OperatorErasePolicyArn", "OperatorReplayPolicyArn"
APP = """\
from dataclasses import replace

import aws_cdk as cdk

from fanout.constructs import FanoutStack, OperatorPolicies, Subscriber, Topic
from stacks import settings
from stacks.archive import Archive

chosen = replace(settings.LOCAL, name="erase")
app = cdk.App()
stack = FanoutStack(app, "OrderEvents-erase", settings=chosen)
orders = Topic(stack, "OrderPlaced", settings=chosen)
archive = Archive(stack, "Archive", settings=chosen)
archiving = Subscriber(
    stack,
    "ArchiveOrder",
    topic=orders,
    task="archive_order",
    idempotent=True,
    replayable=True,
    environment={"ARCHIVE_BUCKET": archive.bucket.bucket_name},
)
archive.grant_write(archiving.role)
operators = OperatorPolicies(stack, "Operator", topic=orders)
archive.grant_read(operators.replay)
operators.let_erase(archive.bucket)
app.synth()
"""


@dataclass
class Place:
    deployed: Deployed
    stack: Stack
    word: str
    """In whatever case."""

    def client(self, service: Any) -> Any:
        return self.deployed.session.client(service)

    @property
    def bucket(self) -> str:
        return self.stack.outputs["ArchiveBucketName"]

    def versions(self) -> list[tuple[str, str, bytes]]:
        s3 = self.client("s3")
        found = []
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket):
            for each in page.get("Versions", []):
                body = s3.get_object(Bucket=self.bucket, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
                found.append((each["Key"], each["VersionId"], body))
        return found

    def letters(self) -> list[str]:
        """Bodies; they are shown again."""
        url = self.stack.subscriber("archive_order").dead_letter_queue_url
        with browse.browse(self.stack.aws, url, patience=10) as browsing:
            return [each.body for each in browsing]

    def everywhere(self) -> dict[str, list[str]]:
        """Where the word is: versions, letters, items of every table, lines of every log group."""
        dynamodb, logs = self.client("dynamodb"), self.client("logs")
        items = [
            json.dumps(item)
            for table in dynamodb.list_tables()["TableNames"]
            for page in dynamodb.get_paginator("scan").paginate(TableName=table)
            for item in page["Items"]
        ]
        lines = [
            each["message"]
            for group in logs.describe_log_groups()["logGroups"]
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            for each in page["events"]
        ]
        return {
            "versions": [key for key, _, body in self.versions() if self.word.encode() in body.lower()],
            "letters": ["a letter" for each in self.letters() if self.word in each.lower()],
            "items": ["an item" for each in items if self.word in each.lower()],
            "logs": ["a line" for each in lines if self.word in each.lower()],
        }


@pytest.fixture(scope="module")
def place(a_deployment: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("erase")
    program = folder / "app.py"
    program.write_text(APP)
    command = f"env PYTHONPATH={places.APP}:{places.APP / 'lambdas'} {sys.executable} {program}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(folder / "cdk.out")]
    done = a_deployment.cdk("deploy", NAME, "--app", command, *options)
    assert done.returncode == 0, done.stderr
    return Place(a_deployment, find(Aws(a_deployment.session), NAME), f"canary{uuid.uuid4().hex}")


@pytest.fixture
def operator(deployed: Deployed, place: Place, tmp_path: Path) -> Iterator[Operator]:
    """With the policies of that stack, and no other right."""
    session = deployed.session_with({}, *(place.stack.outputs[each] for each in (READ, HEAL, REPLAY, ERASE)))
    held = session.get_credentials()
    assert held is not None
    keys = {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}
    yield Operator(deployed, tmp_path / "journal", keys, stack=NAME)


def orders(word: str, shop: str, count: int) -> list[Event]:
    person: dict[str, Any] = {"customer_email": f"{word}@example.com", "customer_name": word}
    return [
        order_placed(shop_id=shop, order_id=f"{shop}-{number}", items={word: number}, **person)
        for number in range(count)
    ]


def test_a_canary_person_is_nowhere_afterwards(deployed: Deployed, place: Place, operator: Operator) -> None:
    shop = f"erase-{uuid.uuid4().hex[:8]}"
    (theirs,), others = orders(place.word, shop, 1), orders("other-person", f"{shop}-other", 12)
    publisher = EventPublisher(place.stack.topic_arn, session=deployed.session)
    assert publisher.publish_many([theirs, *others]).published == 13
    deployed.wait_until(lambda: len(place.versions()) >= 13, "all of them in the archive", 120)
    sqs, url = place.client("sqs"), place.stack.subscriber("archive_order").dead_letter_queue_url
    for each in [theirs, *others[:3]]:
        sqs.send_message(QueueUrl=url, MessageBody=each.body)
    s3 = place.client("s3")
    (key,) = [key for key, _, body in place.versions() if place.word.encode() in body]
    s3.put_object(Bucket=place.bucket, Key=key, Body=theirs.body.encode())
    s3.put_object(Bucket=place.bucket, Key=f"{shop}/old-layout.json", Body=theirs.body.encode())
    s3.delete_object(Bucket=place.bucket, Key=key)
    before = place.everywhere()
    assert {name: len(found) for name, found in before.items()} == {"versions": 3, "letters": 1, "items": 0, "logs": 0}
    exported = operator.home.parent / "letters.jsonl"
    operator.run("dead", "export", "archive_order", "--reason", "a test", "--to", str(exported))

    said = ("erase", "--order", theirs.reference, "--reason", "asked to")
    counted = operator.json(*said, "--dry-run")
    assert {each["place"]: each["found"] for each in counted["found"]} == {
        "archive": 3,
        "dead letters of archive_order": 1,
    }
    assert place.everywhere() == before
    done = operator.json(*said, "--yes")
    assert (done["done"], done["left"]) == (True, []), done
    assert not any(place.everywhere().values())
    assert len(place.versions()) == 12 and len(place.letters()) == 3
    markers = s3.list_object_versions(Bucket=place.bucket, Prefix=key)
    assert "DeleteMarkers" not in markers
    assert place.word not in str(operator.journal()) and theirs.id not in str(operator.journal()[-12:])

    told = operator.run("dead", "import", str(exported), "--yes")
    assert "3 sent" in told and "1 left out: the data of their reference was erased" in told
    s3.put_object(Bucket=place.bucket, Key=key, Body=theirs.body.encode())  # a backup is restored
    asked = ("--from", "2020-01-01", "--again", "--reason", "a test", "--dry-run", "--fresh")

    def stays() -> dict[str, int]:
        """What was archived in the second in which a replay begins is not in it."""
        found = operator.json("replay", "archive_order", *asked, status=None)
        assert found["to_send"] == 12
        return dict(found["stay"])

    deployed.wait_until(lambda: stays() == {"erased": 1}, "the restored object, which stays", 30)
    assert operator.json(*said, "--yes")["removed"]["archive"] == 1
    assert not any(place.everywhere().values())


def test_somebody_is_found_by_what_the_intake_indexes(deployed: Deployed, place: Place, tmp_path: Path) -> None:
    """Two entries of theirs, by HTTP, and one of somebody else's."""
    intake = deploy_intake(deployed, tmp_path, place.stack, "OrderEventsIntake-erase", "customer.email")
    before = len(place.versions())
    address = f"{place.word}@example.com"
    filled = {"topic": "A question", "consent": True}
    people = (address, address.upper(), "eve@example.com")
    answers = [
        intake.ask("/contact", {**filled, "message": person, "email": person}, **{"idempotency-key": f"k{number}"})
        for number, person in enumerate(people)
    ]
    assert [each.status for each in answers] == [201] * 3
    deployed.wait_until(lambda: len(place.versions()) == before + 3, "all of them in the archive", 120)
    assert {name: len(found) for name, found in place.everywhere().items() if found} == {"versions": 2, "items": 2}
    outputs = [place.stack.outputs[each] for each in (READ, HEAL, ERASE)] + [intake.stack.outputs[ERASE]]
    held = deployed.session_with({}, *outputs).get_credentials()
    assert held is not None
    keys = {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}
    operator = Operator(deployed, tmp_path / "journal", keys, stack=NAME)

    done = operator.json("erase", "--subject", address, "--reason", "asked to", "--yes")
    assert (done["done"], done["left"]) == (True, []) and done["removed"] == {
        "intake": 4,
        "archive": 2,
        "dead letters of archive_order": 0,
    }
    assert not any(place.everywhere().values()) and len(place.versions()) == before + 1
    references = [each.json["reference"] for each in answers]
    assert list(intake.entries()) == references[2:]
    assert intake.ask(f"/{answers[0].json['status']}").status == 404
    told = operator.run("erase", "--subject", address, "--reason", "asked to", "--yes")
    assert "knows nobody by that" in told
    assert not [each for each in references[:2] if each in str(operator.journal())]


def test_a_legal_hold_is_one_line_and_nothing_is_told_as_done(deployed: Deployed, place: Place, tmp_path: Path) -> None:
    s3, bucket = place.client("s3"), f"held-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(
        Bucket=bucket,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
    )
    (theirs,) = orders(place.word, bucket, 1)
    for key in ("berlin/held.json", "berlin/free.json"):
        s3.put_object(Bucket=bucket, Key=key, Body=theirs.body.encode(), ChecksumAlgorithm="SHA256")
    s3.put_object_legal_hold(Bucket=bucket, Key="berlin/held.json", LegalHold={"Status": "ON"})
    operator = Operator(deployed, tmp_path / "journal", {}, stack=NAME)
    said = ("erase", "--order", theirs.reference, "--reason", "asked to", "--bucket", bucket, "--yes")
    done = operator.json(*said, status=1)
    assert not done["done"] and done["removed"]["archive"] == 1
    assert len([each for each in done["left"] if "Object Lock, a legal hold" in each]) == 1
    s3.put_object_legal_hold(Bucket=bucket, Key="berlin/held.json", LegalHold={"Status": "OFF"})
    assert operator.json(*said)["removed"]["archive"] == 1


def test_without_its_policy_nothing_is_changed(deployed: Deployed, place: Place, tmp_path: Path) -> None:
    session = deployed.session_with({}, *(place.stack.outputs[each] for each in (READ, HEAL)))
    held = session.get_credentials()
    assert held is not None
    keys = {"AWS_ACCESS_KEY_ID": held.access_key, "AWS_SECRET_ACCESS_KEY": held.secret_key}
    operator = Operator(deployed, tmp_path / "journal", keys, stack=NAME)
    before = len(place.versions())
    told = operator.run("erase", "--reference", "nobody-1", "--reason", "x", "--yes", status=1)
    assert ERASE in told and len(place.versions()) == before
