"""As many requests side by side as the rate needs; what one of them meets is its own, and the others' is written down."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier, Event, Timer

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fanout.ops.aws.lanes import OnceForEach, ahead, in_lanes, lanes_for
from fanout.ops.aws.session import AT_ONCE
from fanout.ops.dead_letters.browse import browse
from fanout.ops.redrive.mover import MessageMover
from tests.unit.ops.aws.sqs import refused
from tests.unit.ops.given import World, fifo, world
from tests.unit.ops.replay.given import World as Archived
from tests.unit.ops.test_files_of_dead_letters import bring_in, drop
from tests.unit.ops.test_looking import under_way
from tests.unit.ops.test_redrive import Night, night
from tests.unit.ops.test_sending_back import steps

__all__ = ["fifo", "night", "world"]


@pytest.mark.parametrize(("rate", "lanes"), [(0.1, 1), (50, 1), (100, 1), (200, 3), (500, 7), (1e9, AT_ONCE)])
def test_the_rate_that_is_usual_takes_one_lane_and_500_a_second_take_seven(rate: float, lanes: int) -> None:
    """With 100 ms a call, a lane has 66 to 100 messages a second."""
    assert lanes_for(rate) == lanes
    assert lanes == AT_ONCE or 100 * lanes >= rate


def test_answers_come_in_the_items_order() -> None:
    assert in_lanes(lambda number: number * 2, range(40), 8) == list(range(0, 80, 2))


def test_an_error_comes_when_what_had_begun_has_ended() -> None:
    begun, ended, both = list[int](), list[int](), Barrier(2)

    def call(number: int) -> None:
        begun.append(number)
        if number < 2:
            both.wait(timeout=5)
        if number == 0:
            raise ValueError("the first")
        ended.append(number)

    with pytest.raises(ValueError, match="the first"):
        in_lanes(call, range(8), 2)
    assert sorted([0, *ended]) == sorted(begun) and 1 in ended


def test_after_an_error_nothing_more_begins_and_the_first_items_is_told() -> None:
    begun, both = list[int](), Barrier(2)

    def call(number: int) -> None:
        begun.append(number)
        both.wait(timeout=5)
        raise ValueError(f"of {number}")

    with pytest.raises(ValueError, match="of 0"):
        in_lanes(call, range(8), 2)
    assert sorted(begun) == [0, 1]


def test_lanes_within_lanes_do_not_wait_for_each_other() -> None:
    both = Barrier(40)

    def inner(_: int) -> int:
        return both.wait(timeout=5)

    found = in_lanes(lambda _: in_lanes(inner, range(5), 5), range(8), 8)
    assert sorted(each for some in found for each in some) == list(range(40))


def test_a_forked_process_has_lanes_of_its_own() -> None:
    """Its parent's threads, which have nothing to do, are not in it."""
    all_ = Barrier(8)
    in_lanes(lambda _: all_.wait(timeout=5), range(8), 8)
    child = get_context("fork").Process(target=in_lanes, args=(abs, range(8), 8))
    child.start()
    child.join(timeout=10)
    if child.exitcode is None:
        child.kill()
    assert child.exitcode == 0


def test_the_next_page_is_got_while_one_is_used_as_long_as_there_is_more() -> None:
    got, coming = list[int](), [Event(), Event()]

    def pages() -> Iterator[int]:
        for number in range(4):
            got.append(number)
            if 1 <= number <= 2:
                coming[number - 1].set()
            yield number

    for page in ahead(pages(), lambda page: page < 2):
        if page < 2:
            assert coming[page].wait(timeout=5)  # the next one comes meanwhile
        else:
            assert got == list(range(page + 1))  # and not a moment before it is asked for
    assert got == [0, 1, 2, 3]


def test_what_getting_the_next_one_raises_comes_behind_the_one_that_is_used() -> None:
    def pages() -> Iterator[int]:
        yield 0
        raise ValueError("the second")

    used: list[int] = []
    with pytest.raises(ValueError, match="the second"):
        used.extend(ahead(pages()))
    assert used == [0]


def test_who_leaves_early_waits_for_the_page_that_is_being_got() -> None:
    coming, go_on, got = Event(), Event(), list[int]()

    def pages() -> Iterator[int]:
        yield 0
        coming.set()
        assert go_on.wait(timeout=5)
        got.append(1)
        yield 1

    for _ in (found := ahead(pages())):
        assert coming.wait(timeout=5)
        break
    Timer(0.05, go_on.set).start()
    found.close()
    assert got == [1]


@pytest.mark.parametrize("operation", ["ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch"])
def test_a_redrive_moves_in_lanes(night: Night, operation: str) -> None:
    night.world.bury(80)
    calls = under_way(night.world.sqs, operation, 8)
    result = night.redrive(canary=False)
    assert max(calls) == 8 and result.counts["sent"] == 80 and len(set(night.world.sent())) == 80


def test_a_fifo_queue_is_moved_in_one(fifo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo.bury(9, lambda number: "g")
    calls = under_way(fifo.sqs, "SendMessage", 2)
    assert Night(fifo, monkeypatch).redrive(canary=False).is_well and max(calls) == 1


def test_what_was_dropped_is_deleted_and_brought_in_again_in_lanes(world: World) -> None:
    world.bury(80)
    calls = under_way(world.sqs, "DeleteMessageBatch", 8)
    dropped = drop(world)
    assert max(calls) == 8 and dropped.count == 80
    calls = under_way(world.sqs, "SendMessageBatch", 8)
    assert bring_in(world, dropped.path).sent == 80 and max(calls) == 8


def test_a_replay_sends_in_lanes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archived = Archived(monkeypatch, tmp_path)
    monkeypatch.setattr("fanout.ops.replay.runner.lanes_for", lanes_for)
    for number in range(80):
        archived.archive(number)
    calls = under_way(archived.sqs, "SendMessageBatch", 8)
    result = archived.replay(pace={"watch": False})
    assert max(calls) == 8 and result.counts["sent"] == 80 and len(set(archived.sent())) == 80


def third(what: Exception, moment: str) -> Callable[[str, str, object], None]:
    """Of the requests that send, the third meets it."""
    numbers = itertools.count(1)

    def around(when: str, operation: str, asked: object) -> None:
        if (operation, when) == ("SendMessageBatch", moment) and next(numbers) == 3:
            raise what

    return around


def test_what_one_lane_is_refused_leaves_what_the_others_sent_sent_and_deleted(world: World) -> None:
    world.bury(80)
    world.sqs.around = third(refused("ThrottlingException", "SendMessageBatch"), "before")
    with pytest.raises(ClientError, match="ThrottlingException"):
        moved(world, 8)
    assert (steps(world.journal(), "sent"), steps(world.journal(), "not sent")) == (70, 10)
    assert len(world.sent()) == 70 and len(world.sqs.visible(world.dead)) == 10
    world.sqs.around = lambda *_: None
    assert moved(world, 8).tally.maybe_twice == 0 and len(world.sent()) == len(set(world.sent())) == 80


def test_of_an_answer_that_one_lane_never_got_ten_are_perhaps_sent(world: World) -> None:
    world.bury(80)
    world.sqs.around = third(ReadTimeoutError(endpoint_url="https://sqs"), "after")
    with pytest.raises(ReadTimeoutError):
        moved(world, 8)
    assert (steps(world.journal(), "sending"), steps(world.journal(), "sent")) == (80, 70)
    world.sqs.around = lambda *_: None
    again = moved(world, 8)
    assert (again.tally.maybe_twice, again.tally.sent) == (10, 10) and not world.sqs.queue(world.dead).messages


def moved(world: World, lanes: int) -> MessageMover:
    mover = MessageMover(world.subscriber, world.journal(), lanes)
    with browse(world.aws, world.dead) as browsing:
        try:
            for page in browsing.pages():
                mover.move(page, browsing)
        finally:
            mover.finish()
    return mover


@pytest.mark.parametrize("error", [None, ValueError("of it")])
def test_what_many_need_is_asked_for_once_and_told_or_raised_to_all(error: Exception | None) -> None:
    asked, both = list[str](), Barrier(2)

    def call(item: str) -> str:
        asked.append(item)
        if error:
            raise error
        return item * 2

    once = OnceForEach(call)

    def ask(item: str) -> str | Exception:
        both.wait(timeout=5)
        try:
            return once(item)
        except ValueError as raised:
            return raised

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, ["a", "a"])) == [error or "aa"] * 2
        assert list(pool.map(ask, ["a", "b"])) == [error or "aa", error or "bb"]
    assert asked == ["a", "b"]
