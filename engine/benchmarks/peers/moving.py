"""`python benchmarks/peers/moving.py redrive 1000 0.05`: moves so many messages, and prints the seconds that it took.

Every call waits for so many seconds more. `redrive`, `drop`, `import` and `replay` are the commands without the look or plan before
them, and the outcomes that they wait for afterwards. `bare`: receive, send batch, delete batch, in as many lanes, of the same letters
with all that they have, by the same client; and nothing is written down.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter as now
from typing import Any

import boto3

from benchmarks.peers.on_call import delay, fill
from fanout.__main__ import NEW_OBJECTS
from fanout.contracts.app import app_contracts
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.session import AT_ONCE, Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.browse import TEN
from fanout.ops.dead_letters.drop import Drop
from fanout.ops.dead_letters.importing import COMMAND, ImportFile, import_messages
from fanout.ops.dead_letters.line import dumped, record
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive.frozen import Exactly, freeze
from fanout.ops.redrive.runner import Plan, RedriveRun
from fanout.ops.replay.archive import READERS, Archive
from fanout.ops.replay.checking import Task
from fanout.ops.replay.plan import READY, Found, Listed
from fanout.ops.replay.plan import Plan as ReplayPlan
from fanout.ops.replay.replay import Replay
from fanout.ops.replay.runner import Pace, ReplayRun
from fanout.ops.replay.selection import Selection as ReplaySelection
from fanout.publisher.attributes import as_message_attributes
from tests.published import order_placed

RATE = 10_000.0
"""So fast that nothing waits for it."""
_TEN_LETTERS: Any = {
    "MaxNumberOfMessages": TEN,
    "MessageSystemAttributeNames": ["All"],
    "MessageAttributeNames": ["All"],
}
"""As a redrive asks for them: without their attributes nobody could send them again."""


class Place:
    """A queue, its dead-letter queue with `count` letters, a bucket, and a folder for whatever is written."""

    def __init__(self, aws: Aws, count: int, folder: Path) -> None:
        self.aws, self.count, self.folder = aws, count, folder
        made = str(time.time_ns())
        queue, dead = (aws.sqs.create_queue(QueueName=f"{name}-{made}")["QueueUrl"] for name in ("moved", "dead"))
        aws.logs.create_log_group(logGroupName=made)
        self.subscriber = DeployedSubscriber(aws, "Task", "task", queue, dead, "", worker_log_group=made)
        arn = f"arn:aws:cloudformation:{aws.region}:000000000000:stack/Moving-{made}/1"
        self.stack = Stack(aws, f"Moving-{made}", arn, "CREATE_COMPLETE", {}, (self.subscriber,))
        self.events = [
            order_placed(shop_id="berlin", order_id=f"o{number}", items={}, customer_email="kim@example.com")
            for number in range(count)
        ]
        self.messages = [
            {"MessageBody": each.body, "MessageAttributes": as_message_attributes(each.attributes)}
            for each in self.events
        ]

    def journal(self, command: str) -> Journal:
        return Journal(self.folder / "journal.jsonl", "arn:aws:iam::000000000000:user/bench", command)

    def seconds(self, moved: int, took: float) -> float:
        """`took`, if it moved all of them."""
        if moved != self.count:
            raise SystemExit(f"error: {moved} of {self.count} messages were moved")
        return took

    def bury(self) -> None:
        fill(self.aws, self.subscriber.dead_letter_queue_url, self.messages)

    def archive(self) -> list[Listed]:
        """The events as objects, each below a key of its own."""
        bucket, at = self.stack.name.lower(), time.time()
        self.aws.s3.create_bucket(
            Bucket=bucket,
            CreateBucketConfiguration={"LocationConstraint": self.aws.region},  # type: ignore[typeddict-item]
        )

        def put(number: int) -> Listed:
            body = self.events[number].body.encode()
            key = f"events-by-day/2026/01/01/berlin/{number}/{number:032x}.json"
            return Listed(key, self.aws.s3.put_object(Bucket=bucket, Key=key, Body=body)["ETag"], len(body), at)

        return in_lanes(put, range(self.count))


def redrive(place: Place) -> float:
    place.bury()
    journal = place.journal("dead redrive")
    frozen = freeze(place.subscriber, Selection(), journal)
    plan = Plan(Selection(), canary=False, rate=RATE, patience=0.0)
    result = RedriveRun(place.subscriber, journal, plan, frozen, lambda *_: None, Stop()).run()
    return place.seconds(result.counts["sent"], result.seconds)


def drop(place: Place) -> float:
    place.bury()
    journal = place.journal("dead drop")
    these = Exactly(freeze(place.subscriber, Selection(), journal))
    command, began = Drop(place.stack, place.subscriber, these, journal, "x"), now()
    return place.seconds(command.run(Stop()).count, now() - began)


def bring_in(place: Place) -> float:
    path = place.folder / "letters.jsonl"
    with path.open("w") as file:
        for number, each in enumerate(place.messages):
            told = {"MessageId": f"m{number}", "ReceiptHandle": "r", "Attributes": {"SentTimestamp": "1"}}
            told |= {"Body": each["MessageBody"], "MessageAttributes": each["MessageAttributes"]}
            file.write(dumped(record(place.stack, place.subscriber, DeadLetterMessage.from_sqs(told, 0.0))))
    began = now()
    sent = import_messages(ImportFile(path, place.stack), place.journal(COMMAND), Stop()).sent
    return place.seconds(sent, now() - began)


def replay(place: Place) -> float:
    selection = ReplaySelection(datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC))
    task = Task(place.subscriber, (), created=0.0, retention=345_600, remembered=0)
    archive = Archive(place.aws, place.stack.name.lower())
    with ReplayPlan.open(place.folder / "plan.db") as plan:
        plan.add_page("", place.archive(), None)
        plan.found(Found(number, READY, time=float(number)) for number in range(1, place.count + 1))
        made = Replay(place.subscriber, archive, app_contracts(), plan, selection, selection.until, False, None, task)
        result = ReplayRun(made, Pace(rate=RATE, watch=False), lambda *_: None, Stop()).run()
    return place.seconds(result.counts["sent"], result.seconds)


def bare(place: Place) -> float:
    place.bury()
    sqs, dead, queue = place.aws.sqs, place.subscriber.dead_letter_queue_url, place.subscriber.queue_url
    moved: list[int] = []

    def lane(_: int) -> None:
        while got := sqs.receive_message(QueueUrl=dead, **_TEN_LETTERS).get("Messages", []):
            entries = [{"Id": str(number), **_same(each)} for number, each in enumerate(got)]
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)  # type: ignore[arg-type]
            handles = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(got)]
            sqs.delete_message_batch(QueueUrl=dead, Entries=handles)  # type: ignore[arg-type]
            moved.append(len(got))

    began = now()
    in_lanes(lane, range(AT_ONCE))
    return place.seconds(sum(moved), now() - began)


def _same(letter: Mapping[str, Any]) -> dict[str, Any]:
    return {"MessageBody": letter["Body"], "MessageAttributes": letter.get("MessageAttributes", {})}


def bare_replay(place: Place) -> float:
    keys, bucket, began = [each.key for each in place.archive()], place.stack.name.lower(), now()

    def lane(start: int) -> int:
        some = keys[start : start + TEN]
        bodies = [place.aws.s3.get_object(Bucket=bucket, Key=each)["Body"].read().decode() for each in some]
        entries = [
            {"Id": str(number), **each, "MessageBody": body}
            for number, (each, body) in enumerate(zip(place.messages[start:], bodies, strict=False))
        ]
        place.aws.sqs.send_message_batch(QueueUrl=place.subscriber.queue_url, Entries=entries)  # type: ignore[arg-type]
        return len(some)

    moved = in_lanes(lane, range(0, place.count, TEN), READERS)
    return place.seconds(sum(moved), now() - began)


HOW: dict[str, Callable[[Place], float]] = {
    "redrive": redrive,
    "drop": drop,
    "import": bring_in,
    "replay": replay,
    "bare": bare,
    "bare-replay": bare_replay,
}


def main(how: str, count: int, latency: float) -> None:
    gc.set_threshold(NEW_OBJECTS)  # as the command does
    session = boto3.Session(region_name=os.environ["AWS_REGION"])
    delay(session, latency)
    with TemporaryDirectory() as folder:
        print(HOW[how](Place(Aws(session), count, Path(folder))))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
