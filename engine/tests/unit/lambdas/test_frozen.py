"""Nothing of one invocation takes part in the next, whatever hangs, crashes or is slow, and however often it thaws."""

import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import OrderPlaced
from fanout.runtime import idempotency, metrics, threads
from fanout.runtime.attempt import Attempt
from fanout.runtime.errors import PermanentError, TransientError
from tests.examples import examples
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.dynamodb import Table
from tests.unit.lambdas.frozen import Container, message

ATTEMPTS = 3  # one more than there are delays in FANOUT_RETRY_DELAYS


class Ways:
    """What becomes of an event, by the beginning of its id: hang, slow, late, crash, dead, or anything else: done."""

    def __init__(self) -> None:
        self.at: Container

    def __call__(self, id_: str) -> None:
        way = id_.partition("-")[0]
        if way == "hang":
            self.at.hang()
        elif way == "late":
            self.at.until_thaw()
        elif way == "latedead":
            self.at.until_thaw()
            raise PermanentError("too late")
        elif way == "slow":
            self.at.work_for(12)
        elif way == "crash":
            raise SystemExit(1)
        elif way == "fails":
            raise TransientError("later")
        elif way == "dead":
            raise PermanentError("no")


def made(patch: pytest.MonkeyPatch) -> Container:
    ways = Ways()
    ways.at = Container(ways, patch)
    return ways.at


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    one = made(monkeypatch)
    yield one
    one.end()


def ids(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def test_behind_as_many_hangs_as_it_has_threads_a_container_works_as_before(
    container: Container, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    measured: list[int] = []
    monkeypatch.setattr(metrics, "left_over", measured.append)
    assert container.invoke([message(each) for each in ids("hang", 10)]) == set(ids("hang", 10))
    for round_ in range(3):
        assert container.invoke([message(each) for each in ids(f"good{round_}", 10)]) == set()
    assert len(container.effects) == 30 and measured == [10, 10, 10]
    told = [each for each in lines() if "left_over" in each]
    assert [(each["level"], each["left_over"], each["log"]) for each in told] == [("WARNING", 10, "fanout")] * 3


def test_with_more_the_process_is_left_and_its_messages_come_back_at_once(container: Container, lines: Lines) -> None:
    for batch in range(2):
        container.invoke([message(f"hang-{batch}-{number}") for number in range(6)])
    assert container.invoke([message("good-1"), message("good-2", 2)]) is None
    assert container.left and not container.effects
    assert (container.sqs.hidden["good-1"], container.sqs.hidden["good-2"]) == (0, 0)
    assert (lines()[-1]["level"], lines()[-1]["left_over"]) == ("ERROR", 12)


def test_but_never_with_a_message_that_has_its_last_attempt(container: Container) -> None:
    for batch in range(2):
        container.invoke([message(f"hang-{batch}-{number}") for number in range(6)])
    assert container.invoke([message("good-1"), message("good-2", ATTEMPTS)]) == set()
    assert not container.left and set(container.effects) == {"good-1", "good-2"}


def test_what_ended_after_all_is_not_counted(container: Container) -> None:
    assert container.invoke([message(each) for each in ids("late", 10)]) == set(ids("late", 10))
    container.thaw()
    assert threads.left_over() == 0


def test_a_thread_that_thaws_has_no_effect_and_makes_no_dead_letter_and_no_line(
    container: Container, lines: Lines
) -> None:
    back = container.invoke([message("late-1"), message("latedead-1"), message("good-1")])
    assert back == {"late-1", "latedead-1"}
    said = len(lines())
    container.thaw()
    assert (container.effects, container.sqs.dead, len(lines())) == (["good-1"], {}, said)


def test_a_group_behind_a_hang_is_tried_at_its_last_attempt(container: Container) -> None:
    group = ["hang-1", "good-1", "good-2", "good-3"]
    for attempt in range(1, ATTEMPTS):
        assert container.invoke([message(each, attempt, "g") for each in group]) == set(group)
        assert set(container.tried) == {"hang-1"}
    assert container.invoke([message(each, ATTEMPTS, "g") for each in group]) == {"hang-1"}
    assert container.effects == ["good-1", "good-2", "good-3"]


def test_a_slow_head_keeps_the_time_there_is_while_the_others_come_again(container: Container) -> None:
    assert container.invoke([message(f"slow-{n}", 1, "g") for n in range(4)]) == {"slow-2", "slow-3"}
    assert container.effects == ["slow-0", "slow-1"]


def test_more_messages_than_threads_at_their_last_attempt_have_a_share_each(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "CONCURRENCY", 2)
    batch = [*ids("hang", 4), *ids("good", 4)]
    assert container.invoke([message(each, ATTEMPTS) for each in batch]) == set(ids("hang", 4))
    assert set(container.effects) == set(ids("good", 4))


def test_a_message_that_is_under_way_is_none_of_those_it_leaves_time_for(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the 29 seconds one of two has 14.5, and not a third."""
    monkeypatch.setattr(threads, "CONCURRENCY", 1)
    assert container.invoke([message(each, ATTEMPTS) for each in ids("slow", 2)]) == set()


def starting(monkeypatch: pytest.MonkeyPatch, *can_start: bool) -> None:
    """Of the threads of this test, one after the other, which the system has; all that come later."""
    left = list(can_start)

    def thread(**of: Any) -> Any:
        return threading.Thread(**of) if not left or left.pop(0) else SimpleNamespace(start=none)

    def none() -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_idle", [])
    monkeypatch.setattr(threads, "Thread", thread)


def test_without_a_thread_to_be_had_a_message_comes_back_at_once(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting(monkeypatch, *[False] * 9)
    began = container.mono
    assert container.invoke([message("good-1"), message("good-2", ATTEMPTS, "g")]) == {"good-1", "good-2"}
    assert container.mono == began


@pytest.mark.parametrize(
    ("can_start", "told"), [(True, ["NotBegun"] * 2 + ["OutOfTime"] * 10), (False, ["NotBegun"] * 12)]
)
def test_what_never_began_is_told_apart_from_what_was_given_up(
    container: Container, monkeypatch: pytest.MonkeyPatch, lines: Lines, can_start: bool, told: list[str]
) -> None:
    starting(monkeypatch, *[can_start] * 30)
    container.invoke([message(each) for each in ids("hang", 12)])
    assert sorted(each["error_type"] for each in lines() if "outcome" in each) == told
    assert len(container.tried) == told.count("OutOfTime")


def test_with_one_thread_to_be_had_it_works_on_all_of_them(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting(monkeypatch, True, *[False] * 9)
    assert container.invoke([message(each) for each in ids("good", 10)]) == set()


def test_when_it_hangs_another_is_asked_for_again(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    starting(monkeypatch, True, False)
    monkeypatch.setattr(threads, "CONCURRENCY", 2)
    batch = [message("hang-1", ATTEMPTS), *(message(each, ATTEMPTS) for each in ids("good", 4))]
    assert container.invoke(batch) == {"hang-1"} and len(container.effects) == 4


def test_tasks_that_wait_for_nothing_are_all_done_by_the_first_thread(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other is called before the caller has been waiting: here, until that thread is done."""
    called: list[threads.Run] = []
    monkeypatch.setattr(threads, "_begin", lambda run, ended: called.append(run))
    monkeypatch.setattr(
        threads, "_reasons", lambda: SimpleNamespace(put=lambda _: None, get=lambda timeout: called[0]())
    )
    assert container.invoke([message(each) for each in ids("good", 10)]) == set()
    assert len(container.effects) == 10 and len(called) == 1


KINDS = st.sampled_from(["good", "good", "good", "hang", "late", "slow", "crash", "fails", "dead"])


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(st.lists(KINDS, min_size=1, max_size=10), min_size=1, max_size=6), order=st.randoms())
def test_a_healthy_message_loses_an_attempt_only_to_a_process_that_is_left_and_never_its_last(
    batches: list[list[str]], order: Any
) -> None:
    """So k, the attempts it needs at most, is one more than the poisoned processes it meets, and at most all of them."""
    with pytest.MonkeyPatch.context() as patch:
        waiting = [[f"{kind}-{n}-{m}" for m, kind in enumerate(batch)] for n, batch in enumerate(batches)]
        container, received, lost = made(patch), Counter[str](), Counter[str]()
        gone: list[Container] = []
        effects: list[str] = []
        while waiting:
            batch = waiting.pop(order.randrange(len(waiting)))
            received.update(batch)
            back = container.invoke([message(each, received[each]) for each in batch])
            if back is None:
                back = set(batch)
                lost.update(batch)
                gone.append(container)
                container = made(patch)
            elif order.random() < 0.5:
                container.thaw()
            if again := [each for each in batch if each in back and received[each] < ATTEMPTS]:
                waiting.append(again)
        for each in (*gone, container):
            each.end()
            effects += each.effects
        healthy = {id_ for id_ in received if id_.startswith(("good", "slow"))}
        assert Counter(effects) == Counter(healthy)
        assert all(received[id_] == 1 + lost[id_] <= ATTEMPTS for id_ in healthy)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kinds=st.lists(st.tuples(KINDS, st.sampled_from("ab")), min_size=1, max_size=8))
def test_in_a_fifo_queue_a_healthy_message_is_done_once_and_by_its_last_attempt(kinds: list[tuple[str, str]]) -> None:
    """k is the schedule's attempts here: who stands behind a message that comes again waits for it."""
    with pytest.MonkeyPatch.context() as patch:
        container = made(patch)
        waiting = [(f"{kind}-{n}", group) for n, (kind, group) in enumerate(kinds) if kind != "slow"]
        effects: list[str] = []
        for attempt in range(1, ATTEMPTS + 1):
            back = container.invoke([message(id_, attempt, group) for id_, group in waiting])
            if back is not None:
                waiting = [each for each in waiting if each[0] in back]
                continue
            container.end()
            effects += container.effects
            container = made(patch)
        container.end()
        effects += container.effects
        good = [f"good-{n}" for n, (kind, _) in enumerate(kinds) if kind == "good"]
        assert sorted(effects) == sorted(good)


def test_in_a_large_batch_each_message_is_looked_at_once(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted and not timed: a batch can have ten thousand messages."""
    asked: list[Any] = []

    def is_last(record: Any) -> bool:
        asked.append(record)
        return True

    monkeypatch.setattr(threads, "is_last", is_last)
    assert container.invoke([message(each) for each in ids("good", 150)]) == set()
    assert len(asked) == 150


def test_a_large_batch_takes_4_kb_a_message() -> None:
    """40 MB for ten thousand, at the most."""
    records = [message(f"good-{number}") for number in range(1_000)]
    attempt = Attempt(lambda order: None, (OrderPlaced,), "request", time.monotonic() + 60)
    threads.work(attempt, records)
    tracemalloc.start()
    try:
        threads.work(attempt, records)
        assert tracemalloc.get_traced_memory()[1] < 4_000 * len(records)
    finally:
        tracemalloc.stop()


def test_behind_an_event_that_ended_its_last_attempt_the_group_need_not_wait(container: Container) -> None:
    batch = [message("fails-1", ATTEMPTS, "g"), message("good-1", 1, "g")]
    assert container.invoke(batch) == {"fails-1"} and container.effects == ["good-1"]


def test_behind_a_hang_only_those_with_their_last_attempt_go_ahead(container: Container) -> None:
    batch = [message("hang-1", 2, "g"), message("good-1", 1, "g"), message("good-2", ATTEMPTS, "g")]
    assert container.invoke(batch) == {"hang-1", "good-1"} and container.effects == ["good-2"]


def test_what_had_a_share_of_the_time_holds_its_claim_no_longer(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its next attempts would be burnt on it: it comes back long before the time of its batch is over."""
    table = Table()
    for name, double in (("TABLE", "completed"), ("client", lambda service: table)):
        monkeypatch.setattr(idempotency, name, double)
    monkeypatch.setattr(idempotency, "time", SimpleNamespace(time=lambda: container.mono))
    began = container.mono
    batch = [message("hang-1", 1, group="g"), message("good-1", ATTEMPTS, group="g")]
    assert container.invoke(batch) == {"hang-1"} and container.mono - began == 14.5
    held = table.items["a_task#hang-1"]["lease_until"]["N"]
    assert int(held) <= container.mono + idempotency.LEASE_MARGIN_SECONDS


def test_a_thread_that_ended_is_used_again_and_one_that_hangs_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def thread(**of: Any) -> threading.Thread:
        made.append(of)
        return threading.Thread(**of)

    monkeypatch.setattr(threads, "_idle", [])
    monkeypatch.setattr(threads, "Thread", thread)
    monkeypatch.setattr(threads, "_given_up", [])
    hang = threading.Event()
    assert [threads.in_time(lambda: None, 5) for _ in range(3)] == [True] * 3 and len(made) == 1

    def hangs() -> None:
        hang.wait(5)

    assert threads.in_time(hangs, 0.001) is False
    assert threads.in_time(lambda: None, 5) and len(made) == 2
    hang.set()


def test_a_thread_that_finds_its_attempt_over_is_left_over_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_given_up", [])
    hang = threading.Event()

    class Late(Attempt):
        def at(self, record: Any, decided: Any = None, until: Any = None) -> Any:
            hang.wait(5)
            decided.check()

    late = Late(lambda order: None, (OrderPlaced,), "request", time.monotonic() + 0.05)
    (outcome,) = threads.work(late, [message("late-1")])
    assert outcome.failed and threads.left_over() == 1
    (given_up,) = threads._given_up
    hang.set()
    assert given_up.wait(5) and threads.left_over() == 0


def test_what_a_task_sets_in_its_context_ends_with_it() -> None:
    marker: ContextVar[str] = ContextVar("marker", default="none")
    seen: list[str] = []

    def task() -> None:
        seen.append(marker.get())
        marker.set("set")

    assert threads.in_time(task, 5) and threads.in_time(task, 5) and seen == ["none", "none"]
