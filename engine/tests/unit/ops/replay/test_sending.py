"""One queue, in order, once: whatever kills the program on the way, and however often."""

import itertools
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.subscription import Subscription
from fanout.ops.replay import runner
from fanout.ops.replay.archive import READERS
from fanout.ops.replay.plan import LISTED, Plan
from tests.examples import examples
from tests.unit.ops.aws.sqs import answer_lost, refused
from tests.unit.ops.replay.given import NOW, Outcomes, World, fifo, world

__all__ = ["fifo", "world"]


class Killed(BaseException):
    """kill -9: no code of ours runs after it, but what closes files."""


def test_all_are_sent_to_the_one_queue_oldest_first_in_growing_batches(world: World) -> None:
    for number in range(150):
        world.archive(number)
    result = world.replay()
    assert result.stopped is None and result.counts["sent"] == result.counts["seen_done"] == 150
    assert world.sent() == [f"e{number}" for number in range(150)]
    assert set(world.sqs.queues) - {world.queue, world.dead, "https://sqs/1/f", "https://sqs/1/fd"} == set()
    assert not world.sqs.bodies(world.dead)
    said = [line.split(" sent")[0] for line in world.told if "waiting" in line]
    assert said == ["canary: 1", "batch 2: 5", "batch 3: 20", "batch 4: 100", "batch 5: 24"]


def test_attributes_are_those_of_the_publisher_and_say_again_only_when_asked(world: World) -> None:
    world.archive(1)
    world.record(1, "done")
    world.replay(again=True, reason="lost")
    (message,) = world.sqs.queue(world.queue).messages
    assert message.attributes.pop(names.REPLAY_ATTRIBUTE) == {
        "DataType": "Number",
        "StringValue": f"{NOW.timestamp():.3f}",
    }
    assert message.attributes["type"] == {"DataType": "String", "StringValue": "order.placed.v1"}


def test_a_canary_that_fails_leaves_the_rest_and_the_next_run_goes_on(world: World) -> None:
    for number in range(30):
        world.archive(number)
    world.outcomes = Outcomes(lambda _: "failed")
    result = world.replay()
    assert result.stopped == (
        "the canary failed (TransientError: it answered 503): mend that first; 29 are not sent: run it again to go on"
    )
    world.outcomes = Outcomes()
    result = world.replay()
    assert (result.stopped, result.counts["sent"], result.counts["sent_before"]) == (None, 29, 1)
    assert world.sent() == [f"e{number}" for number in range(30)]


def test_rising_failures_stop_it(world: World) -> None:
    for number in range(100):
        world.archive(number)
    world.outcomes = Outcomes(lambda number: "failed" if number in (2, 3, 8, 9, 10) else "done")
    result = world.replay()
    assert result.stopped is not None and result.stopped.startswith("5 of those sent failed")
    assert len(world.sent()) == 1 + 5 + 20


def test_without_outcomes_it_waits_and_stops(world: World) -> None:
    world.archive(1)
    world.outcomes = Outcomes(lambda _: None)
    result = world.replay()
    assert result.stopped is not None and "1 without an outcome" in result.stopped


def test_to_a_paused_task_all_are_sent_and_nobody_waits(world: World) -> None:
    for number in range(30):
        world.archive(number)
    world.outcomes = Outcomes(lambda _: None)
    result = world.replay(pace={"watch": False})
    assert result.stopped is None and result.counts["no_outcome_yet"] == 30 == len(world.sent())


def test_a_fifo_queue_gets_each_group_in_order(fifo: World) -> None:
    for number in range(60):
        shop = f"shop-{number % 3}"
        fifo.archive(number, data={"shop_id": shop, "order_id": "o", "items": {}})
    fifo.replay()
    messages = fifo.sqs.queue(fifo.queue).messages
    assert [json.loads(each.body)["id"] for each in messages] == [f"e{number}" for number in range(60)]
    assert {each.group for each in messages} == {"shop-0", "shop-1", "shop-2"}
    assert len({each.system["MessageDeduplicationId"] for each in messages}) == 60


def test_a_fifo_queue_gets_every_event_whatever_the_names_and_whatever_was_sent_a_minute_ago(fifo: World) -> None:
    arn = f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{'Long' * 32}/1"
    fifo.stack = replace(fifo.stack, name="Long" * 32, id=arn)
    for number in range(10, 20):
        fifo.archive(number)
    fifo.replay()
    assert fifo.sent() == [f"e{number}" for number in range(10, 20)]
    fifo.clock.wait(60)
    fifo.archive(1)  # it happened before the others, and is the first row now
    fifo.replay(fresh=True, until="2026-01-01T05:00")
    assert fifo.sent()[10:] == ["e1"]
    for _ in range(2):
        fifo.clock.wait(60)
        fifo.replay(fresh=True, again=True, reason="the effects were lost")
    assert fifo.sent()[11:] == 2 * ["e1", *(f"e{number}" for number in range(10, 20))]


def test_a_queue_that_is_fair_gets_the_groups_of_its_publishers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:orders"
    world.stack.outputs.update({names.TOPIC_ARN_OUTPUT: topic, names.FAIR_BY_OUTPUT: "shop_id"})
    monkeypatch.setattr("fanout.ops.replay.checking.read_subscriptions", lambda _: [Subscription(topic)])
    world.archive(1)
    world.replay()
    assert [each.group for each in world.sqs.queue(world.queue).messages] == ["berlin"]


def test_what_sqs_refuses_stops_a_fifo_queue_before_the_next_of_its_group(
    fifo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        fifo.archive(number)
    calls = itertools.count()

    def refuse(when: str, operation: str, asked: dict[str, Any]) -> None:

        if when == "before" and operation == "SendMessage" and next(calls) == 3:
            raise refused("InvalidMessageContents", "SendMessage")

    fifo.sqs.around = refuse
    result = fifo.replay()
    assert result.stopped is not None and "SQS refused events-by-day" in result.stopped
    assert fifo.sent() == ["e0", "e1", "e2"]
    fifo.replay()
    assert fifo.sent() == [f"e{number}" for number in range(10)]


def test_an_object_that_changes_after_it_was_counted_is_not_sent(world: World) -> None:
    for number in range(5):
        world.archive(number)
    with world.plan() as made:
        assert world.count(made).to_send == 5
    keys = list(world.s3.keys)
    world.s3.delete(keys[1])
    world.s3.put(keys[2], "{}")
    result = world.replay()
    assert sorted(world.sent()) == ["e0", "e3", "e4"] and result.counts["left_out"] == 2
    assert result.stopped == "2 objects changed or went since they were counted, and were left out"


def test_a_request_without_an_answer_is_sent_again_and_counted(world: World) -> None:
    for number in range(30):
        world.archive(number)
    world.sqs.around = answer_lost("SendMessageBatch", {3})
    cut = world.replay()
    assert cut.stopped and "Read timeout" in cut.stopped and cut.stopped.endswith("; run it again to go on")
    assert (cut.counts["sent"], cut.counts["not_sent"]) == (6, 24)
    world.sqs.around = lambda *_: None
    result = world.replay()
    assert result.counts["perhaps_twice"] == 10 and set(world.sent()) == {f"e{number}" for number in range(30)}
    assert len(world.sent()) == 40


def test_what_aws_refuses_before_anything_is_sent_is_raised(world: World) -> None:
    world.archive(1)

    def refuse(when: str, operation: str, asked: object) -> None:
        raise refused("AccessDenied", operation)

    world.sqs.around = refuse
    with pytest.raises(ClientError, match="AccessDenied"):
        world.replay()


def _killing(world: World, at: int) -> None:
    """The process ends at the `at`-th thing it asks of AWS."""
    left = itertools.count(1)

    def strike(*_: Any) -> None:
        if next(left) == at:
            raise Killed

    world.sqs.around = lambda when, operation, asked: strike()
    world.s3.around = lambda operation, asked: strike()
    world.dynamodb.around = lambda operation: strike()


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kills=st.lists(st.integers(1, 150), max_size=4),
    again=st.booleans(),
    is_fifo=st.booleans(),
    lanes=st.sampled_from([1, 4]),
)
def test_killed_anywhere_and_run_again_everything_is_sent_and_little_twice(
    kills: list[int], again: bool, is_fifo: bool, lanes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "lanes_for", lambda _: lanes)
        world = World(patched, tmp_path_factory.mktemp("kills"), fifo=is_fifo)
        for number in range(60):
            world.archive(number)
        more: dict[str, Any] = {"again": True, "reason": "lost"} if again else {}
        perhaps = 0
        for at in kills:
            _killing(world, at)
            try:
                perhaps += world.replay(**more).counts["perhaps_twice"]
            except Killed:
                pass
        world.sqs.around, world.s3.around, world.dynamodb.around = (lambda *_: None,) * 3
        result = world.replay(**more)
        assert result.stopped is None and result.counts["not_sent"] == 0
        sent = world.sent()
        assert set(sent) == {f"e{number}" for number in range(60)}
        assert len(sent) <= 60 + 10 * lanes * len(kills)
        firsts = list(dict.fromkeys(sent))
        if lanes == 1 or is_fifo:
            assert firsts == [f"e{number}" for number in range(60)]
        if is_fifo:
            assert sent == firsts  # the second copy has the deduplication id of the first
        if again:  # every copy carries the same moment, so the task does each once
            stamps = {
                each.attributes[names.REPLAY_ATTRIBUTE]["StringValue"] for each in world.sqs.queue(world.queue).messages
            }
            assert len(stamps) == 1


@pytest.mark.long
def test_a_listing_that_was_killed_goes_on_behind_its_last_page(world: World) -> None:
    for number in range(3_500):
        world.archive(number, at=datetime(2026, 1, 1, tzinfo=UTC))
    pages = 0

    def strike(operation: str, asked: dict[str, Any]) -> None:
        nonlocal pages
        pages += "events-by-day/2026/01/01/" == asked.get("Prefix")
        if pages == 3:
            raise Killed

    world.s3.around = strike
    with pytest.raises(Killed):
        world.replay(until="2026-01-01")
    asked: list[str] = []
    world.s3.around = lambda operation, a: (
        asked.append(a.get("StartAfter", "")) if operation == "ListObjectsV2" else None
    )
    with world.plan(until="2026-01-01") as made:
        assert sum(made.plan.counts().values()) == 2_000
        assert world.count(made).listed == 3_500
    assert "" not in [each for each in asked if each.startswith("events-by-day")] and len(asked) <= 4


def test_an_old_plan_of_which_nothing_was_sent_is_made_anew(world: World) -> None:
    world.archive(1)
    with world.plan() as made:
        world.count(made)
    world.archive(2)
    with world.plan() as made:
        assert world.count(made).listed == 1
    world.clock.time += 2 * 86_400
    with world.plan() as made:
        assert world.count(made).listed == 2


def test_a_plan_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.db"
    path.write_bytes(b"this is no database at all, and long enough to be sure of that" * 20)
    with pytest.raises(OpsError, match="cannot be used"), Plan.open(path):
        pass


def _peak(folder: Path, objects: int) -> int:
    """Bytes at most while so many objects are listed and checked, in pages and portions of a tenth of their size, by a tenth of the readers."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fanout.ops.replay.archive.PAGE", 100)
        patched.setattr("fanout.ops.replay.checking.PORTION", 50)
        patched.setattr("fanout.ops.replay.checking.READERS", READERS // 10)
        world = World(patched, folder)
        for number in range(objects):
            world.archive(number, at=datetime(2026, 1, 1 + number % 4, tzinfo=UTC))
        with world.plan() as made:
            tracemalloc.start()
            try:
                world.count(made)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
                assert not made.plan.counts().get(LISTED)


@pytest.mark.long
def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    """Two thousand objects take what four hundred do: a million in pages of a thousand take what two hundred thousand do."""
    _peak(tmp_path / "first", 100)  # what is imported and compiled once
    small, large = (_peak(tmp_path / str(objects), objects) for objects in (400, 2_000))
    assert large < small * 1.25, (small, large)
