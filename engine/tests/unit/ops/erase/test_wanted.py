"""Whatever a letter, an object or a reference has in it, looking does not raise, and what is theirs is found."""

import json
from datetime import date
from typing import Any

import pytest

from fanout import names
from fanout.ops.erase.places.archive import Scope
from fanout.ops.erase.places.versions import Version
from fanout.ops.erase.wanted import Wanted
from tests.unit.ops.erase.given import NOW, World, canary, world
from tests.unit.ops.given import event

__all__ = ["world"]
HALF = "o\udcff"


@pytest.mark.parametrize(
    ("time", "days"),
    [
        ("0001-01-01T00:00:00Z", {date.min, date(1, 1, 2)}),
        ("9999-12-31T23:59:59Z", {date(9999, 12, 30), date.max}),
        ("2026-01-15T09:30:00Z", {date(2026, 1, 14), date(2026, 1, 15), date(2026, 1, 16)}),
        ("0000-01-01T00:00:00Z", set()),
        ("soon", set()),
        (7, set()),
    ],
)
def test_an_event_of_any_time_goes(time: Any, days: set[date], world: World) -> None:
    wanted = Wanted(frozenset({"o7"}))
    wanted.learn_time(time)
    assert wanted.days == days
    world.letter(7, time=time, **canary())
    assert world.erase()["done"] and world.everywhere() == []


def test_a_reference_with_half_a_surrogate_is_looked_for_where_it_can_be(world: World) -> None:
    asked: list[str] = []
    world.s3.around = lambda operation, request: asked.append(request.get("Prefix", ""))
    world.dynamodb.around = asked.append
    world.stack.outputs[names.ATTACHMENTS_BUCKET_OUTPUT] = "attachments"
    world.letter(8)
    world.letter(9, data={"shop_id": "berlin", "order_id": HALF})
    done = world.erase(reference=HALF)
    assert done["done"] and done["removed"]["dead letters of task"] == 1
    assert "Scan" in asked and "GetItem" not in asked and not any(HALF in each for each in asked)


@pytest.mark.parametrize(("reference", "fits"), [("o7", True), ("ü" * 10, True), ("ü" * 11, False), (HALF, False)])
def test_no_key_has_what_is_too_long_for_one_or_no_text(reference: str, fits: bool) -> None:
    assert Wanted(frozenset({reference})).named(20) == [reference] * fits


def test_a_group_that_no_table_takes_is_not_kept() -> None:
    wanted = Wanted(frozenset({"o7"}))
    for group in ("\udcff", "x" * 3_000, "berlin", "paris"):
        wanted.learn(event(7, data={"order_id": "o7", "shop_id": group}))
    assert wanted.group == "berlin"


def test_an_object_under_no_day_is_no_error() -> None:
    scope = Scope(frozenset({NOW.date()}))
    assert not any(
        scope.has(Version(f"{names.ARCHIVE_PREFIX}/{each}/01/01/berlin/e/1.json", "v", NOW), set())
        for each in ("9" * 30, "-1", "x", "0", "")
    )


@pytest.mark.parametrize("reference", ["o7", "Ämter/7", 'o"7', "o\\7", "o\\\\7", "o\U0001f95d7", HALF])
def test_a_mention_is_one_however_often_json_has_escaped_it(reference: str) -> None:
    wanted, others = Wanted(frozenset({reference})), Wanted(frozenset({f"{reference}8"}))
    for is_ascii in (True, False):
        text = reference
        for _ in range(4):
            for written in (text, text.replace("/", "\\/"), text.replace("\\u00c4", "\\u00C4")):
                body = f"x{written}x".encode("utf-8", "surrogatepass")
                assert wanted.is_mentioned(body) and not others.is_mentioned(body)
            text = json.dumps({"order_id": text}, ensure_ascii=is_ascii)
    assert not wanted.is_mentioned(b"\xff\\u12 \\ o8")
