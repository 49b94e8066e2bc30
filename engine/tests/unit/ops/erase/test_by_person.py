"""Somebody is found by what an intake indexes them by, and no longer once everything of theirs is gone."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from fanout import names
from fanout.intake import subject
from fanout.ops import intake as intakes
from tests.unit.ops.aws.s3 import refused
from tests.unit.ops.erase.given import EMAIL, NOW, SECRET, World, canary, person, world

__all__ = ["world"]
THEN = datetime.now(UTC)


def full(world: World) -> None:
    """o7 of this month and o8 of two years ago are theirs, o9 is not."""
    world.entry(7, THEN)
    world.entry(8, THEN - timedelta(days=730))
    for number in (7, 8):
        world.archive(number, **canary(number))
    world.archive(9)


def index(world: World) -> list[str]:
    return [
        one
        for pk, item in world.dynamodb.entries.items()
        if pk.startswith("subject#")
        for one in item.get("references", {}).get("SS", [])
    ]


def test_all_that_they_have_sent_goes_and_the_index_last(world: World) -> None:
    full(world)
    assert index(world) == ["o7", "o8"]
    done = world.erase("--subject", f" {EMAIL.upper()} ", reference=None)
    assert done["done"] and done["removed"] == {"intake": 4, "archive": 2, "dead letters of task": 0}
    assert world.everywhere() == [] and index(world) == [] and len(world.s3.kept) == 1
    again = world.run("erase", "--subject", EMAIL, "--reason", "x", "--yes")
    assert "knows nobody by that" in again


def test_somebody_may_have_sent_more_than_a_filter_has_room_for(world: World) -> None:
    for number in range(150):
        world.entry(number, THEN)
    assert world.erase("--subject", EMAIL, reference=None)["removed"]["intake"] == 300
    assert world.everywhere() == [] and index(world) == []


def test_what_is_not_done_is_found_by_the_person_again(world: World) -> None:
    full(world)
    world.s3.kept[0].lock = world.s3.kept[1].lock = world.s3.kept[2].lock = "AccessDenied"
    assert not world.erase("--subject", EMAIL, reference=None, status=1)["done"]
    assert index(world) == ["o7", "o8"]
    for each in world.s3.kept:
        each.lock = None
    assert world.erase("--subject", EMAIL, reference=None)["removed"]["archive"] == 2
    assert index(world) == []


def test_by_reference_that_one_leaves_the_index_and_the_others_stay(world: World) -> None:
    full(world)
    assert world.erase()["done"]
    assert index(world) == ["o8"]


def test_killed_between_the_index_and_the_entry_the_reference_finds_it(world: World) -> None:
    full(world)

    def kill(operation: str) -> None:
        if operation == "DeleteItem":
            raise KeyboardInterrupt

    world.dynamodb.around = kill
    world.erase(status=130)
    world.dynamodb.around = lambda operation: None
    assert world.erase()["done"] and index(world) == ["o8"]


def test_the_address_may_come_from_standard_input_and_is_written_nowhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(world)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{EMAIL}\n"))
    assert world.erase("--subject", "-", reference=None)["done"]
    assert EMAIL not in world.journal_lines() and subject.hashed(SECRET, EMAIL) not in world.journal_lines()


@pytest.mark.parametrize(
    "said",
    [b"", b"\n", b" \t\n", f"\n{EMAIL}\n".encode(), f"{EMAIL}\n".encode("utf-8-sig"), f"{EMAIL}\n".encode("utf-16")],
    ids=["nothing", "a blank line", "spaces", "a blank line first", "a byte-order mark", "UTF-16"],
)
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_no_address_on_standard_input_is_not_told_as_nobodys(
    said: bytes, errors: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(world)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(said), "utf-8", errors))
    told = world.erase("--subject", "-", reference=None, status=2)
    assert "whose data? the first line of standard input has to be their address" in " ".join(told.split())
    assert len(index(world)) == 2


def test_without_an_index_nobody_is_found_and_that_is_said(world: World) -> None:
    world.stack.outputs.pop(names.INTAKE_SUBJECT_SECRET_OUTPUT)
    told = world.run("erase", "--subject", EMAIL, "--reason", "x", status=2)
    assert 'subject="customer.email"' in told and "--reference" in told
    both = world.run("erase", "--subject", EMAIL, "--order", "o7", "--reason", "x", status=2)
    assert "whose data?" in both


def test_an_intakes_stack_that_may_not_be_seen_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.stack.outputs.pop(names.INTAKE_TABLE_OUTPUT)
    world.stack.__dict__["name"] = "OrderEvents-prod"

    def denied(aws: object, name: str) -> None:
        raise refused("AccessDenied", 403)

    monkeypatch.setattr(intakes, "find", denied)
    world.archive(7, data=person()["data"])
    done = world.erase()
    assert done["done"] and any("these credentials may not see it" in each for each in done["beyond"])


def test_a_hash_is_of_what_people_take_for_the_same() -> None:
    same = {subject.hashed(SECRET, each) for each in ("Ada@Example.com", " ada@example.com\n", "ａda@example.com")}
    assert len(same) == 1
    assert subject.hashed("another", "ada@example.com") not in same
    assert subject.hashed(SECRET, "eve@example.com") not in same


def test_somebody_may_have_sent_more_in_a_month_than_one_item_has_room_for(world: World) -> None:
    world.entry(7, THEN)
    month = subject.key(subject.hashed(SECRET, EMAIL), THEN)
    further = subject.part(month, subject.MOST_PARTS)
    world.entry(8)
    world.dynamodb.entries["entry#o8"]["subject"] = {"S": further}
    world.dynamodb.entries[further] = {"pk": {"S": further}, "references": {"SS": ["o8"]}}
    assert world.erase("--subject", EMAIL, reference=None)["removed"]["intake"] == 4
    assert index(world) == []


def test_months_are_all_of_ten_years_in_all_their_parts() -> None:
    found = subject.keys("h", datetime(2026, 2, 3, tzinfo=UTC))
    assert found[:3] == ["subject#h#2026-02", "subject#h#2026-01", "subject#h#2025-12"]
    assert found[120:122] == ["subject#h#2016-02", "subject#h#2026-02#2"]
    assert len(set(found)) == 121 * 10 and found[-1] == "subject#h#2016-02#10"
    assert subject.key("h", NOW) in found and json.dumps(found)
