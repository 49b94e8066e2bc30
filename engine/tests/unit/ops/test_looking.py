"""A look is complete when it has seen what SQS counts; what it did not see, it says."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event, Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fanout.errors import OpsError
from fanout.ops import lease
from fanout.ops.aws import lanes as side_by_side
from fanout.ops.aws.lanes import LANES
from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.browse import TEN, Browse, browse
from tests.unit.ops.aws.sqs import Sqs, in_turn, refused
from tests.unit.ops.given import World, fifo, world

__all__ = ["fifo", "world"]


def look(world: World, **more: int) -> Browse:
    with browse(world.aws, world.dead, **more) as browsing:
        list(browsing)
    return browsing


def test_a_look_sees_all_and_hides_nothing_afterwards(world: World) -> None:
    world.bury(25)
    found = look(world)
    assert (found.seen, found.complete) == (25, True)
    assert len(world.sqs.visible(world.dead)) == 25


def under_way(sqs: Sqs, operation: str, at_once: int) -> list[int]:
    """How many calls of an operation were under way when each ended, if so many wait for each other."""
    barrier, counts, now, lock = Barrier(at_once), list[int](), [0], Lock()

    def around(when: str, what: str, asked: dict[str, Any]) -> None:
        if what != operation or asked.get("WaitTimeSeconds"):
            return
        with lock:
            now[0] += 1 if when == "before" else -1
            counts.append(now[0])
        if when == "before":
            with suppress(BrokenBarrierError):
                barrier.wait(timeout=0.5)

    sqs.around = around
    return counts


def test_a_look_receives_and_releases_in_lanes_what_sqs_counts_and_no_more(world: World) -> None:
    world.bury(80)
    receives = under_way(world.sqs, "ReceiveMessage", LANES)
    found = look(world)
    assert (found.seen, found.complete) == (80, True)
    assert max(receives) == LANES and world.sqs.calls["ReceiveMessage"] == LANES + 2  # one that waits proves the end
    assert world.sqs.calls["ChangeMessageVisibilityBatch"] == 8 and len(world.sqs.visible(world.dead)) == 80


def test_what_is_held_is_shown_again_side_by_side(world: World) -> None:
    world.bury(80)
    releases = under_way(world.sqs, "ChangeMessageVisibilityBatch", LANES)
    assert look(world).seen == 80
    assert max(releases) == LANES and len(world.sqs.visible(world.dead)) == 80


def test_lanes_hold_no_more_than_the_limit(world: World) -> None:
    world.bury(100)
    with browse(world.aws, world.dead, limit=37) as browsing:
        sizes = [len(page) for page in browsing.pages()]
    assert sum(sizes) == 37 and max(sizes) == 37
    assert not browsing.complete and len(world.sqs.visible(world.dead)) == 100


def test_a_lane_that_is_refused_leaves_nothing_hidden_that_another_received(world: World) -> None:
    world.bury(50)
    refusals = iter([False, True])

    def one_is_refused(when: str, operation: str, asked: dict[str, Any]) -> None:
        if (when, operation) == ("before", "ReceiveMessage") and next(refusals, False):
            raise refused("AccessDenied", operation)

    world.sqs.around = one_is_refused
    with pytest.raises(ClientError, match="AccessDenied"):
        look(world)
    assert len(world.sqs.visible(world.dead)) == 50


def test_a_look_that_is_interrupted_leaves_nothing_hidden(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes to who waits for the lanes, which receive all the same."""
    world.bury(80)
    came = Event()

    def interrupted(_: object) -> None:
        monkeypatch.undo()
        came.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(side_by_side, "wait", interrupted)
    world.sqs.around = lambda when, operation, asked: None if operation != "ReceiveMessage" else _wait_for(came)
    with pytest.raises(KeyboardInterrupt):
        look(world)
    assert world.sqs.calls["ReceiveMessage"] == LANES and len(world.sqs.visible(world.dead)) == 80


def _wait_for(what: Event) -> None:
    assert what.wait(timeout=5)


def test_a_group_is_looked_at_in_one_lane(fifo: World) -> None:
    fifo.bury(9, lambda number: "a")
    receives = under_way(fifo.sqs, "ReceiveMessage", 2)
    assert look(fifo).complete and max(receives) == 1


def test_an_empty_answer_without_waiting_proves_nothing(world: World) -> None:
    world.bury(12)
    world.sqs.empty = in_turn(True, False, True, False)
    assert (look(world).seen, look(world).complete) == (12, True)


def test_exactly_as_many_as_it_may_hold_is_all(world: World) -> None:
    world.bury(20)
    assert look(world, limit=20).complete
    found = look(world, limit=19)
    assert found.completeness.unseen == ("1 dead letter beyond the first 19 of about 20",)


def test_what_somebody_holds_is_told(world: World) -> None:
    world.bury(5)
    with browse(world.aws, world.dead, limit=2) as other:
        list(other)
        found = look(world)
        assert (found.seen, found.complete) == (3, False)
        assert "2 dead letters in somebody's hand" in found.completeness.unseen[0]
    assert look(world).complete


def test_with_patience_it_waits_for_what_a_killed_run_held(world: World) -> None:
    world.bury(5)
    world.sqs.receive_message(QueueUrl=world.dead, MaxNumberOfMessages=2, VisibilityTimeout=20)
    assert look(world, patience=30).seen == 5


def test_the_time_of_a_look_is_bounded_and_told(world: World) -> None:
    world.bury(300)

    def slow(when: str, operation: str, asked: object) -> None:
        if when == "after" and operation == "ReceiveMessage":
            world.clock.wait(25 / LANES)

    world.sqs.around = slow
    found = look(world)
    assert found.completeness.unseen == ("140 dead letters of about 300: the time of one look was over",)


def test_in_a_fifo_queue_ten_of_a_group_are_not_all(fifo: World) -> None:
    fifo.bury(25, lambda number: "a" if number < 22 else "b")
    found = look(fifo)
    assert (found.seen, found.complete) == (13, False)
    assert "behind the first ten of 1 group" in found.completeness.unseen[0]
    fifo.sqs.queue(fifo.dead).messages = []
    fifo.bury(9, lambda number: "a", begin=100)
    assert look(fifo).complete


def test_what_was_deleted_and_still_counts_is_no_absence(world: World) -> None:
    world.bury(20)
    world.sqs.queue(world.dead).lag = 60
    world.clock.wait(61)
    with browse(world.aws, world.dead) as browsing:
        for page in browsing.pages(TEN):
            entries = [{"Id": str(n), "ReceiptHandle": each.receipt_handle} for n, each in enumerate(page)]
            world.sqs.delete_message_batch(QueueUrl=world.dead, Entries=entries)
            browsing.forget(page)
    assert browsing.complete


def test_deleting_does_not_make_up_for_what_somebody_holds(world: World) -> None:
    world.bury(12)
    world.sqs.receive_message(QueueUrl=world.dead, MaxNumberOfMessages=2, VisibilityTimeout=200)
    with browse(world.aws, world.dead) as browsing:
        for page in browsing.pages(TEN):
            entries = [{"Id": str(n), "ReceiptHandle": each.receipt_handle} for n, each in enumerate(page)]
            world.sqs.delete_message_batch(QueueUrl=world.dead, Entries=entries)
            browsing.forget(page)
    assert not browsing.complete


def test_what_another_has_deleted_meanwhile_is_nobodys(world: World) -> None:
    world.bury(4)
    with browse(world.aws, world.dead, gone=2, began_with=8) as browsing:
        list(browsing)
    assert browsing.complete
    world.sqs.receive_message(QueueUrl=world.dead, MaxNumberOfMessages=1, VisibilityTimeout=200)
    with browse(world.aws, world.dead, gone=2, began_with=8) as browsing:
        list(browsing)
    assert browsing.completeness.unseen == (
        "1 dead letter in somebody's hand (another command, or a run that was killed)",
    )


def test_what_is_not_found_is_nowhere_only_when_all_was_seen(world: World) -> None:
    world.bury(5)
    with pytest.raises(OpsError, match=r"no dead letter e9 of task: 5 dead letters looked at, which is all"):
        showing.search(world.stack, "e9")
    with pytest.raises(
        OpsError, match=r"e4 is not found among the 3 dead letters .* not looked at: 2 dead letters beyond the first 3"
    ):
        showing.search(world.stack, "e4", limit=3)


def test_a_lease_ends_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 5.0)
    before = lease.now()
    assert lease.now() >= before and before != 5.0


def test_the_double_counts_twelve_hours_from_the_receive() -> None:
    sqs = Sqs()
    sqs.put("q", "x")
    handle = sqs.receive_message(QueueUrl="q", VisibilityTimeout=60)["Messages"][0]["ReceiptHandle"]
    sqs.clock.wait(30)
    entry = {"Id": "0", "ReceiptHandle": handle, "VisibilityTimeout": 43_200}
    assert sqs.change_message_visibility_batch(QueueUrl="q", Entries=[entry])["Failed"]
    entry["VisibilityTimeout"] = 43_170
    assert not sqs.change_message_visibility_batch(QueueUrl="q", Entries=[entry])["Failed"]
