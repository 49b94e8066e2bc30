"""published = done + waiting + dead, for every event, under every failure, by AWS's rules and until nothing moves."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.lambdas.mapping import DEDUPLICATION_SECONDS
from tests.unit.lambdas.world import BODIES, WAYS, Published, Weather, World, event_id, number_of

CALLS = st.frozensets(st.sampled_from(["claim", "end", "renew"]))
WEATHER = st.builds(
    Weather,
    store_away=CALLS,
    store_answers_lost=CALLS,
    dead_letter_queue_refuses=st.booleans(),
    visibility=st.sampled_from(["obeyed", "refused", "partly"]),
    frozen_for_good=st.booleans(),
)
STORE_AWAY = st.builds(Weather, store_away=CALLS)
EVENT = st.builds(
    Published,
    ways=st.lists(st.sampled_from(WAYS), min_size=1, max_size=4).map(tuple),
    copies=st.sampled_from([1, 1, 1, 2, 3]),
    group=st.sampled_from("ab"),
    body=st.sampled_from(["event"] * 9 + list(BODIES)),
)
WORLD = st.builds(
    World,
    events=st.lists(EVENT, min_size=1, max_size=10),
    weather=st.lists(st.just(Weather()) | WEATHER | STORE_AWAY, max_size=6),
    fifo=st.booleans(),
    idempotent=st.booleans(),
    threads=st.sampled_from([1, 10]),
    batch_size=st.integers(1, 10),
    seed=st.integers(0, 2**32),
)


def check(world: World, ordered: bool = True) -> None:
    """Nothing waits any more, so each message that was published is done or dead; and nothing was done twice.

    `ordered`: unless there was a redrive, which brings back what the others of its group did not wait for.
    """
    assert not world.queue.messages
    dead = Counter(letter.body for letter in world.dead.messages)
    for number in range(len(world.events)):
        message = world.message(number, "")
        done = world.effects.count(event_id(message))
        assert done or dead[message.body], "lost"
        if world.idempotent:
            assert done <= 1 + world.in_the_window[event_id(message)], "repeated outside of the window"
    for letter in world.dead.messages:
        assert letter.attributes["type"] in (
            {"stringValue": "order.placed.v1", "dataType": "String"},
            {"StringValue": "order.placed.v1", "DataType": "String"},
        )
    if world.fifo and ordered:
        check_order(world)


def check_order(world: World) -> None:
    """Among what was done of a group and did not die, each event came first after all that were published before it."""
    died = {event_id(letter) for letter in world.dead.messages}
    for group in "ab":
        done = [id_ for id_ in world.effects if world.events[number_of(id_)].group == group]
        first = list(dict.fromkeys(id_ for id_ in done if id_ not in died))
        assert first == sorted(first, key=number_of)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=WORLD)
def test_whatever_fails_every_event_is_done_or_dead_and_done_once(world: World) -> None:
    world.run()
    check(world)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=WORLD, days=st.integers(0, 13))
def test_dead_letters_that_are_redriven_once_all_is_well_are_done_once(world: World, days: int) -> None:
    world.run()
    died = {letter.body for letter in world.dead.messages}
    world.events = [Published(("done",), event.copies, event.group, event.body) for event in world.events]
    world.weather.clear()
    world.clock.now += days * 86_400 + DEDUPLICATION_SECONDS
    world.redrive()
    world.run()
    check(world, ordered=False)
    for number, event in enumerate(world.events):
        body = world.message(number, "").body
        if event.body == "event" and body in died:
            assert event_id(world.message(number, "")) in world.effects
        if event.body != "event":
            assert body in {letter.body for letter in world.dead.messages}


def test_the_events_of_a_group_wait_for_one_that_will_be_tried_again() -> None:
    world = World([Published(("transient", "done")), Published(), Published()], fifo=True)
    world.run()
    assert world.effects == ["event-0", "event-1", "event-2"] and not world.dead.messages


def test_behind_an_event_that_fails_to_the_end_its_group_goes_on() -> None:
    """Each time a group is held back its messages are received as well: they must not die without having been tried."""
    world = World([Published(("transient",)), Published(), Published()], fifo=True)
    world.run()
    assert [event_id(letter) for letter in world.dead.messages] == ["event-0"]
    assert world.effects == ["event-1", "event-2"]


def test_an_event_that_crashes_each_time_is_dead_and_the_queue_is_free() -> None:
    world = World([Published(("crash before",)), Published(("done",))], batch_size=1)
    world.run()
    assert [event_id(letter) for letter in world.dead.messages] == ["event-0"]
    assert set(world.effects) == {"event-1"}


def test_a_crash_between_the_effect_and_its_record_is_the_one_thing_that_repeats_an_effect() -> None:
    world = World([Published(("crash after", "done"))])
    world.run()
    assert world.effects == ["event-0", "event-0"]
    assert world.in_the_window == {"event-0": 1}
    assert not world.dead.messages


def test_without_its_store_nothing_is_done_unguarded() -> None:
    world = World([Published()], weather=[Weather(store_away=frozenset({"claim"}))])
    world.run()
    assert world.effects == ["event-0"] and not world.in_the_window


def test_a_failure_costs_the_event_one_attempt() -> None:
    """Its claim is given back: the next attempt, while the lease would still last, does not have to wait for it."""
    world = World([Published(("transient", "done"))])
    began = world.clock.now
    world.run()
    assert world.effects == ["event-0"]
    assert world.clock.now - began == 30  # the first step of the schedule


def test_a_letter_that_dies_again_at_once_after_a_redrive_is_not_dropped_as_a_duplicate() -> None:
    """Buried after 150 s, redriven when its queue has forgotten it, and buried again while the letters' queue has not."""
    world = World([Published(("transient", "transient", "permanent"))], fifo=True)
    began = world.clock.now
    world.run()
    assert world.clock.now - began == 150
    world.clock.now = began + DEDUPLICATION_SECONDS
    world.redrive()
    world.run()
    assert [event_id(letter) for letter in world.dead.messages] == ["event-0"]
    assert world.runs["event-0"] == 4  # permanent: no further attempt, in a FIFO queue as well


def test_a_copy_that_comes_back_after_all_retentions_together_does_nothing() -> None:
    world = World([Published()])
    world.run()
    world.clock.now += 18 * 86_400  # 4 in its queue, 14 as a dead letter
    world.queue.send(world.message(0, "again"))
    world.run()
    assert world.effects == ["event-0"]


def test_a_batch_of_more_than_ten_is_postponed_whole() -> None:
    world = World([Published(("transient", "done"))] * 12, batch_size=12)
    began = world.clock.now
    world.run()
    assert len(world.effects) == 12
    assert world.clock.now - began == 30
