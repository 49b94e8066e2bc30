"""Latency or cost in one word: what the words ask of a mapping, and what they do to a bill."""

from fanout.batching import BATCHING, BatchingMode
from fanout.costs.assumptions import Assumptions
from fanout.costs.model import monthly
from fanout.costs.rebatched import rebatched
from tests.unit.costs.test_model import ONE_A_SECOND, one_subscriber, with_properties

TEMPLATE = {"Resources": one_subscriber()}


def test_cost_waits_and_latency_does_not() -> None:
    assert BATCHING["latency"][1] == 0
    assert BATCHING["cost"][1] > 0


def test_no_word_asks_for_more_than_one_request_takes() -> None:
    assert {size for size, _ in BATCHING.values()} == {10}


def test_a_fifo_queue_has_no_window() -> None:
    changed = rebatched({"Resources": with_properties("Queue", FifoQueue=True)}, *BATCHING["cost"])
    assert changed["Resources"]["Mapping"]["Properties"]["MaximumBatchingWindowInSeconds"] == 0


def test_cost_is_the_cheaper_one_as_soon_as_there_is_traffic() -> None:
    def delivery(word: BatchingMode, events: int) -> float:
        return monthly(rebatched(TEMPLATE, *BATCHING[word]), events_per_month=events).delivery

    assert delivery("cost", 0) == delivery("latency", 0)
    for events in (ONE_A_SECOND, 10 * ONE_A_SECOND, 100 * ONE_A_SECOND):
        assert delivery("cost", events) < 0.7 * delivery("latency", events)


def test_the_template_that_was_given_stays_as_it_is() -> None:
    changed = rebatched(TEMPLATE, *BATCHING["cost"], bounded=False)
    assert TEMPLATE["Resources"] == one_subscriber()
    assert "ScalingConfig" not in changed["Resources"]["Mapping"]["Properties"]


def test_giving_up_maximum_concurrency_saves_three_pollers() -> None:
    bounded = monthly(TEMPLATE, events_per_month=0, assumptions=Assumptions())
    free = monthly(rebatched(TEMPLATE, *BATCHING["latency"], bounded=False), events_per_month=0)
    assert round(bounded.idle - free.idle, 3) == 0.156


def test_the_words_are_compared_without_heartbeats() -> None:
    every = {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 minute)"}}
    changed = rebatched({"Resources": {**one_subscriber(), "Every": every}}, *BATCHING["latency"])
    assert "Every" not in changed["Resources"]
