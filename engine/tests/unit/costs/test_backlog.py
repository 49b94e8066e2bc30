"""A burst is worked off as fast as what is there allows: against arithmetic, and against events that are followed one by one."""

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.costs.backlog import FIRST, LONGEST, MORE_EACH_SECOND, Backlog, Capacity, after_burst


def test_all_that_is_there_works_from_the_first_second() -> None:
    assert after_burst(1_000, rate=0, capacity=Capacity(10, 10, scales=False)) == Backlog(10, 10)


def test_what_comes_meanwhile_waits_behind_it() -> None:
    """1,000 / (100 - 50) = 20 seconds; the last of the burst has waited for 10."""
    found = after_burst(1_000, rate=50, capacity=Capacity(10, 10, scales=False))
    assert found.drained is not None and abs(found.drained - 20) <= 1
    assert abs(found.oldest - 10) <= 1


def test_lambda_begins_with_five_and_adds_five_a_second() -> None:
    """The sum of 5 + 5t over 20 seconds is 1,050."""
    found = after_burst(1_050, rate=0, capacity=Capacity(1, 1_000))
    assert found == Backlog(20, 20) and (FIRST, MORE_EACH_SECOND) == (5, 5)


def test_what_fails_comes_back_later_and_is_as_old_as_it_is() -> None:
    quick = Capacity(1_000, 1, scales=False)
    once = after_burst(100, rate=0, capacity=quick, failing=0.01, delay=30)
    assert once.drained is not None and once.drained >= 31 and once.oldest == once.drained


@pytest.mark.parametrize("rate", [100, 101, 1_000])
def test_as_much_as_it_can_do_leaves_nothing_for_a_burst(rate: float) -> None:
    assert after_burst(1, rate=rate, capacity=Capacity(10, 10)) == Backlog(None, LONGEST)


def test_without_a_burst_nothing_waits() -> None:
    assert after_burst(0, rate=10, capacity=Capacity(10, 10)).drained == 1


@settings(max_examples=30, deadline=None)
@given(
    burst=st.integers(50, 400),
    rate=st.integers(0, 8),
    workers=st.integers(3, 12),
    failing=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 2**32),
)
def test_events_that_are_followed_one_by_one_take_as_long(
    burst: int, rate: int, workers: int, failing: float, seed: int
) -> None:
    """Each worker does four events a second, one after the other; failures are drawn.

    The model goes by seconds, events come by the second, and a worker is done with one after a quarter: by these they may differ.
    """
    if rate * (1 + failing) > 0.6 * 4 * workers:
        return
    told = after_burst(burst, rate=rate, capacity=Capacity(4, workers, scales=False), failing=failing, delay=10)
    assert told.drained is not None
    if not failing:
        assert abs(told.drained - followed(burst, rate, workers, failing, 10, seed)) <= max(
            1 + 1 + 0.25, 0.1 * told.drained
        )
    else:
        assert followed(burst, rate, workers, failing, 10, seed) <= told.drained + 40


def followed(burst: int, rate: int, workers: int, failing: float, delay: int, seed: int) -> float:
    """When nothing of the burst is left, and the queue is as short as what comes in a second."""
    chance = random.Random(seed)
    free = [0.0] * workers
    waiting = [(0.0, 0.0)] * burst + [(float(second), float(second)) for second in range(1, 4_000) for _ in range(rate)]
    heapq.heapify(waiting)
    left, done, backlog = burst, 0.0, 0.0
    while waiting and (left or backlog > 1):
        at, came = heapq.heappop(waiting)
        begin = max(at, heapq.heappop(free))
        end = begin + 0.25
        heapq.heappush(free, end)
        backlog = begin - at
        if chance.random() < failing:
            heapq.heappush(waiting, (end + delay, came))
        elif came == 0.0:
            left, done = left - 1, max(done, end)
        done = max(done, begin)
    return done
