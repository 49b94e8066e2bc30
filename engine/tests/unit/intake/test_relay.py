"""Stored means published: through every no of SNS, every crash between two steps, twice and at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout import names
from fanout.intake import config, entry, relay, store
from tests.unit.intake.conftest import GOOD, WRITTEN, World, put_in_place
from tests.unit.intake.world import Time, plenty


def stored(count: int = 1) -> list[str]:
    read = config.read(WRITTEN)
    references = []
    for _ in range(count):
        made = entry.make(read.definitions["berlin"], GOOD, read)
        references.append(store.store(made, None).reference)
    return references


def on_stream(world: World, context: Any = None) -> None:
    records = [{"eventName": "INSERT", "dynamodb": {"NewImage": image}} for image in world.entries.stream]
    relay.on_stream({"Records": records}, context or plenty())


def published(world: World) -> list[str]:
    return [json.loads(each["Message"])["data"]["order_id"] for each in world.topic.taken]


def unsent(world: World) -> list[str]:
    return [key for key, item in world.entries.items.items() if "unsent_at" in item]


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "SWEPT_AFTER", 0)


def test_the_stream_emits_with_the_attributes_of_the_contract_and_marks(world: World) -> None:
    (reference,) = stored()
    on_stream(world)
    (message,) = world.topic.taken
    assert message["MessageAttributes"]["shop_id"] == {"DataType": "String", "StringValue": "berlin"}
    assert published(world) == [reference] and unsent(world) == []
    assert "expires_at" in world.entries.items[f"entry#{reference}"]


def test_what_the_stream_could_not_emit_the_sweep_does(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    references = stored(3)
    world.topic.says = ["throttled", "denied", "gone"]
    on_stream(world)
    assert world.topic.taken == [] and len(unsent(world)) == 3
    relay.sweep({}, plenty())
    assert sorted(published(world)) == sorted(references) and unsent(world) == []
    assert '"Swept":3' in capsys.readouterr().out


def test_the_sweep_leaves_what_is_young_to_the_stream(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "SWEPT_AFTER", 120)
    stored()
    relay.sweep({}, plenty())
    assert world.topic.taken == []


def test_an_answer_of_sns_that_was_lost_is_asked_for_again_under_the_same_id(world: World) -> None:
    (reference,) = stored()
    world.topic.says = ["lost"]
    on_stream(world)
    relay.sweep({}, plenty())
    assert published(world) == [reference, reference]
    assert len({json.loads(each["Message"])["id"] for each in world.topic.taken}) == 1


def test_the_age_of_the_oldest_is_told_each_minute(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    relay.sweep({}, plenty())
    assert '"UnsentAge":0' in capsys.readouterr().out
    stored()
    world.topic.says = ["gone"]
    world.entries.items[next(iter(world.entries.items))]["stored_at"] = {"N": "1000"}
    relay.sweep({}, plenty())
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["UnsentAge"] > 1_000_000 and told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == names.NAMESPACE


def test_poison_stands_in_nobodys_way_and_is_put_aside_with_its_cause(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, *others = stored(3)
    world.topic.never = {bad}
    for _ in range(store.MOST_TRIES):
        relay.sweep({}, plenty())
    assert sorted(published(world)) == sorted(others)
    item = world.entries.items[f"entry#{bad}"]
    assert item["poison"] == {"S": "InvalidParameter"} and "unsent_at" not in item
    assert '"Poison":1' in capsys.readouterr().out


def test_nothing_but_the_entry_itself_makes_poison(world: World) -> None:
    """A topic that is away for a month, or a key that was denied, is not the entry's fault."""
    stored()
    for said in ["throttled", "denied", "gone"] * 20:
        world.topic.says = [said]
        relay.sweep({}, plenty())
    assert len(unsent(world)) == 1
    relay.sweep({}, plenty())
    assert len(published(world)) == 1


def test_a_function_whose_time_is_nearly_over_begins_nothing(world: World) -> None:
    stored()
    relay.sweep({}, Time(ms=1_000))
    assert world.topic.taken == [] and len(unsent(world)) == 1


def test_a_backup_that_is_restored_is_published_again_under_its_ids(world: World) -> None:
    references = stored(2)
    before = {key: dict(item) for key, item in world.entries.items.items()}
    on_stream(world)
    world.entries.items = before
    relay.sweep({}, plenty())
    assert sorted(published(world)) == sorted(references * 2)


class TestOrdered:
    @pytest.fixture(autouse=True)
    def ordered(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        put_in_place(world, monkeypatch, topic="orders.fifo")

    def test_each_has_its_group(self, world: World) -> None:
        (reference,) = stored()
        on_stream(world)
        (message,) = world.topic.taken
        assert (message["MessageGroupId"], message["MessageDeduplicationId"]) == ("berlin", reference)

    def test_what_follows_one_that_failed_waits_for_it(self, world: World) -> None:
        references = stored(3)
        world.topic.says = ["", "throttled"]
        on_stream(world)
        assert published(world) == references[:1]
        relay.sweep({}, plenty())
        assert published(world) == references

    def test_one_that_never_will_be_taken_holds_nobody_up_for_ever(self, world: World) -> None:
        bad, *others = stored(3)
        world.topic.never = {bad}
        for _ in range(store.MOST_TRIES):
            relay.sweep({}, plenty())
        assert published(world) == others


steps = st.lists(
    st.tuples(st.sampled_from(["store", "stream", "sweep", "lag", "settle"]), st.lists(st.sampled_from(["", "throttled", "lost", "gone"]), max_size=3), st.lists(st.sampled_from(["", "away", "throttled"]), max_size=3)),
    max_size=12,
)  # fmt: skip


@given(steps)
def test_in_any_order_of_steps_and_failures_what_was_stored_is_published_and_nothing_else(plan: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world, kept = World(), []
        put_in_place(world, patch)
        patch.setattr(relay, "SWEPT_AFTER", 0)
        for what, topic_says, table_says in plan:
            world.topic.says = list(topic_says)
            if what == "store":
                kept += stored()
                continue
            world.entries.lagging = what == "lag" or (world.entries.lagging and what != "settle")
            world.entries.next = list(table_says)
            if what == "stream":
                on_stream(world)
            elif what == "sweep":
                relay.sweep({}, plenty())
            world.entries.next = []
            marked = {key.removeprefix("entry#") for key, each in world.entries.items.items() if "emitted_at" in each}
            assert marked <= set(published(world))
        world.topic.says, world.entries.lagging = [], False
        relay.sweep({}, plenty())
        assert set(published(world)) == set(kept)
        assert unsent(world) == []
