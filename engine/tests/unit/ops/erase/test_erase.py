"""One person's data goes from every place that the command claims, and nobody else's does."""

import io
import itertools
import json
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout import names
from fanout.ops.aws import tombstones
from fanout.ops.erase.places.archive import ArchivedVersions, Scope
from fanout.ops.erase.wanted import Wanted
from fanout.ops.replay.archive import Archive
from tests.unit.ops.aws.s3 import refused
from tests.unit.ops.erase.given import CANARY, NOW, World, canary, fifo, person, world
from tests.unit.ops.given import DEAD, QUEUE

__all__ = ["fifo", "world"]


def full(world: World) -> None:
    """o7 in every place, three versions and a delete marker of it, among others."""
    for number in range(20):
        world.archive(number, **canary(number) if number == 7 else {})
        world.record(number)
    key = world.archive(7, **canary())
    world.archive(7, key="berlin/2025/12/01/e7.json", at=NOW - timedelta(days=50), **canary())
    world.s3.delete(key)
    for number in range(15):
        world.letter(number, **canary(number) if number == 7 else {})
    world.entry(7)
    world.dynamodb.entries["entry#o8"] = {"pk": {"S": "entry#o8"}}


def test_every_version_letter_and_entry_of_the_person_goes_and_nothing_of_others(world: World) -> None:
    full(world)
    assert len(world.everywhere()) == 5
    others = [each for each in world.s3.kept if "/e7" not in each.key]
    done = world.erase()
    assert (done["done"], done["left"], done["told"]) == (True, [], False)
    assert done["removed"] == {"intake": 2, "dead letters of task": 1, "archive": 3}
    assert world.everywhere() == []
    assert world.s3.kept == others and len(world.sqs.bodies(world.dead)) == 14
    assert list(world.dynamodb.entries) == ["entry#o8"]


def test_a_dry_run_counts_and_changes_nothing(world: World) -> None:
    full(world)
    before = (list(world.s3.kept), dict(world.dynamodb.entries), world.sqs.bodies(world.dead))
    found = world.run("erase", "--order", "o7", "--reason", "asked to", "--dry-run")
    assert "3 versions of 2 objects" in found and "1 letter" in found and "1 entry and 1 claim" in found
    assert "nothing was changed" in found and "point-in-time recovery" in found
    assert before == (list(world.s3.kept), dict(world.dynamodb.entries), world.sqs.bodies(world.dead))
    assert tombstones.key("o7") not in world.dynamodb.records


def test_the_journal_has_hashes_of_ids_alone(world: World) -> None:
    full(world)
    world.erase()
    lines = world.journal_lines()
    steps = [json.loads(each)["step"] for each in lines.splitlines()]
    assert steps[0] == "begin" and steps[-1] == "end" and "tombstone" in steps
    assert tombstones.digest("o7") in lines and "asked to" in lines
    for word in ('"o7"', '"e7"', "/e7/", CANARY, '"m7"'):
        assert word not in lines


def test_again_finds_nothing_and_is_well(world: World) -> None:
    full(world)
    world.erase()
    first = world.dynamodb.records[tombstones.key("o7")]
    world.clock.wait(3_600)
    done = world.erase()
    assert done["done"] and not any(each["found"] for each in done["found"])
    assert world.dynamodb.records[tombstones.key("o7")] == first and names.RECORD_EXPIRES not in first


@pytest.mark.parametrize("step", ["DeleteItem", "DeleteMessageBatch", "DeleteObjects"])
def test_killed_anywhere_the_next_run_finishes_it(world: World, step: str) -> None:
    full(world)

    def kill(*told: Any) -> None:
        if step in told and "after" not in told:
            raise KeyboardInterrupt

    world.interrupt(kill)
    world.erase(status=130)
    assert world.everywhere()
    assert tombstones.key("o7") in world.dynamodb.records  # it was there before anything went
    world.interrupt(lambda *_: None)
    world.clock.wait(120)  # letters that were in hand come back
    assert world.erase()["done"] and world.everywhere() == []


def test_what_comes_back_between_is_not_told_as_done(world: World) -> None:
    """A second look is what decides."""
    full(world)

    def archived_meanwhile(operation: str, asked: Any) -> None:
        if operation == "DeleteObjects":
            world.s3.around = lambda *_: None
            world.archive(70, data=person()["data"])

    world.s3.around = archived_meanwhile
    done = world.erase(status=1)
    assert not done["done"] and "archive: 1 version of 1 object still there, or new: run it again" in done["left"]
    assert world.erase()["done"] and world.everywhere() == []


def test_a_lock_is_one_line_and_nothing_is_told_as_done(world: World) -> None:
    full(world)
    for each in world.s3.kept:
        if each.key.startswith("berlin/") and each.body:
            each.lock = "AccessDenied"
    done = world.erase(status=1)
    assert not done["done"] and [each for each in done["left"] if "Object Lock" in each] == [
        "archive: S3 refused 1 version (AccessDenied: Object Lock, a legal hold, or no right to s3:DeleteObjectVersion)"
    ]
    assert done["removed"]["archive"] == 2 and len(world.everywhere()) == 1


def test_a_place_that_may_not_be_looked_into_stops_all_before_anything_is_changed(world: World) -> None:
    full(world)
    before = len(world.everywhere())

    def deny(operation: str, asked: Any) -> None:
        if operation == "ListObjectVersions":
            told = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError(told, "ListObjectVersions")  # type: ignore[arg-type]

    world.s3.around = deny
    told = world.erase(status=1)
    assert told.count("archive: these credentials may not") == 1 and names.OPERATOR_ERASE_POLICY_ARN_OUTPUT in told
    assert len(world.everywhere()) == before and tombstones.key("o7") not in world.dynamodb.records


def test_without_a_right_to_a_tombstone_nothing_is_removed(world: World) -> None:
    full(world)
    before = len(world.everywhere())

    def deny(operation: str) -> None:
        if operation == "UpdateItem":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

    world.dynamodb.around = deny
    world.erase(status=2)
    assert len(world.everywhere()) == before


def test_the_records_tell_which_days_are_read_and_without_them_all_are(world: World) -> None:
    for number in range(30):
        world.archive(number, at=NOW - timedelta(days=number))
    world.archive(99, at=NOW - timedelta(days=300), data=person()["data"])  # of theirs, and long forgotten
    world.record(7, at=NOW - timedelta(days=7))
    world.s3.calls.clear()
    done = world.erase("--dry-run")
    assert world.s3.calls["GetObject"] == 3 and done["found"][-1]["found"] == 1
    assert "looked at the events of 2026-01-12 to 2026-01-14" in done["found"][-1]["notes"][0]
    assert world.erase("--dry-run", "--every-object")["found"][-1]["found"] == 2
    world.dynamodb.records.clear()
    assert world.erase("--dry-run")["found"][-1]["found"] == 2
    some = world.erase("--dry-run", "--from", "2026-01-01")["found"][-1]
    assert (some["found"], some["looked_at"]) == (1, 20)


def test_keys_with_the_id_of_a_known_event_are_read_whatever_their_day(world: World) -> None:
    world.archive(7, at=NOW - timedelta(days=90), **canary())
    world.record(7)
    assert world.erase()["removed"]["archive"] == 1 and world.everywhere() == []


def test_another_event_of_the_same_id_is_left_where_its_reference_is_anothers(world: World) -> None:
    world.record(7)
    key = world.archive(7, source="/shops/paris", data={**person()["data"], "order_id": "o8"})
    assert world.erase()["done"] and [each.key for each in world.s3.kept] == [key]


def test_pages_are_followed_also_within_one_key(world: World) -> None:
    world.s3.page = 2
    for _ in range(7):
        key = world.archive(7, **canary())
        world.archive(8)
    world.s3.delete(key)
    done = world.erase()
    assert done["removed"]["archive"] == 7 and {each.key.split("/")[5] for each in world.s3.kept} == {"e8"}


def test_a_version_of_others_keeps_its_delete_marker(world: World) -> None:
    key = world.archive(7, **canary())
    world.archive(8, key=key)
    world.s3.delete(key)
    world.erase()
    assert [each.body is None for each in world.s3.kept] == [True, False] and key not in world.s3.objects


def test_who_only_mentions_it_stays_and_is_named_and_what_cannot_be_read_is_not_told_as_done(world: World) -> None:
    key = world.archive(1, data={"shop_id": "berlin", "order_id": "o1", "items": {"instead_of": "o7"}})
    found = world.erase()["found"][-1]
    assert (found["found"], found["notes"][1:]) == (0, ["1 object of others mention it, and stay:", f"  {key}"])
    world.s3.put("berlin/odd.json", "o7 is no JSON{")
    assert "are no events and have it in them" in str(world.erase(status=1)["left"])


def test_letters_behind_the_first_ten_of_a_group_are_not_told_as_gone(fifo: World) -> None:
    for number in (*range(20, 40), 7):
        fifo.letter(number, **canary(number) if number == 7 else {})
    done = fifo.erase(status=1)
    assert not done["done"] and "behind the first ten" in str(done["left"])
    assert fifo.everywhere()


def test_all_of_their_letters_in_a_group_go_ten_by_ten(fifo: World) -> None:
    for number in range(25):
        fifo.letter(f"{number}-7", **canary())
    assert fifo.erase()["removed"]["dead letters of task"] == 25 and fifo.everywhere() == []


def test_of_two_with_one_task_what_went_from_one_does_not_count_as_gone_from_the_other(world: World) -> None:
    second = replace(world.subscriber, id="Task2", queue_url=f"{QUEUE}2", dead_letter_queue_url=f"{DEAD}2")
    world.stack.__dict__["subscribers"] = (world.subscriber, second)
    world.sqs.queue(second.queue_url)
    for number in range(2):
        held = world.sqs.put(world.dead, json.dumps(person()), id_=f"a{number}")
        held.visible_at = world.clock() + 100_000
    world.sqs._count(world.sqs.queue(world.dead))
    for number in range(3):
        world.sqs.put(second.dead_letter_queue_url, json.dumps(person()), id_=f"b{number}")
    done = world.erase(status=1)
    assert not done["done"] and "dead letters of task (Task): not looked at: 2 dead letters in" in str(done["left"])
    assert done["removed"] == {
        "intake": 0,
        "dead letters of task (Task)": 0,
        "dead letters of task (Task2)": 3,
        "archive": 0,
    }
    assert len(world.sqs.bodies(world.dead)) == 2 and not world.sqs.bodies(second.dead_letter_queue_url)


def test_letters_in_what_aws_writes_around_them_go_too(world: World) -> None:
    around = {"Type": "Notification", "TopicArn": "arn:topic", "MessageId": "m", "MessageAttributes": {}}
    for number in (6, 7):
        world.sqs.put(world.dead, json.dumps({**around, "Message": json.dumps(person(number))}), id_=f"w{number}")
    assert world.erase()["removed"]["dead letters of task"] == 1
    (left,) = world.sqs.bodies(world.dead)
    assert "o6" in left


def test_memory_does_not_grow_with_the_archive(world: World) -> None:
    def peak(many: int) -> int:
        listed = (
            {"Key": f"x/{number}.json", "VersionId": "v", "LastModified": NOW, "Size": 2} for number in range(many)
        )

        def page(**asked: Any) -> dict[str, Any]:
            if asked.get("Delimiter"):
                return {"CommonPrefixes": [] if asked["Prefix"] else [{"Prefix": "x/"}], "IsTruncated": False}
            some = list(itertools.islice(listed, 100))
            more = {"IsTruncated": bool(some), "NextKeyMarker": some[-1]["Key"]} if some else {"IsTruncated": False}
            return {"Versions": some, **more}

        body = b'{"data":{"order_id":"o8"}}'
        s3 = SimpleNamespace(
            list_object_versions=page,
            get_object=lambda **_: {"Body": io.BytesIO(body), "ContentLength": len(body)},
            get_paginator=lambda _: SimpleNamespace(paginate=lambda **asked: [page(**asked)]),
        )
        place = ArchivedVersions(Archive(cast(Any, SimpleNamespace(s3=s3)), "b"), Scope())
        tracemalloc.start()
        found = place.find(Wanted(frozenset({"o8-other"})), lambda *_: None)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (found.looked_at, found.count) == (many, 0)
        return most

    peak(100)
    few, many = peak(300), peak(2_000)
    assert many < few * 1.3, (few, many)


def test_an_import_leaves_out_whose_data_was_erased(world: World) -> None:
    full(world)
    world.run("dead", "export", "task", "--reason", "x", "--to", str(world.folder / "letters.jsonl"))
    done = world.erase()
    assert f"{world.folder / 'letters.jsonl'} on this machine has it in it: delete it" in done["beyond"]
    told = world.run("dead", "import", str(world.folder / "letters.jsonl"), "--yes")
    assert "14 sent" in told and "1 left out: the data of their reference was erased" in told
    assert len(world.sent()) == 14 and "e7" not in world.sent()


def test_where_it_is_not_known_whether_it_was_erased_nothing_is_imported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(world)
    world.run("dead", "export", "task", "--reason", "x", "--to", str(world.folder / "letters.jsonl"))
    monkeypatch.setattr("fanout.ops.aws.records._wait", lambda _: None)
    world.dynamodb.unprocessed = [1] * 10
    told = world.run("dead", "import", str(world.folder / "letters.jsonl"), "--yes", status=2)
    assert "is not known" in told and world.sent() == []


def test_options_that_say_nothing_are_refused_in_one_line(world: World) -> None:
    assert "--reference or --order-id or --order ID" in world.run("erase", "--reason", "x", status=2)
    assert "a reason is needed" in world.run("erase", "--order", "o7", "--reason", " ", status=2)
    assert "--to belongs to --from" in world.erase("--to", "2026-01-01", status=2)
    world.stack.outputs.pop(names.RECORDS_TABLE_OUTPUT)
    assert "keeps no records" in world.erase(status=2)


def test_a_reference_is_that_of_the_contract_and_an_unknown_types_that_of_any() -> None:
    wanted = Wanted(frozenset({"o7"}))
    assert wanted.owns(person()) and wanted.owns(person(type="unknown.v9")) and not wanted.owns(person(8))
    odd: list[Any] = [None, [], "o7", {"data": {"order_id": 7}}, {"id": "o7"}]
    assert not any(wanted.owns(each) for each in odd)


def test_objects_that_go_while_they_are_read_are_no_error(world: World) -> None:
    full(world)

    def gone(operation: str, asked: Any) -> None:
        if operation == "GetObject" and "/e3/" in asked["Key"]:
            raise refused("NoSuchVersion", 404)

    world.s3.around = gone
    assert world.erase()["done"]
