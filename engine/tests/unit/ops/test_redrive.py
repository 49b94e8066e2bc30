"""One letter first, then ever more, each batch after the outcomes of the one before; and nothing that died meanwhile."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fanout.errors import Unusable
from fanout.ops.aws.line import Line
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.redrive import runner
from fanout.ops.redrive.frozen import Frozen, freeze, thawed
from fanout.ops.redrive.mover import MessageMover
from fanout.ops.redrive.runner import Plan, RedriveRun, Result
from tests.unit.ops.aws.sqs import answer_lost, refused
from tests.unit.ops.given import World, event, fifo, world

__all__ = ["fifo", "world"]


class Outcomes:
    """What became of messages that were sent, as `judge` has it: done, failed, or None as long as nothing is known."""

    def __init__(self, judge: Callable[[int], str | None]) -> None:
        self.judge, self.sent = judge, 0
        self.unknown: dict[str, int] = {}
        self.failed: list[Any] = []
        self.done, self.unwatched = 0, 0
        self.completeness = COMPLETE

    def watch(self, message_id: str, event_id: str | None) -> None:
        self.sent += 1
        self.unknown[message_id] = self.sent

    @property
    def pending(self) -> int:
        return len(self.unknown)

    def poll(self) -> None:
        for id_, number in list(self.unknown.items()):
            if outcome := self.judge(number):
                del self.unknown[id_]
                self.done += outcome == "done"
                if outcome == "failed":
                    failed = Line(
                        "failed", id_, 1, datetime.now(UTC), error_type="TransientError", error="it answered 503"
                    )
                    self.failed.append(failed)


class Night:
    """A redrive of everything; `told` is what it said on the way."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.told: list[str] = []
        self.outcomes = Outcomes(lambda _: "done")
        self.stop = Stop()
        monkeypatch.setattr(runner, "OutcomeWatcher", lambda _: self.outcomes)

    def judge(self, judge: Callable[[int], str | None]) -> None:
        self.outcomes = Outcomes(judge)

    def redrive(self, frozen: Frozen | None = None, operator: str = "me", **more: Any) -> Result:
        journal = self.world.journal(operator=operator)
        found = frozen or freeze(self.world.subscriber, Selection(), journal)
        plan = Plan(Selection(), **{"rate": 1e9, "patience": 0.0, **more})
        run = RedriveRun(
            self.world.subscriber, journal, plan, found, lambda line, *_: self.told.append(line), self.stop
        )
        return run.run()


@pytest.fixture
def night(world: World, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(world, monkeypatch)


def test_every_batch_is_larger_and_begins_when_the_one_before_is_done(night: Night) -> None:
    night.world.bury(150)
    result = night.redrive()
    assert result.is_well and result.counts["sent"] == result.counts["seen_done"] == 150
    said = [line for line in night.told if "waiting for" in line]
    assert [line.split(" sent")[0] for line in said] == [
        "canary: 1",
        "batch 2: 5",
        "batch 3: 20",
        "batch 4: 100",
        "batch 5: 24",
    ]
    assert sorted(night.world.sent()) == sorted(f"e{number}" for number in range(150))
    assert not night.world.sqs.queue(night.world.dead).messages
    assert night.world.sqs.calls["ReceiveMessage"] <= 40  # a batch looks no further than it must


def test_a_canary_that_fails_leaves_the_rest(night: Night) -> None:
    night.world.bury(30)
    night.judge(lambda number: "failed")
    result = night.redrive()
    assert result.stopped == (
        "the canary failed again (TransientError: it answered 503): mend that first; the rest is untouched"
    )
    assert len(night.world.sent()) == 1 and len(night.world.sqs.visible(night.world.dead)) == 29
    assert result.counts["not_handled"] == 29


def test_failures_in_a_batch_stop_the_next_one(night: Night) -> None:
    night.world.bury(100)
    night.judge(lambda number: "failed" if number in (2, 3, 8, 9, 10) else "done")
    result = night.redrive(stop_after=5)
    assert result.stopped and result.stopped.startswith(
        "5 of those sent failed again (TransientError: it answered 503)"
    )
    assert len(night.world.sent()) == 1 + 5 + 20


def test_fewer_failures_are_told_at_the_end(night: Night) -> None:
    night.world.bury(10)
    night.judge(lambda number: "failed" if number == 3 else "done")
    result = night.redrive()
    assert result.stopped and "1 failed again" in result.stopped and not result.is_well
    assert len(night.world.sent()) == 10


def test_outcomes_that_could_not_be_read_are_not_told_as_none(night: Night) -> None:
    night.world.bury(3)
    night.judge(lambda number: None)
    night.outcomes.completeness = Completeness(("outcomes of task: the AWS credentials have expired",))
    assert night.redrive().stopped == (
        "canary: 1 without an outcome after 0 s, and not all could be read (outcomes of task: the AWS credentials have"
        " expired); the rest is untouched"
    )


def test_without_an_outcome_nothing_is_called_done_and_the_rest_stays(night: Night) -> None:
    night.world.bury(30)
    night.judge(lambda number: None if number == 4 else "done")
    result = night.redrive()
    assert result.stopped == "batch 2: 1 without an outcome after 0 s; the rest is untouched"
    assert (result.counts["seen_done"], result.counts["no_outcome_yet"]) == (5, 1)
    assert len(night.world.sent()) == 6


def test_what_dies_after_the_first_look_is_not_in_it(night: Night) -> None:
    night.world.bury(3)
    frozen = freeze(night.world.subscriber, Selection(), night.world.journal())
    night.world.sqs.put(night.world.dead, json.dumps(event("late")), id_="late", sent_at=1.0)  # sent long ago, died now
    result = night.redrive(frozen)
    assert result.is_well and sorted(night.world.sent()) == ["e0", "e1", "e2"]
    assert [each.id for each in night.world.sqs.visible(night.world.dead)] == ["late"]


def test_a_dry_run_freezes_what_it_saw(night: Night) -> None:
    night.world.bury(3)
    dry = night.world.journal()
    frozen = freeze(night.world.subscriber, Selection(), dry)
    dry.write("frozen", queue=night.world.subscriber.dead_letter_queue_name, letters=list(frozen.ids))
    night.world.bury(2, begin=10)
    again = thawed(night.world.subscriber, night.world.journal(), dry.run)
    assert night.redrive(again).is_well and len(night.world.sent()) == 3
    with pytest.raises(Unusable, match="no dry run nothing of task is in the journal"):
        thawed(night.world.subscriber, night.world.journal(), "nothing")


def test_what_dies_again_at_once_is_not_sent_round_and_round(night: Night) -> None:
    night.world.bury(20)

    def die_again(when: str, operation: str, asked: dict[str, Any]) -> None:
        if when == "after" and operation == "SendMessageBatch":
            for each in asked["Entries"]:
                if '"e3"' in each["MessageBody"]:
                    night.world.sqs.put(night.world.dead, each["MessageBody"])

    night.world.sqs.around = die_again
    night.redrive()
    assert sorted(night.world.sent()) == sorted(f"e{number}" for number in range(20))
    assert len(night.world.sqs.visible(night.world.dead)) == 1


def test_a_letter_in_somebodys_hand_is_told(night: Night) -> None:
    night.world.bury(12)
    night.world.sqs.receive_message(QueueUrl=night.world.dead, MaxNumberOfMessages=4, VisibilityTimeout=40_000)
    result = night.redrive()
    assert result.counts["sent"] == 8 and not result.is_well
    assert "4 dead letters in somebody's hand" in result.completeness.unseen[0]


def test_what_a_killed_run_held_is_waited_for(night: Night) -> None:
    night.world.bury(12)
    night.world.sqs.receive_message(QueueUrl=night.world.dead, MaxNumberOfMessages=4, VisibilityTimeout=5)
    told: list[str] = []
    found = freeze(night.world.subscriber, Selection(), night.world.journal(), visibility=5, waiting=told.append)
    assert len(found) == 12 and found.completeness
    assert told and told[0].startswith("4 dead letters in somebody's hand")


def test_a_fifo_queue_is_worked_off_in_order_ten_by_ten(fifo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(fifo, monkeypatch)
    fifo.bury(33, lambda number: "g")
    result = night.redrive()
    assert result.is_well and fifo.sent() == [f"e{number}" for number in range(33)]


@pytest.mark.parametrize("how", ["its time is over", "it is refused"])
def test_a_fifo_queue_sends_nothing_more_of_a_group_after_a_message_that_was_not_sent(
    fifo: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """In no later look either: what is behind the first ten of its group is seen only then."""
    night = Night(fifo, monkeypatch)
    fifo.bury(25, lambda number: "g")
    fifo.bury(3, lambda number: "h", begin=50)
    slow = how == "its time is over"

    def hinder(when: str, operation: str, asked: dict[str, Any]) -> None:
        if operation == "SendMessage" and '"e3"' in asked["MessageBody"]:
            if slow and when == "after":
                fifo.clock.wait(60)
            if not slow and when == "before":
                raise refused("InvalidParameterValue", operation)

    fifo.sqs.around = hinder
    result = night.redrive()
    of_group = [each for each in fifo.sent() if int(each[1:]) < 50]
    assert of_group == ["e0", "e1", "e2", "e3"][: 4 if slow else 3] and not result.is_well
    assert result.stopped is not None and result.stopped.startswith(
        "left: 9 dead letters, as their time was over: run it again"
        if slow
        else "SQS refused 1: m3: InvalidParameterValue"
    )
    assert slow or {"e50", "e51", "e52"} <= set(fifo.sent())
    fifo.sqs.around = lambda *_: None
    night.redrive()
    assert [each for each in fifo.sent() if int(each[1:]) < 50] == [f"e{number}" for number in range(25)]


def test_a_fifo_queue_leaves_what_died_after_the_first_look(fifo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(fifo, monkeypatch)
    fifo.bury(12, lambda number: "g")
    frozen = freeze(fifo.subscriber, Selection(), fifo.journal())
    fifo.clock.wait(100_000_000)
    fifo.bury(1, lambda number: "g", begin=50)
    night.redrive(frozen)
    assert len(fifo.sent()) == 12


def test_without_a_canary_it_goes_at_once(night: Night) -> None:
    night.world.bury(30)
    night.redrive(canary=False)
    assert [line for line in night.told if "sent, waiting" in line] == ["batch 1: 30 sent, waiting for their outcomes"]


@pytest.mark.long
def test_many_go_once_in_few_calls(night: Night) -> None:
    night.world.bury(1_000)
    journal = night.world.journal()
    frozen = freeze(night.world.subscriber, Selection(), journal)
    night.world.sqs.calls.clear()
    night.world.sqs.requests.clear()
    night.redrive(frozen, canary=False)
    assert len(night.world.sent()) == len(set(night.world.sent())) == 1_000
    calls = night.world.sqs.calls
    assert calls["SendMessageBatch"] == calls["DeleteMessageBatch"] == 100 and calls["ReceiveMessage"] <= 103


@pytest.mark.parametrize(("lanes", "twice"), [(1, 10), (2, 20), (16, 30)])
def test_killed_between_sending_and_writing_it_down_what_was_under_way_may_come_twice_and_is_said(
    night: Night, monkeypatch: pytest.MonkeyPatch, lanes: int, twice: int
) -> None:
    monkeypatch.setattr(runner, "lanes_for", lambda _: lanes)
    night.world.bury(30)

    def die(when: str, operation: str, asked: object) -> None:
        if when == "after" and operation == "SendMessageBatch" and night.world.sqs.calls[operation] == 2:
            raise KeyboardInterrupt

    night.world.sqs.around = die
    with pytest.raises(KeyboardInterrupt):
        night.redrive(canary=False)
    night.world.sqs.around = lambda *_: None
    result = night.redrive(canary=False)
    sent = night.world.sent()
    assert len(set(sent)) == 30 and len(sent) == 30 + twice and result.counts["perhaps_twice"] == twice
    assert not night.world.sqs.queue(night.world.dead).messages


@pytest.mark.parametrize(("lanes", "sent"), [(1, 10), (2, 30)])  # what is sent while the first are deleted
def test_killed_between_writing_it_down_and_deleting_nothing_comes_twice(
    night: Night, monkeypatch: pytest.MonkeyPatch, lanes: int, sent: int
) -> None:
    monkeypatch.setattr(runner, "lanes_for", lambda _: lanes)
    night.world.bury(30)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(MessageMover, "_delete", lambda self, messages, *_: die() if messages else None)
        night.redrive(canary=False)
    result = night.redrive(canary=False)
    assert len(night.world.sent()) == len(set(night.world.sent())) == 30
    assert (result.counts["deleted_only"], result.counts["sent"], result.counts["perhaps_twice"]) == (
        sent,
        30 - sent,
        0,
    )


@pytest.mark.parametrize("lanes", [1, 2])
def test_asked_to_stop_it_finishes_what_was_begun(night: Night, monkeypatch: pytest.MonkeyPatch, lanes: int) -> None:
    monkeypatch.setattr(runner, "lanes_for", lambda _: lanes)
    night.world.bury(100)

    def ask(when: str, operation: str, asked: object) -> None:
        night.stop.asked = night.stop.asked or operation == "SendMessageBatch"

    night.world.sqs.around = ask
    result = night.redrive(canary=False)
    assert result.stopped is not None and "run it again" in result.stopped
    assert len(night.world.sent()) == 10 * lanes
    assert len(night.world.sqs.visible(night.world.dead)) == 100 - 10 * lanes


def test_a_delete_that_is_refused_while_others_go_on_loses_no_message_from_the_counts(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent is watched, and left or gone; the journal has what the lanes beside it deleted."""
    monkeypatch.setattr(runner, "lanes_for", lambda _: 2)
    world = night.world
    world.bury(100)

    def refuse(when: str, operation: str, asked: object) -> None:
        if when == "before" and operation == "DeleteMessageBatch" and world.sqs.calls[operation] == 3:
            raise refused("ThrottlingException", operation)

    world.sqs.around = refuse
    result = night.redrive(canary=False)
    sent, there = len(world.sent()), len(world.sqs.queue(world.dead).messages)
    assert result.stopped and result.stopped.startswith("AWS is busy") and result.counts["sent"] == sent < 100
    assert result.counts["seen_done"] + result.counts["no_outcome_yet"] == sent
    assert result.counts["letters_left_behind"] == there - (100 - sent) > 10
    assert len(world.journal().moved("dead")) == 100 - there
    world.sqs.around = lambda *_: None
    again = night.redrive(canary=False)
    assert (again.counts["deleted_only"], len(world.sent())) == (result.counts["letters_left_behind"], 100)


def test_an_answer_that_is_lost_is_told_by_the_next_run(night: Night) -> None:
    night.world.bury(3)
    night.world.sqs.around = answer_lost("SendMessageBatch", {1})
    with pytest.raises(Exception, match="Read timeout"):
        night.redrive()
    night.world.sqs.around = lambda *_: None
    assert night.redrive().counts["perhaps_twice"] == 1


def test_the_newest_cause_stands_first_and_what_was_redriven_before_is_marked(night: Night) -> None:
    for number, (kind, at) in enumerate((("Old", 10.0), ("New", 30.0), ("Old", 5.0))):
        cause = {"fanout.cause": {"DataType": "String", "StringValue": json.dumps({"error_type": kind, "error": "x"})}}
        night.world.sqs.put(night.world.dead, json.dumps(event(number)), id_=f"m{number}", sent_at=at, attributes=cause)
    night.world.journal().write("sent", queue="dead", letter="m7", event_id="e1", **{"as": "new"})
    found = freeze(night.world.subscriber, Selection(), night.world.journal())
    assert [each.error_type for each in found.causes] == ["New", "Old"] and found.redriven == 1


@pytest.mark.long
def test_one_of_many_is_looked_for_by_ten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bury(900)
    night = Night(world, monkeypatch)
    chosen = Selection(ids=("m880",))
    found = freeze(world.subscriber, chosen, world.journal())
    before = world.sqs.calls["ReceiveMessage"]
    plan = Plan(chosen, rate=5.0, patience=0.0)
    result = RedriveRun(world.subscriber, world.journal(), plan, found, lambda *_: None, night.stop).run()
    assert (result.stopped, world.sent()) == (None, ["e880"])
    assert world.sqs.calls["ReceiveMessage"] - before <= 95
    assert len(world.sqs.visible(world.dead)) == 899
