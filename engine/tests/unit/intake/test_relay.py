"""What becomes of what is stored: whatever fails, each entry is published, marked after that, and in nobody's way."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanout import names
from fanout.intake import entry, relay, store
from tests.examples import examples
from tests.unit.intake.entries import REFUSALS, TOPIC, Gone, World
from tests.unit.intake.given import CONFIG, Context, put_in_place
from tests.unit.lambdas.conftest import Lines

FIFO = f"{TOPIC}.fifo"


def fill_in(world: World, text: str = "x", group: str = "note") -> str:
    """Stores an entry, and says its reference."""
    made = entry.make(CONFIG.definitions[group], {"text" if group == "note" else "topic": text}, CONFIG)
    assert store.store(made, None).how == "new"
    world.now += 0.001
    return made.reference


def stream(world: World, how: str = "all") -> None:
    """again: the stream keeps what it gave; the last: shards are read apart, and this one has the newest alone."""
    new = world.table.new
    records, world.table.new = (new[-1:], new[:-1]) if how == "the last" else (new, new if how == "again" else [])
    relay.on_stream({"Records": records}, Context())


def sweep(context: Any = None) -> None:
    relay.sweep({}, context or Context())


def published(world: World) -> list[str]:
    return [each["data"]["order_id"] for each in world.bodies()]


def unsent(world: World) -> list[str]:
    return [name for name, each in world.table.entries().items() if store.waits(each)]


def test_the_stream_emits_what_is_stored_and_marks_it_with_its_end(world: World) -> None:
    one = fill_in(world)
    stream(world)
    assert published(world) == [one]
    (message,) = world.published
    assert message["MessageAttributes"]["type"] == {"DataType": "String", "StringValue": "order.placed.v1"}
    assert "MessageGroupId" not in message
    (item,) = world.table.entries().values()
    assert "unsent_at" not in item
    assert float(item["expires_at"]["N"]) == int(world.now) + 86_400
    world.now += 86_402
    world.table.delete_expired()
    assert world.table.entries() == {}


def test_the_sweep_takes_what_is_older_than_two_minutes(world: World, figures: list[dict[str, float]]) -> None:
    one = fill_in(world)
    world.now += 100
    sweep()
    assert published(world) == []
    world.now += 20
    sweep()
    assert published(world) == [one]
    assert figures == [{names.UNSENT_AGE: 100.0}, {names.UNSENT_AGE: 0, names.SWEPT: 1}]


def test_a_sweep_of_nothing_says_so(world: World, figures: list[dict[str, float]]) -> None:
    sweep()
    assert figures == [{names.UNSENT_AGE: 0}]


@pytest.mark.parametrize("how", ["away", "lost", *sorted(REFUSALS.keys() - {"invalid"})])
def test_what_the_topic_does_not_take_stays_however_often_it_is_tried(
    world: World, how: str, lines: Lines, figures: list[dict[str, float]]
) -> None:
    one = fill_in(world, "a secret")
    world.topic.always = how
    stream(world)
    for _ in range(2 * store.MOST_TRIES):
        world.now += 121
        sweep()
    assert unsent(world) == [one]
    assert figures[-1][names.UNSENT_AGE] > 700
    world.topic.always = ""
    sweep()
    assert unsent(world) == []
    assert set(published(world)) == {one}
    assert "secret" not in json.dumps(lines())


@pytest.mark.parametrize("topic", [TOPIC, FIFO])
def test_poison_is_set_aside_and_stops_nobody(
    world: World, topic: str, monkeypatch: pytest.MonkeyPatch, figures: list[dict[str, float]]
) -> None:
    monkeypatch.setenv(names.INTAKE_TOPIC_ARN, topic)
    world.topic.poison = {"poison"}
    bad, good = fill_in(world, "poison"), fill_in(world)
    other = fill_in(world, "A question", "contact")
    stream(world)
    for _ in range(store.MOST_TRIES):
        world.now += 121
        sweep()
    assert sorted(published(world)) == sorted([good, other])
    assert world.table.entries()[bad]["poison"] == {"S": "InvalidParameter"}
    assert unsent(world) == []
    assert "expires_at" not in world.table.entries()[bad]
    assert [each for each in figures if names.POISON in each] == [{names.POISON: 1}]


def test_a_mark_that_fails_means_the_same_event_once_more(world: World) -> None:
    one = fill_in(world)
    world.table.next = ["away"]
    stream(world)
    assert unsent(world) == [one]
    world.now += 121
    sweep()
    assert published(world) == [one, one]
    assert len({each["Message"] for each in world.published}) == 1
    assert unsent(world) == []


def test_a_refusal_that_comes_late_does_not_set_aside_what_was_emitted(world: World) -> None:
    fill_in(world)
    (late,) = store.unsent()
    stream(world)
    with pytest.raises(ClientError):
        store.refused(replace(late, tries=store.MOST_TRIES), "InvalidParameter")
    (item,) = world.table.entries().values()
    assert "poison" not in item


def test_a_restored_backup_is_published_again_and_nothing_else(world: World) -> None:
    one = fill_in(world)
    backup = dict(world.table.items)
    two = fill_in(world)
    stream(world)
    world.table.items = backup
    world.now += 121
    sweep()
    assert published(world) == [one, two, one]


@pytest.mark.parametrize("topic", [TOPIC, FIFO])
@pytest.mark.parametrize("looks", range(1, 11))
def test_a_sweep_stops_in_time_and_says_how_old_what_it_left_is(
    world: World, topic: str, looks: int, monkeypatch: pytest.MonkeyPatch, figures: list[dict[str, float]]
) -> None:
    monkeypatch.setenv(names.INTAKE_TOPIC_ARN, topic)
    monkeypatch.setattr(relay, "PORTION", 2)
    for _ in range(8):
        fill_in(world)
    world.now += 1_000
    sweep(Context(looks))
    assert unsent(world)
    assert len(published(world)) <= looks
    assert figures[0][names.UNSENT_AGE] == pytest.approx(1_000, abs=1)


def test_a_sweep_whose_time_is_over_reads_no_more_of_a_group_that_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(names.INTAKE_TOPIC_ARN, FIFO)
    for _ in range(250):
        fill_in(world)
    world.now += 121
    world.topic.always = "throttled"
    before = world.calls
    sweep(Context(looks=3))
    assert world.calls - before < 6


def test_a_long_backlog_of_one_group_does_not_hide_the_others(world: World, figures: list[dict[str, float]]) -> None:
    random.seed(7)
    for _ in range(150):
        fill_in(world)
    other = fill_in(world, "A question", "contact")
    world.topic.always = "throttled"
    world.now += 121
    for _ in range(20):
        sweep(Context(looks=110))
        world.topic.always = ""
        if other in published(world):
            break
    assert other in published(world)


def test_many_entries_are_held_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "PORTION", 7)
    for _ in range(250):
        fill_in(world)
    world.now += 121
    sweep()
    assert len(set(published(world))) == 250
    assert unsent(world) == []


def test_other_records_of_the_stream_are_not_its_business(world: World) -> None:
    relay.on_stream({"Records": [{}, {"dynamodb": {"NewImage": {"pk": {"S": "rate#1"}}}}]}, Context())
    assert world.published == []


class TestOrder:
    @pytest.fixture(autouse=True)
    def ordered(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(names.INTAKE_TOPIC_ARN, FIFO)

    def test_what_the_index_and_the_stream_do_not_show_yet_still_goes_first(self, world: World) -> None:
        references = [fill_in(world) for _ in range(4)]
        world.table.hidden = {f"entry#{each}" for each in references[:3]}
        stream(world, "the last")
        assert published(world) == references
        assert world.published[0]["MessageGroupId"] == "note"

    def test_one_that_is_not_taken_holds_back_its_group_alone(self, world: World) -> None:
        first, second = fill_in(world), fill_in(world)
        other = fill_in(world, "A question", "contact")
        world.topic.next = ["throttled"]
        stream(world)
        assert published(world) == [other]
        world.now += 121
        sweep()
        assert published(world) == [other, first, second]

    def test_one_before_it_that_is_not_taken_holds_it_back(self, world: World) -> None:
        first, second = fill_in(world), fill_in(world)
        world.topic.next = ["throttled"]
        stream(world, "the last")
        assert published(world) == []
        stream(world)
        assert published(world) == [first]
        world.now += 121
        sweep()
        assert published(world) == [first, second]

    def test_the_stream_leaves_a_long_backlog_to_the_sweep(self, world: World) -> None:
        references = [fill_in(world) for _ in range(relay.MOST_BEFORE + 10)]
        stream(world, "the last")
        assert published(world) == []
        world.now += 121
        sweep()
        assert published(world) == references

    @pytest.mark.long
    def test_the_sweep_takes_a_backlog_to_its_end_so_that_the_stream_gets_the_group_back(self, world: World) -> None:
        world.topic.always = "throttled"
        for _ in range(relay.MOST_BEFORE + 10):
            fill_in(world)
            world.now += 1
            stream(world)
        world.topic.always = ""
        other = fill_in(world, "A question", "contact")
        while not published(world):
            fill_in(world)
            world.now += 1
            sweep()
        assert unsent(world) == [other]
        world.table.new.clear()
        last = fill_in(world)
        stream(world)
        assert published(world)[-1] == last

    def test_where_what_is_before_it_cannot_be_read_its_group_alone_waits(self, world: World, lines: Lines) -> None:
        first, second = fill_in(world, "a secret"), fill_in(world, "a secret")
        other = fill_in(world, "A question", "contact")
        world.table.new.pop(0)
        world.table.next = ["away"]
        stream(world)
        assert published(world) == [other]
        assert "secret" not in json.dumps(lines())
        world.now += 121
        sweep()
        assert published(world) == [other, first, second]

    def test_two_that_are_stored_at_once_have_an_order(self, world: World) -> None:
        world.table.next = ["", "conflict"]
        one, two = fill_in(world), fill_in(world)
        assert world.table.entries()[two]["follows"] == {"S": one}
        assert world.table.items["last#note"]["reference"] == {"S": two}

    def test_one_that_comes_between_the_look_and_the_write_goes_before(self, world: World) -> None:
        between: list[str] = []
        world.hooks[1] = lambda: between.append(fill_in(world))  # after the look at the group's last
        late = fill_in(world)
        stream(world)
        assert published(world) == [*between, late]
        assert len(between) == 1


FILL_IN = st.tuples(st.just("fill in"), st.sampled_from(["note", "note", "note", "contact"]))
STREAM = st.tuples(st.just("stream"), st.sampled_from(["all", "all", "again", "the last"]))
STEP = st.one_of(
    FILL_IN,
    FILL_IN,
    STREAM,
    STREAM,
    st.tuples(st.just("sweep"), st.just("")),
    st.tuples(st.just("wait"), st.sampled_from([1, 119, 121, 400])),
    st.tuples(st.just("topic"), st.lists(st.sampled_from(["", "lost", "away", *REFUSALS]), max_size=4)),
    st.tuples(st.just("table"), st.lists(st.sampled_from(["", "away", "throttled", "lost", "lost for good", "conflict"]), max_size=4)),
    st.tuples(st.just("lag"), st.booleans()),
    st.tuples(st.just("restore"), st.just("")),
)  # fmt: skip
BETWEEN = st.dictionaries(st.integers(0, 40), st.sampled_from(["end", "stream", "sweep", "fill in"]), max_size=4)


class Story:
    """Any order of all that happens, any of it between any two steps of another, and the container's end anywhere."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answered: list[str] = []
        """References of entries that somebody got a yes for."""
        self.backup: dict[str, Any] = {}
        self.restored = False

    def between(self, what: str) -> None:
        if what == "end":
            self.world.end()
        else:
            self.act(what, "note" if what == "fill in" else "all")

    def act(self, what: str, how: Any) -> None:
        world = self.world
        try:
            self._act(what, how)
        except Gone:
            world.alive = True
            raise
        except (ClientError, BotoCoreError):
            pass  # who asked has no answer

    def _act(self, what: str, how: Any) -> None:
        acts: dict[str, Callable[[], object]] = {
            "fill in": lambda: self.answered.append(fill_in(self.world, "A question", how)),
            "stream": lambda: stream(self.world, how),
            "sweep": sweep,
            "restore": self.restore,
            "wait": lambda: vars(self.world).update(now=self.world.now + float(how)),
            "topic": lambda: vars(self.world.topic).update(next=[*how]),
            "table": lambda: vars(self.world.table).update(next=[*how]),
            "lag": lambda: vars(self.world.table).update(hidden=set(self.world.table.items) if how else set()),
        }
        acts[what]()

    def restore(self) -> None:
        """What the backup has comes back as it was then, but for what is still to be emitted; then the next one is made."""
        items, still = self.world.table.items, {f"entry#{each}" for each in unsent(self.world)}
        items |= {key: each for key, each in self.backup.items() if key not in still}
        self.backup = {key: dict(each) for key, each in items.items() if key.startswith("entry#")}
        self.restored = True

    def end_well(self) -> None:
        world = self.world
        world.hooks, world.topic.next, world.table.next, world.table.hidden = {}, [], [], set()
        for _ in range(2):
            world.now += 121
            sweep()


@pytest.mark.parametrize("topic", [TOPIC, FIFO])
@given(st.lists(STEP, min_size=4, max_size=20), BETWEEN)
@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stored_means_published_whatever_happens_between_any_two_steps(
    topic: str, steps: list[tuple[str, Any]], between: dict[int, str]
) -> None:
    """What must hold at each call is checked by the doubles: nothing that is not stored is published, no mark before a yes."""
    with pytest.MonkeyPatch.context() as patch:
        world = put_in_place(World(), patch, topic)
        patch.setattr(relay, "emit", lambda **values: None)
        story = Story(world)
        world.hooks = {number: lambda what=what: story.between(what) for number, what in between.items()}  # type: ignore[misc]
        for what, how in steps:
            try:
                story.act(what, how)
            except Gone:
                continue
        story.end_well()
        entries = world.table.entries()
        assert set(story.answered) <= set(entries)
        assert {name for name, each in entries.items() if "poison" not in each} <= set(published(world))
        assert unsent(world) == []
        if topic == FIFO and not story.restored:
            check_order(world)


def check_order(world: World) -> None:
    """Of what was never set aside: each group's first copies come as they were stored."""
    entries = world.table.entries()
    aside = {name for name, each in entries.items() if "refused" in each}
    first = list(dict.fromkeys(each for each in published(world) if each not in aside))
    for group in ("note", "contact"):
        mine = [each for each in first if entries[each]["group"]["S"] == group]
        assert mine == sorted(mine, key=lambda each: chain(entries, each))


def chain(entries: dict[str, Any], reference: str) -> int:
    """How many entries of its group are before it."""
    number = 0
    while reference := entries.get(reference, {}).get("follows", {}).get("S", ""):
        number += 1
    return number
