"""Out of the queue into a file, and back: nothing is lost, nothing comes twice, and no file goes where it is not from."""

import base64
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from fanout.errors import OpsError, Unusable
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import export as exporting
from fanout.ops.dead_letters.drop import Drop, Dropped
from fanout.ops.dead_letters.importing import COMMAND, Imported, ImportFile, import_messages
from fanout.ops.dead_letters.line import dumped, record
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from tests.unit.ops.aws.sqs import answer_lost, refused
from tests.unit.ops.given import World, event, fifo, message, text, world

__all__ = ["fifo", "world"]


def bring_in(world: World, path: Path, *, elsewhere: bool = False) -> Imported:
    return import_messages(ImportFile(path, world.stack, elsewhere), world.journal(COMMAND), Stop())


def drop(world: World, selection: Selection | None = None) -> Dropped:
    return Drop(world.stack, world.subscriber, selection or Selection(), world.journal("dead drop"), "INC-1").run(
        Stop()
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def file_of(world: World, *numbers: int) -> Path:
    path = world.folder / "letters.jsonl"
    made = [record(world.stack, world.subscriber, message(event(number))) for number in numbers]
    path.write_text("".join(dumped({**each, "message_id": f"m{n}"}) for n, each in zip(numbers, made, strict=True)))
    return path


def test_an_export_copies_all_and_leaves_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "MOST", 100)  # what other commands hold at most
    world.bury(400)
    path = world.folder / "all.jsonl"
    count, completeness = exporting.export(world.stack, world.subscriber, path, Stop())
    assert (count, bool(completeness)) == (400, True)
    assert sorted(each["message_id"] for each in lines(path)) == sorted(f"m{number}" for number in range(400))
    assert len(world.sqs.visible(world.dead)) == 400 and not world.sqs.calls["DeleteMessageBatch"]
    assert path.stat().st_mode & 0o777 == 0o600
    asked = [each for operation, each in world.sqs.requests if operation == "ReceiveMessage"]
    assert {each["VisibilityTimeout"] for each in asked} == {60 + 10}


def test_an_export_of_a_fifo_queue_says_what_it_cannot_see_and_drop_gets_it_all(fifo: World) -> None:
    fifo.bury(34, lambda number: "a" if number < 31 else "b")
    count, completeness = exporting.export(fifo.stack, fifo.subscriber, fifo.folder / "x.jsonl", Stop())
    assert count == 13 and "behind the first ten" in completeness.unseen[0]
    dropped = drop(fifo)
    assert (dropped.count, bool(dropped.completeness)) == (34, True)
    assert not fifo.sqs.queue(fifo.dead).messages
    assert bring_in(fifo, dropped.path).sent == 34
    assert fifo.sent()[:10] == [f"e{number}" for number in range(10)]


def test_what_is_dropped_is_in_a_file_before_it_is_deleted(world: World) -> None:
    world.bury(12)

    def look(when: str, operation: str, asked: object) -> None:
        if when == "before" and operation == "DeleteMessageBatch":
            (path,) = world.folder.glob("dropped-*")
            assert len(lines(path)) == 12

    world.sqs.around = look
    dropped = drop(world)
    assert dropped.count == 12 and world.sqs.calls["DeleteMessageBatch"] == 2


def test_a_drop_deletes_nothing_whose_time_is_over(world: World) -> None:
    world.bury(3)

    def sleep(when: str, operation: str, asked: object) -> None:
        if when == "after" and operation == "ReceiveMessage" and world.sqs.calls[operation] == 1:
            world.clock.wait(55)

    world.sqs.around = sleep
    dropped = drop(world)
    assert dropped.count == 0 and len(world.sqs.queue(world.dead).messages) == 3
    assert not dropped.path.exists() and not dropped.completeness


def test_a_full_disk_deletes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bury(3)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OpsError, match=r"dropped-.* cannot be written \(No space left on device\)"):
        drop(world)
    assert len(world.sqs.visible(world.dead)) == 3


def test_a_cut_last_line_is_told_and_the_rest_is_used(world: World) -> None:
    path = file_of(world, 1, 2, 3)
    path.write_text(path.read_text()[:-30])
    file = ImportFile(path, world.stack)
    assert [line.message_id for _, line in file.lines()] == ["m1", "m2"] and file.cut == 3
    assert bring_in(world, path).sent == 2


def test_a_whole_last_line_without_its_newline_is_used(world: World) -> None:
    path = file_of(world, 1, 2)
    path.write_text(path.read_text().rstrip("\n"))
    assert bring_in(world, path).sent == 2


GOOD = {"task": "task", "message_id": "m1", "body": "{}", "attributes": {}}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{\n", "it is not JSON"),
        (b"[]\n", "it is no JSON object"),
        (b"[" * 100_000 + b"\n", "it is not JSON"),
        (b"\xff\n", "it is not UTF-8"),
        (b"{}\n", "task is missing: expected a line of fanout dead export"),
        ({**GOOD, "task": 1}, "task is no text"),
        ({**GOOD, "task": "other"}, "Orders-prod has no task other"),
        ({**GOOD, "message_id": None}, "message_id is missing"),
        ({**GOOD, "body": ""}, "body is nothing that SQS takes"),
        ({**GOOD, "body": "\ud800"}, "body is nothing that SQS takes"),
        ({**GOOD, "body": "\x00"}, "body is nothing that SQS takes"),
        ({**GOOD, "group": "a b"}, "group is nothing that SQS takes"),
        ({**GOOD, "trace": 5}, "trace is no text"),
        ({**GOOD, "attributes": None}, "attributes is no JSON object"),
        ({**GOOD, "attributes": {"a": 1}}, "attribute 1 is nothing that SQS takes"),
        ({**GOOD, "attributes": {"a": {"DataType": "Binary", "BinaryValue": "?"}}}, "attribute 1 is nothing"),
        ({**GOOD, "attributes": {f"a{n}": text("x") for n in range(11)}}, "it has more than 10 attributes"),
        ({**GOOD, "hash": "0"}, "its body does not fit its hash"),
        ({**GOOD, "origin": {"account": 1}}, "origin does not name account, region, stack and queue"),
        (GOOD, "does not say where it is from, and this is dead of Orders-prod"),
    ],
)
def test_whatever_is_wrong_with_a_line_is_one_line_with_its_number(line: Any, why: str, world: World) -> None:
    path = file_of(world, 1)
    wrong = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
    path.write_bytes(path.read_bytes() + wrong + path.read_bytes())
    with pytest.raises(Unusable, match=f"letters.jsonl, line 2: {why}") as told:
        bring_in_checked(world, path)
    assert "\n" not in str(told.value) and not world.sent()


def bring_in_checked(world: World, path: Path) -> None:
    """As the command does it: every line is read before one is sent."""
    list(ImportFile(path, world.stack).lines())
    bring_in(world, path)


@pytest.mark.parametrize(
    "elsewhere",
    [("999999999999", "eu-west-1", "Orders-prod"), ("123456789012", "us-east-1", "Orders-prod"), ("123456789012", "eu-west-1", "Orders-dev")],
)  # fmt: skip
def test_a_file_of_another_stack_is_refused_unless_it_is_meant(elsewhere: tuple[str, str, str], world: World) -> None:
    path = file_of(world, 1)
    mine, world.stack = world.stack, world.stack_of(*elsewhere)
    with pytest.raises(
        Unusable, match=r"line 1: is from dead of Orders-prod in eu-west-1 of account 123456789012, and this is"
    ):
        bring_in(world, path)
    assert bring_in(world, path, elsewhere=True).sent == 1
    assert mine.name == "Orders-prod"


def test_a_file_that_cannot_be_read_is_one_line(world: World) -> None:
    for path in (world.folder, world.folder / "none", world.folder / "a\0b"):
        with pytest.raises(Unusable, match="cannot be read"):
            bring_in(world, path)


def test_a_line_is_sent_once_whatever_the_file_is_called_and_however_often_it_stands_there(world: World) -> None:
    path = file_of(world, 1, 2, 1)
    assert bring_in(world, path) == Imported(2, 1)
    renamed = path.rename(world.folder / "another.jsonl")
    assert bring_in(world, renamed) == Imported(0, 3)
    assert world.sent() == ["e1", "e2"]


def test_an_import_that_had_no_answer_goes_on_and_says_perhaps_twice(world: World) -> None:
    path = file_of(world, *range(12))
    world.sqs.around = answer_lost("SendMessageBatch", {2})
    begun = bring_in(world, path)
    assert (begun.sent, "Read timeout" in str(begun.stopped)) == (10, True)
    world.sqs.around = lambda *_: None
    assert bring_in(world, path) == Imported(2, 10, perhaps_twice=2)


def test_what_an_import_perhaps_sent_stays_so_when_a_later_one_is_refused(world: World) -> None:
    path = file_of(world, 1)
    world.sqs.around = answer_lost("SendMessageBatch", {1})
    with pytest.raises(ReadTimeoutError):
        bring_in(world, path)
    world.sqs.around, world.sqs.fails = lambda *_: None, lambda _: "InternalError"
    with pytest.raises(OpsError, match="SQS did not take"):
        bring_in(world, path)
    world.sqs.fails = lambda _: None
    assert bring_in(world, path) == Imported(1, perhaps_twice=1)


def test_a_binary_attribute_comes_back(world: World) -> None:
    one = message(event(), {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}})
    path = world.folder / "b.jsonl"
    path.write_text(dumped(record(world.stack, world.subscriber, one)))
    assert base64.b64encode(b"\x00\xff").decode() in path.read_text()
    bring_in(world, path)
    (sent,) = world.sqs.queue(world.queue).messages
    assert sent.attributes["raw"]["BinaryValue"] == b"\x00\xff"


def test_the_double_refuses_a_request_that_is_too_long(world: World) -> None:
    entries = [{"Id": str(n), "MessageBody": "x" * 600_000} for n in range(2)]
    with pytest.raises(Exception, match="BatchRequestTooLong"):
        world.sqs.send_message_batch(QueueUrl=world.queue, Entries=entries)


def test_a_message_of_a_fair_standard_queue_keeps_its_group_through_a_file(world: World) -> None:
    world.bury(2, group=lambda number: "shop")
    path = world.folder / "letters.jsonl"
    exporting.export(world.stack, world.subscriber, path, Stop())
    assert bring_in(world, path).sent == 2
    assert {each.system.get("MessageGroupId") for each in world.sqs.queue(world.queue).messages} == {"shop"}


def test_what_one_request_is_refused_leaves_what_those_beside_it_deleted_dropped_and_written(world: World) -> None:
    world.bury(200)

    def refuse(when: str, operation: str, asked: object) -> None:
        if when == "before" and operation == "DeleteMessageBatch" and world.sqs.calls[operation] == 2:
            raise refused("ThrottlingException", operation)

    world.sqs.around = refuse
    found = drop(world)
    gone = 200 - len(world.sqs.queue(world.dead).messages)
    assert found.stopped and found.stopped.startswith("AWS is busy")
    assert (found.count, found.unsure, len(world.journal().moved("dead"))) == (gone, 10, gone) and gone > 10
    assert len(lines(found.path)) == gone + 10
