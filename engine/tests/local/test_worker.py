"""A worker as a process with its role's credentials: told to end, killed, frozen; and each event is accounted for."""

import json
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fanout import names
from tests.local.conftest import Deployed
from tests.local.test_fan_out import new_event, publish
from tests.local.worker import VISIBILITY, Place, Process, taking
from tests.places import APP

pytestmark = pytest.mark.long


@pytest.fixture
def place(deployed: Deployed, tmp_path: Path) -> Iterator[Place]:
    yield Place(deployed, tmp_path / "app")


def ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


def test_told_to_end_in_the_middle_it_loses_nothing_and_repeats_nothing(deployed: Deployed, place: Place) -> None:
    events = [taking(0.5, id_) for id_ in ids(16)]
    place.send(*events)
    with Process(place) as first:
        deployed.wait_until(lambda: len(place.effects()) >= 4, "the first effects")
        first.signal(signal.SIGTERM)
        assert first.ended() == 0
        assert first.working_on() == set()
    begun = sum(place.effects().values())
    assert 4 <= begun < 16
    with Process(place, "--health", str(place.folder / "health"), "--port", "0") as second:
        deployed.wait_until(lambda: place.left() == (0, 0), "the queue to be empty", 40)
        assert json.loads((place.folder / "health").read_text())["ready"] is True
        second.signal(signal.SIGINT)
        assert second.ended() == 0
    assert place.effects() == {event.id: 1 for event in events}


def test_killed_it_begins_again_and_frozen_it_does_nothing_that_another_does(deployed: Deployed, place: Place) -> None:
    """What the killed one had asked for arrives nowhere, and comes back as well."""
    events = [taking(4, id_) for id_ in ids(4)]
    place.send(*events[:3])
    with Process(place) as killed:
        deployed.wait_until(lambda: len(killed.working_on()) == 3, "three events to be worked on")
        killed.signal(signal.SIGKILL)
        killed.ended()
    with Process(place) as frozen:
        place.send(events[3])
        deployed.wait_until(frozen.working_on, "it to work", VISIBILITY + 30)
        frozen.signal(signal.SIGSTOP)
        stopped_in = frozen.working_on()
        with Process(place) as healthy:
            deployed.wait_until(lambda: len(place.effects()) == 4, "the other to do them all", 2 * VISIBILITY + 30)
            assert {id_ for id_ in stopped_in if "done" in healthy.outcomes(id_)} == stopped_in
            frozen.signal(signal.SIGCONT)
            deployed.wait_until(lambda: not frozen.working_on(), "the frozen one to end its attempts")
            deployed.wait_until(lambda: place.left() == (0, 0), "the queue to be empty")
            for each in (healthy, frozen):
                each.signal(signal.SIGTERM)
                assert each.ended() == 0
    assert {id_: frozen.outcomes(id_) for id_ in stopped_in} == {id_: ["failed Lost"] for id_ in stopped_in} != {}
    assert place.effects() == {event.id: 1 for event in events}


def test_what_takes_longer_than_its_visibility_is_done_once(deployed: Deployed, place: Place) -> None:
    (long,) = ids(1)
    place.send(taking(VISIBILITY + 10, long))
    with Process(place, "--one-at-a-time") as one, Process(place) as other:
        deployed.wait_until(lambda: place.left() == (0, 0), "the queue to be empty", VISIBILITY + 30)
        assert [*one.outcomes(long), *other.outcomes(long)] == ["done"]
        one.signal(signal.SIGTERM)
        assert one.ended() == 0
        other.signal(signal.SIGTERM)
        assert other.ended() == 0
    assert place.effects() == {long: 1}


def test_it_says_on_a_port_that_it_lives_and_obeys_a_pause(deployed: Deployed, place: Place) -> None:
    sqs = deployed.session.client("sqs")
    sqs.tag_queue(QueueUrl=place.queue, Tags={names.PAUSED_TAG: "by a test"})
    (waits,) = ids(1)
    place.send(taking(0, waits))
    port = 18_000 + int(uuid.uuid4().hex[:3], 16)
    with Process(place, "--port", str(port)) as process:

        def answer(path: str) -> int:
            try:
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                    f"http://127.0.0.1:{port}/{path}"
                ) as told:
                    return int(told.status)
            except OSError:
                return 0

        deployed.wait_until(lambda: answer("live") == 200 and answer("ready") == 200, "it to be ready")
        assert place.left() == (1, 0) and process.working_on() == set()
        sqs.untag_queue(QueueUrl=place.queue, TagKeys=[names.PAUSED_TAG])
        deployed.wait_until(lambda: place.left() == (0, 0), "the event to be done")
        process.signal(signal.SIGTERM)
        assert process.ended() == 0
    assert place.effects() == {waits: 1}


def test_without_rights_or_a_queue_it_ends_with_one_line(place: Place) -> None:
    with Process(place, FANOUT_QUEUE_URL=place.queue + "-gone") as process:
        assert process.ended() == 2
    (line,) = (each for each in process.said.read_text().splitlines() if not each.startswith("{"))
    assert line.startswith("error: ") and "Traceback" not in process.said.read_text()


def test_for_a_deployed_function_it_takes_its_events_with_its_variables(deployed: Deployed) -> None:
    """The function is paused: so this worker alone has them."""
    environment = {**place_environment(deployed)}
    command = [sys.executable, "-m", "fanout"]
    stack = ["--stack", deployed.stack.name]

    def fanout(*words: str) -> None:
        done = subprocess.run([*command, *words, *stack], cwd=APP, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    fanout("pause", "archive_order", "--reason", "a worker debugs it", "--yes")
    try:
        event = new_event(f"shop-{uuid.uuid4().hex[:8]}")
        publish(deployed, event)
        with subprocess.Popen(
            [*command, "work", "archive_order", *stack],
            cwd=APP, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            said = next((line for line in process.stdout if event["id"] in line and "outcome" in line), "")
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=40)
        assert process.returncode == 0, errors
        assert json.loads(said)["outcome"] == "done"
        assert "takes messages too: fanout pause archive_order" in " ".join(errors.split())
    finally:
        fanout("resume", "archive_order", "--yes")


ELSEWHERE = """\
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from fanout.constructs import Subscriber, Topic, Worker
from stacks import settings

app = cdk.App()
stack = cdk.Stack(app, "Elsewhere", synthesizer=cdk.CliCredentialsStackSynthesizer())
topic = Topic.from_arn(stack, "OrderPlaced", {topic_arn!r}, settings=settings.LOCAL)
subscriber = Subscriber(
    stack, "Apart", topic=topic, task="archive_order", compute=Worker(), environment={{"ARCHIVE_BUCKET": {bucket!r}}}
)
s3.Bucket.from_bucket_name(stack, "Bucket", {bucket!r}).grant_put(subscriber.role)
app.synth()
"""


def test_for_a_worker_of_a_stack_it_has_its_variables_and_the_rights_of_its_role(
    deployed: Deployed, tmp_path: Path
) -> None:
    program = tmp_path / "app.py"
    bucket = deployed.stack.outputs["ArchiveBucketName"]
    program.write_text(ELSEWHERE.format(topic_arn=deployed.stack.topic_arn, bucket=bucket))
    synth = f"env PYTHONPATH={APP}:{APP / 'lambdas'} {sys.executable} {program}"
    options = ["--require-approval", "never", "--method", "direct", "--output", str(tmp_path / "cdk.out")]
    done = deployed.cdk("deploy", "Elsewhere", "--app", synth, *options)
    assert done.returncode == 0, done.stderr
    fanout, stack = [sys.executable, "-m", "fanout"], ["--stack", "Elsewhere"]
    environment = place_environment(deployed)

    def run(*words: str) -> str:
        done = subprocess.run([*fanout, *words, *stack], cwd=APP, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("pause", "archive_order", "--reason", "a test", "--yes")
    looked = subprocess.run(
        [*fanout, "status", "--json", *stack], cwd=APP, env=environment, capture_output=True, text=True, check=False
    )
    (health,) = json.loads(looked.stdout)["subscribers"]
    assert (health["kind"], health["mapping"], health["pause"]["reason"]) == ("worker", "elsewhere", "a test")
    event = new_event(f"shop-{uuid.uuid4().hex[:8]}")
    publish(deployed, event)
    with subprocess.Popen(
        [*fanout, "work", "archive_order", *stack],
        cwd=APP, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert any('"worker":"paused"' in line for line in process.stdout)
        run("resume", "archive_order", "--yes")
        said = next((line for line in process.stdout if event["id"] in line and "outcome" in line), "")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=40)
    assert (process.returncode, errors) == (0, "")
    assert json.loads(said)["outcome"] == "done"
    told = {item["source"]["S"] for item in _records(deployed, event["id"])}
    assert told, "its record is in the stack's own table"


def _records(deployed: Deployed, event_id: str) -> list[dict[str, dict[str, str]]]:
    """Of the event at archive_order, in whatever table of the other stack."""
    dynamodb = deployed.session.client("dynamodb")
    tables = [name for name in dynamodb.list_tables()["TableNames"] if name.startswith("Elsewhere")]
    found = []
    for table in tables:
        key = {names.RECORD_KEY: {"S": f"archive_order#{event_id}"}}
        item: dict[str, Any] = dict(dynamodb.get_item(TableName=table, Key=key).get("Item", {}))
        found += [each["M"] for name, each in item.items() if name.startswith("of_")]
    return found


def place_environment(deployed: Deployed) -> dict[str, str]:
    from fanout.local.program import environment

    return environment(deployed.connection)
