"""Groups over all tasks, their trend, and the filter that is the selection; and one look for all tabs."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout.console.dead import letters
from fanout.console.dead import listing as listing_of_letters
from fanout.console.dead.chosen import AGES, Filter
from fanout.console.dead.difference import side_by_side
from fanout.console.dead.groups import BARS, Scale, chosen_count, rows
from fanout.console.dead.listing import Listing
from fanout.errors import OpsError
from fanout.ops.aws.stack import Stack
from fanout.ops.completeness import COMPLETE
from fanout.ops.dead_letters.browse import browse
from fanout.ops.dead_letters.causes import Cause, Group
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.summary import DeadLetterSummary, collect
from tests.unit.console.dead.given import Browser, plain
from tests.unit.ops.given import World, event, message, world

__all__ = ["world"]
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
ANSWERED, REFUSED = Cause("TransientError", "the webhook answered 503"), Cause("PermanentError", "no such shop")


def letter(ago: timedelta) -> DeadLetterMessage:
    return message(event(), SentTimestamp=str(int((NOW - ago).timestamp() * 1000)))


def summary(task: str, **of: list[timedelta]) -> DeadLetterSummary:
    found = DeadLetterSummary(task, completeness=COMPLETE)
    for name, agos in of.items():
        group = Group({"answered": ANSWERED, "refused": REFUSED}[name])
        for ago in agos:
            group.add(letter(ago), attempts=3)
        found.groups.append(group)
        found.seen += len(agos)
    return found


HOUR = timedelta(hours=1)


def test_one_cause_is_one_row_over_all_tasks() -> None:
    two = [summary("a", answered=[HOUR, 2 * HOUR], refused=[HOUR]), summary("b", answered=[HOUR / 4])]
    first, second = rows(two, Filter(), NOW)
    assert (first.cause, first.count, dict(first.tasks)) == (ANSWERED, 3, {"a": 2, "b": 1})
    assert (first.first, first.last, first.tried) == (NOW - 2 * HOUR, NOW - HOUR / 4, "3 times")
    assert (second.cause, second.lately(NOW)) == (REFUSED, "1 of 1 in the last day")


def test_the_filter_counts_what_it_lets_through() -> None:
    two = [summary("a", answered=[HOUR, 30 * HOUR]), summary("b", answered=[HOUR])]
    for chosen, count in ((Filter(), 3), (Filter(task="a"), 2), (Filter(older="1d"), 1), (Filter(cause="abcdef"), 0)):
        assert chosen_count(rows(two, chosen, NOW), chosen, NOW) == count, chosen


def test_bars_are_on_one_scale_and_lose_no_letter() -> None:
    shown = rows([summary("a", answered=[HOUR] * 8, refused=[30 * HOUR, timedelta(days=20)])], Filter(), NOW)
    scale = Scale.of(shown, NOW)
    assert [sum(scale.counts(each)) for each in shown] == [8, 2]
    assert max(height for _, height, _ in scale.bars(shown[0])) == 20
    assert all(height >= 2 for _, height, count in scale.bars(shown[1]) if count)
    assert len(scale.bars(shown[0])) == BARS


@given(st.dictionaries(st.sampled_from(["task", "cause", "older", "id", "q"]), st.text() | st.integers() | st.none()))
def test_whatever_stands_in_an_address_is_a_filter_or_none(given: dict[str, Any]) -> None:
    chosen = Filter.of(given)
    assert Filter.of(chosen.fields) == chosen
    chosen.selection()
    assert not set(chosen.query) & set("<>\"' \n")


@pytest.mark.parametrize("older", AGES)
def test_a_filter_is_the_selection_of_the_command_line(older: str) -> None:
    chosen = Filter("task", "2c18c2", older)
    assert chosen.options() == f"--cause 2c18c2 --older-than {older}"
    assert chosen.selection().causes == ("2c18c2",) and chosen.selection().older_than == chosen.age
    assert Filter("task").options() == "--all" and Filter("task").selection().is_everything


def test_one_look_is_made_for_all_who_ask(world: World) -> None:
    looks, go = [], threading.Event()

    def look(stack: object, told: Callable[[DeadLetterSummary], None]) -> list[DeadLetterSummary]:
        looks.append(1)
        told(summary("a", answered=[HOUR]))
        assert go.wait(10)
        return [summary("a", answered=[HOUR, HOUR])]

    listing = Listing(lambda: world.stack, threading.Lock(), look)
    for _ in range(40):
        listing.begin(again=False)
    while not listing.view().summaries:
        pass
    view = listing.view()
    assert (view.is_looking, view.at, view.seen) == (True, None, 1)  # a part is shown at once
    go.set()
    listing.wait(10)
    listing.begin(again=False)
    listing.begin()  # just ended
    assert len(looks) == 1 and listing.view().summaries[0].seen == 2
    listing.forget()
    listing.begin(again=False)
    listing.wait(10)
    assert len(looks) == 2


def test_a_letter_is_looked_for_when_the_list_has_shown_again_what_it_had_in_hand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds, go = threading.Event(), threading.Event()

    def look(stack: Stack, told: Callable[[DeadLetterSummary], None]) -> list[DeadLetterSummary]:
        with browse(stack.aws, world.dead) as browsing:
            assert len([*browsing]) == 2
            holds.set()
            assert go.wait(10)
        return []

    monkeypatch.setattr(listing_of_letters, "_look", look)
    browser = Browser(world, monkeypatch)
    world.bury(2)
    browser.get("/dead")
    assert holds.wait(10)
    letter = "/dead/letter/task/m0"
    assert "Looking for m0" in browser.get(letter)
    go.set()
    assert "Looking for m0" not in browser.until(letter, "e0")


def test_the_filter_offers_each_cause_once_the_look_has_seen_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(world, monkeypatch)
    world.bury(1)
    streamed = browser.client.get("/dead", headers={"accept": "text/event-stream"}).text
    ((group,),) = [each.groups for each in collect(world.stack, None, limit=10)]
    assert f'<option value="{group.cause.id}">' in streamed


def test_a_letter_that_is_not_found_is_not_looked_for_again_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, letter = Browser(world, monkeypatch), "/dead/letter/task/m0"
    assert "no dead letter m0" in browser.get(letter, 404)
    world.bury(1)
    assert "no dead letter m0" in browser.get(letter, 404)  # a browser loads the page again when its look is over
    monkeypatch.setattr(letters, "REST", 0.0)
    assert "e0" in browser.until(letter, "e0")


def test_a_console_that_is_ended_ends_its_look(world: World) -> None:
    world.bury(600)
    listing = Listing(lambda: world.stack, threading.Lock())
    listing.close()
    listing.begin()
    listing.wait(10)
    assert listing.view().problem == "the console was ended before the look was"
    assert len(world.sqs.visible(world.dead)) == 600  # nothing is held


def test_a_look_that_fails_is_said_and_hides_nothing_that_was_seen(world: World) -> None:
    def look(stack: object, told: Callable[[DeadLetterSummary], None]) -> list[DeadLetterSummary]:
        told(summary("a", answered=[HOUR]))
        raise OpsError("it is throttled: look again")

    listing = Listing(lambda: world.stack, threading.Lock(), look)
    listing.begin()
    listing.wait(10)
    assert listing.view().problem == "it is throttled: look again" and listing.view().summaries


def test_a_look_that_did_not_see_all_does_not_say_that_there_are_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(world, monkeypatch)
    world.bury(2)
    world.sqs.receive_message(QueueUrl=world.dead, MaxNumberOfMessages=2, VisibilityTimeout=40_000)
    said = plain(browser.until("/dead", "At least 0 dead letters"))
    assert "2 dead letters in somebody&#39;s hand" in said and "No dead letters" not in said


def test_a_first_look_that_fails_does_not_say_that_there_are_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, parts = Browser(world, monkeypatch), list[DeadLetterSummary]()

    def look(stack: object, told: Callable[[DeadLetterSummary], None]) -> list[DeadLetterSummary]:
        for each in parts:
            told(each)
        raise OpsError("the session is expired: sign in again")

    monkeypatch.setattr(listing_of_letters, "_look", look)
    browser.start()
    said = plain(browser.until("/dead", "the session is expired"))
    assert "how many dead letters there are is not known" in said
    assert "No dead letters" not in said and "0 dead letters" not in said
    parts.append(summary("task", answered=[HOUR]))
    browser.start()
    said = plain(browser.until("/dead", "the session is expired"))
    assert "1 dead letter, and the look did not end: there may be more" in said


def test_before_and_after_stand_side_by_side_and_what_is_the_same_is_left_out() -> None:
    before = {"a": list(range(20)), "b": "x"}
    pairs = side_by_side(before, {**before, "b": "y", "c": 1})
    changed = [each for each in pairs if each.kind != "same"]
    assert [(each.kind, each.before, each.after) for each in changed] == [
        ("changed", '  "b": "x"', '  "b": "y",'),
        ("added", None, '  "c": 1'),
    ]
    assert pairs[0].skipped and len(pairs) < 10


json_values = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda each: st.lists(each, max_size=4))


@given(json_values, json_values)
def test_no_line_is_lost_between_before_and_after(before: Any, after: Any) -> None:
    pairs = side_by_side(before, after)
    for value, shown in ((before, [each.before for each in pairs]), (after, [each.after for each in pairs])):
        lines = (value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)).split("\n")
        assert sum(each is not None for each in shown) + sum(each.skipped for each in pairs) == len(lines)
