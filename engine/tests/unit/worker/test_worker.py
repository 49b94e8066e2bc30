"""A worker from receive to delete, on clocks and queues that behave as documented."""

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from events import OrderPlaced
from fanout import names
from fanout.errors import OpsError
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.outcome import Outcome
from fanout.worker.keeping import BEYOND
from tests.unit.lambdas.conftest import Lines
from tests.unit.ops.aws.sqs import refused
from tests.unit.worker.machine import FOREVER
from tests.unit.worker.sqs import DEAD, FIFO
from tests.unit.worker.world import Killed, World

FIFTEEN_MINUTES = 900


def outcomes(lines: Lines, id_: str) -> list[str]:
    """Of one event: its outcomes, with the error where there is one."""
    told = [each for each in lines() if each.get("event_id") == id_ and "outcome" in each]
    return [" ".join(filter(None, (each["outcome"], each.get("error_type")))) for each in told]


def says(lines: Lines, text: str) -> list[dict[str, Any]]:
    return [each for each in lines() if text in each["message"]]


def failing(error: Exception) -> Any:
    def way(order: Any) -> None:
        raise error

    return way


def test_what_is_done_is_deleted_in_batches_and_told_as_a_function_tells_it(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(concurrency=10)
    world.send(*(f"e-{number}" for number in range(10)))
    assert world.run(until=5) == 0
    assert world.left == [] and sorted(world.done) == sorted(f"e-{number}" for number in range(10))
    deletes = [asked for operation, asked in world.sqs.requests if operation == "DeleteMessageBatch"]
    assert [len(each["Entries"]) for each in deletes] == [10]
    (line,) = (each for each in lines() if each.get("event_id") == "e-3")
    assert {
        "level",
        "message",
        "timestamp",
        "task",
        "log",
        "outcome",
        "message_id",
        "attempt",
        "duration_ms",
    } <= line.keys()
    received = says(lines, "received")
    assert {"message-e-3": 1} in [each["messages"] for each in received]
    emitted = [json.loads(each) for each in capsys.readouterr().out.splitlines() if "_aws" in each]
    assert sum(each[names.DONE] for each in emitted) == 10
    assert len({each["function_request_id"] for each in received}) == 10


@pytest.mark.long
def test_a_task_may_take_longer_than_a_function(lines: Lines) -> None:
    world = World(visibility=60)
    world.send("long")
    world.ways["long"] = [world.takes(3 * FIFTEEN_MINUTES)]
    world.machine.at(2_000, lambda: pytest.fail("it shows again") if world.sqs.visible(world.url) else None)
    assert world.run(until=3 * FIFTEEN_MINUTES + 30) == 0
    assert world.done == ["long"] and world.left == [] and world.state("long") == "done"
    assert outcomes(lines, "long") == ["done"]
    assert 130 < len(world.sqs.hidden) < 140  # each third of 60 seconds


def test_an_attempt_ends_with_its_longest_time_and_is_never_kept_longer(lines: Lines) -> None:
    world = World(longest_attempt=100, concurrency=1)
    world.send("hangs")
    world.ways["hangs"] = [world.takes(FOREVER), world.takes(1)]
    assert world.run(until=300) == 0
    assert outcomes(lines, "hangs") == ["failed TooLong", "done"]
    first = [each for each in world.sqs.hidden if world.seconds(each[0]) < 100]
    assert max(world.seconds(at) + seconds for at, _, seconds in first) <= 100 + BEYOND
    assert [at for at, _ in world.runs] == [0.0, pytest.approx(130, abs=3)]  # the schedule: 30 seconds after


def test_a_request_that_keeps_it_and_arrives_late_does_not_replace_its_schedule(lines: Lines) -> None:
    """It is asked to be kept at 20, which SQS carries out at 24, and it fails in between."""
    world = World()

    def late(when: str, operation: str, asked: Any) -> None:
        if (when, operation) == ("before", "ChangeMessageVisibilityBatch") and world.machine.now == 20:
            world.machine.sleep(4)

    def fails(order: Any) -> None:
        world.machine.sleep(21)
        raise TransientError("not now")

    world.sqs.around = late
    world.send("slow")
    world.ways["slow"] = [fails, world.takes(1)]
    assert world.run(until=120) == 0
    assert outcomes(lines, "slow") == ["failed TransientError", "done"]
    assert [at for at, _ in world.runs] == [0.0, pytest.approx(24 + 30, abs=2)]


def test_a_claim_that_is_held_late_is_let_go_after_it(lines: Lines) -> None:
    """It is to be held at 20, which DynamoDB carries out at 24, and the worker gives back at 21."""
    world = World(grace=25)
    world.send("long")
    world.ways["long"] = [world.takes(FOREVER), world.takes(1)]
    carried_out = world.table.update_item

    def update_item(**request: Any) -> Any:
        if ":until" in request["ExpressionAttributeValues"] and world.machine.now == 20:
            world.machine.sleep(4)
        return carried_out(**request)

    world.table.update_item = update_item  # type: ignore[method-assign]
    assert world.run(until=1) == 0
    assert world.run(until=world.machine.now + 60) == 0
    assert outcomes(lines, "long") == ["failed Stopped", "done"]


def test_a_receive_under_way_at_the_end_gives_its_messages_back_at_once(lines: Lines) -> None:
    world = World()
    world.machine.at(7, lambda: world.send("late"))
    assert world.run(until=5) == 0
    assert world.machine.now < 9
    assert world.done == [] and world.sqs.visible(world.url) == [world.message("late")]
    assert says(lines, "given back untried")[0]["untried"] == {"message-late": 1}


def test_but_who_has_its_last_attempt_is_worked_on(lines: Lines) -> None:
    world = World()

    def put() -> None:
        world.send("late")
        world.message("late").receives = 2

    world.machine.at(7, put)
    assert world.run(until=5) == 0
    assert world.done == ["late"] and world.left == [] and world.dead == []


def test_nothing_is_received_after_the_end_was_asked_for() -> None:
    world = World()
    asked: list[float] = []
    world.sqs.around = lambda when, operation, _: (
        asked.append(world.machine.now) if (when, operation) == ("before", "ReceiveMessage") else None
    )
    world.ways["slow"] = [world.takes(15)]
    world.send("slow")
    assert world.run(until=2) == 0
    assert world.done == ["slow"] and world.machine.now < 21
    assert max(asked) <= 2 + 20  # the one request, which looks once a second


def test_what_can_be_finished_within_the_grace_is_and_stays_hidden_until_then(lines: Lines) -> None:
    world = World(grace=400)
    world.send("long")
    world.ways["long"] = [world.takes(300)]
    assert world.run(until=10) == 0
    assert world.done == ["long"] and world.left == [] and outcomes(lines, "long") == ["done"]
    assert 300 <= world.machine.now < 310


def test_when_the_grace_is_over_the_rest_goes_back_and_the_next_worker_does_it_without_losing_an_attempt(
    lines: Lines,
) -> None:
    world = World(grace=25)
    world.send("long")
    world.ways["long"] = [world.takes(FOREVER), world.takes(1)]
    assert world.run(until=10) == 0
    assert world.machine.now <= 35
    assert outcomes(lines, "long") == ["failed Stopped"]
    assert world.message("long").visible_at - world.machine.real() <= 7
    assert world.run(until=world.machine.now + 60) == 0
    assert outcomes(lines, "long") == ["failed Stopped", "done"] and world.left == []


def test_a_killed_worker_costs_its_message_one_visibility_and_no_attempt_more(lines: Lines) -> None:
    world = World()
    world.send("killed")
    world.ways["killed"] = [world.takes(FOREVER), world.takes(1)]
    world.kill_at(200)
    with pytest.raises(Killed):
        world.run()
    assert world.run(until=world.machine.now + 120) == 0
    assert outcomes(lines, "killed") == ["done"]  # no InProgress: the claim ended with the visibility
    assert world.done == ["killed"] and world.left == []
    assert world.runs[1][0] <= 200 + 60 + 1


def test_who_was_frozen_past_its_visibility_sends_nothing_more(lines: Lines) -> None:
    world = World()
    world.send("frozen")
    world.ways["frozen"] = [world.takes(30)]

    def received_elsewhere() -> None:
        world.sqs.receive_message(QueueUrl=world.url, WaitTimeSeconds=0, VisibilityTimeout=600)

    world.machine.at(10, lambda: world.machine.freeze(100, received_elsewhere, at=70))
    assert world.run(until=200) == 0
    assert world.done == []
    assert outcomes(lines, "frozen") == ["failed Lost"]
    assert world.left == ["frozen"] and world.message("frozen").receives == 2


def test_nor_does_its_permanent_error_make_a_dead_letter(lines: Lines) -> None:
    world = World()
    world.send("frozen")

    def dies_after(order: Any) -> None:
        world.machine.sleep(30)
        raise PermanentError("never")

    def received_elsewhere() -> None:
        world.sqs.receive_message(QueueUrl=world.url, WaitTimeSeconds=0, VisibilityTimeout=600)

    world.ways["frozen"] = [dies_after]
    world.machine.at(10, lambda: world.machine.freeze(100, received_elsewhere, at=70))
    assert world.run(until=200) == 0
    assert world.dead == [] and world.left == ["frozen"]
    assert outcomes(lines, "frozen") == ["failed Lost"]


def test_who_was_frozen_before_it_heard_what_it_received_does_not_begin(lines: Lines) -> None:
    world = World()
    world.send("stale")

    def frozen_behind_the_answer(when: str, operation: str, _: Any) -> None:
        if (when, operation) == ("after", "ReceiveMessage") and world.message("stale").receives == 1:
            world.sqs.around = lambda *_: None
            world.machine.freeze(100, received_elsewhere, at=70)

    def received_elsewhere() -> None:
        world.sqs.receive_message(QueueUrl=world.url, WaitTimeSeconds=0, VisibilityTimeout=600)

    world.sqs.around = frozen_behind_the_answer
    assert world.run(until=200) == 0
    assert world.runs == [] and says(lines, "not tried")


def test_a_receive_is_answered_within_a_short_grace() -> None:
    world = World(grace=10)
    assert world.run(until=5) == 0
    assert world.machine.now <= 8


def test_an_effect_without_its_record_is_told(lines: Lines) -> None:
    """It was frozen between the two: the one gap."""
    world = World()
    world.send("gap")
    carried_out = world.table.update_item

    def received_elsewhere() -> None:
        world.sqs.receive_message(QueueUrl=world.url, WaitTimeSeconds=0, VisibilityTimeout=600)

    def update_item(**request: Any) -> Any:
        if request["ExpressionAttributeValues"].get(":record", {}).get("M", {}).get("state") == {"S": "done"}:
            world.machine.freeze(100, received_elsewhere, at=70)
            world.machine.sleep(1)
        return carried_out(**request)

    world.table.update_item = update_item  # type: ignore[method-assign]
    assert world.run(until=120) == 0
    (told,) = says(lines, "done, but not recorded")
    assert (told["event_id"], told["error_type"]) == ("gap", "Lost") and outcomes(lines, "gap") == ["done"]


def test_an_effect_whose_record_takes_longer_than_the_grace_is_told(lines: Lines) -> None:
    world = World(grace=6)
    world.send("late")
    carried_out = world.table.update_item

    def update_item(**request: Any) -> Any:
        if request["ExpressionAttributeValues"].get(":record", {}).get("M", {}).get("state") == {"S": "done"}:
            world.machine.sleep(FOREVER)
        return carried_out(**request)

    world.table.update_item = update_item  # type: ignore[method-assign]
    assert world.run(until=3) == 0
    (told,) = says(lines, "done, but not recorded")
    assert (told["event_id"], told["error_type"]) == ("late", "Stopped")
    assert outcomes(lines, "late") == ["done"] and world.left == []


def test_an_event_that_another_attempt_took_over_is_lost_too(lines: Lines) -> None:
    world = World()
    world.send("taken")
    world.ways["taken"] = [world.takes(100)]

    def taken_over() -> None:
        item = world.table.items["a_task#taken"]
        next(each for name, each in item.items() if name.startswith("of_"))["M"]["claim"] = {"S": "another"}

    world.machine.at(25, taken_over)
    assert world.run(until=60) == 0
    assert outcomes(lines, "taken") == ["failed Lost"] and world.done == []


@pytest.mark.parametrize("seconds", [13 * 3_600, -13 * 3_600, 40])
def test_a_clock_that_is_set_neither_ends_an_attempt_nor_prolongs_it(lines: Lines, seconds: float) -> None:
    world = World(longest_attempt=400)
    world.send("long", "hangs")
    world.ways = {"long": [world.takes(300)], "hangs": [world.takes(FOREVER), world.takes(1)]}
    world.machine.at(50, lambda: setattr(world.machine, "set_by", seconds))
    assert world.run(until=500) == 0
    assert outcomes(lines, "long") == ["done"]
    assert outcomes(lines, "hangs") == ["failed TooLong", "done"]


def test_a_laptop_that_slept_unnoticed_finds_its_messages_lost_at_once(lines: Lines) -> None:
    world = World()
    world.send("slept")
    world.ways["slept"] = [world.takes(100), world.takes(1)]
    world.machine.at(10, lambda: setattr(world.machine, "slept", 3_600.0))
    assert world.run(until=60) == 0
    assert outcomes(lines, "slept")[0] == "failed Lost"
    assert world.runs[1][0] < 30
    assert outcomes(lines, "slept")[1:] == ["done"] and world.done == ["slept"]


def test_a_jump_while_it_is_being_kept_is_looked_at_as_soon_as_that_is_answered() -> None:
    world = World()
    world.send("slept")
    world.ways["slept"] = [world.takes(100)]
    carried_out, asked = world.table.update_item, []

    def update_item(**request: Any) -> Any:
        if ":until" in request["ExpressionAttributeValues"] and world.machine.now == 20:
            world.machine.sleep(4)
        return carried_out(**request)

    world.table.update_item = update_item  # type: ignore[method-assign]
    world.sqs.around = lambda when, operation, _: (
        asked.append(world.machine.now) if (when, operation) == ("before", "ChangeMessageVisibilityBatch") else None
    )
    world.machine.at(22, lambda: setattr(world.machine, "set_by", 3_600.0))
    world.machine.at(23, lambda: world.machine.tell(lambda: None))  # the loop turns
    assert world.run(until=30) == 0
    assert asked[:2] == [20, 24]


def test_events_of_a_group_stay_in_order_whatever_fails(lines: Lines) -> None:
    world = World(queue_url=FIFO, concurrency=10)
    world.send("a-1", "a-2", "a-3", group="a")
    world.send("b-1", "b-2", group="b")
    world.ways["a-1"] = [failing(TransientError("not now")), world.takes(5)]
    world.ways["b-1"] = [world.takes(40)]
    assert world.run(until=200) == 0
    assert [id_ for id_ in world.done if id_.startswith("a")] == ["a-1", "a-2", "a-3"]
    assert [id_ for id_ in world.done if id_.startswith("b")] == ["b-1", "b-2"]
    assert world.left == [] and outcomes(lines, "a-2")[0] == "failed NotTried"


def test_a_poison_message_is_dead_after_its_attempts(lines: Lines) -> None:
    world = World()
    world.send("poison", "fine")
    world.ways["poison"] = [failing(RuntimeError("always"))]
    assert world.run(until=400) == 0
    assert outcomes(lines, "poison") == ["failed RuntimeError"] * 3
    assert [round(at) for at, id_ in world.runs if id_ == "poison"] == [0, 30, 150]  # the schedule
    assert world.dead == ["poison"] and world.done == ["fine"]


def test_an_event_whose_reading_ends_in_an_exit_ends_no_worker(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by an upcast, which is read once more to name the event."""
    read = OrderPlaced._read

    def leaves(event_class: Any, event: dict[str, Any], body: str) -> OrderPlaced:
        if event["id"] == "poison":
            raise SystemExit(1)
        return read(event, body)

    monkeypatch.setattr(OrderPlaced, "_read", classmethod(leaves))
    world = World()
    world.send("poison", "fine")
    assert world.run(until=400) == 0
    assert world.dead == ["poison"] and world.done == ["fine"]
    assert len(says(lines, "failed")) == 3


def test_what_no_retry_can_help_is_dead_at_once_with_its_cause(lines: Lines) -> None:
    world = World()
    world.send("bad")
    world.ways["bad"] = [failing(PermanentError("never"))]
    assert world.run(until=5) == 0
    assert world.dead == ["bad"] and world.left == [] and world.state("bad") == "dead"
    (letter,) = world.sqs.queue(DEAD).messages
    assert json.loads(letter.attributes[names.CAUSE_ATTRIBUTE]["StringValue"])["error"] == "never"


def test_a_copy_is_a_duplicate(lines: Lines) -> None:
    world = World(concurrency=1)
    world.send("twice")
    world.machine.at(3, lambda: world.send("twice"))
    assert world.run(until=10) == 0
    assert outcomes(lines, "twice") == ["done", "duplicate"] and world.done == ["twice"] and world.left == []


def test_while_its_queue_is_paused_nothing_is_taken(lines: Lines) -> None:
    world = World()
    world.sqs.tags[names.PAUSED_TAG] = "by somebody"
    world.send("waits")
    world.machine.at(100, lambda: world.sqs.tags.clear())
    assert world.run(until=130) == 0
    assert 100 <= world.runs[0][0] <= 116 and world.left == []
    assert [each["worker"] for each in lines() if each.get("worker") in ("paused", "resumed")] == ["paused", "resumed"]


def test_a_pause_later_holds_within_fifteen_seconds_and_one_receive() -> None:
    world = World()
    world.machine.at(30, lambda: world.sqs.tags.update({names.PAUSED_TAG: "by somebody"}))
    world.machine.at(70, lambda: world.send("waits"))
    assert world.run(until=200) == 0
    assert world.runs == [] and world.message("waits").receives == 0


def test_a_queue_that_refuses_is_asked_ever_more_rarely_and_that_is_said_once(lines: Lines) -> None:
    world = World()
    asked: list[float] = []

    def throttled(when: str, operation: str, _: Any) -> None:
        if operation == "ReceiveMessage" and when == "before" and 60 < world.machine.now < 600:
            asked.append(world.machine.now)
            raise refused("RequestThrottled", operation)

    world.sqs.around = throttled
    world.machine.at(600, lambda: world.send("after"))
    assert world.run(until=700) == 0
    pauses = [later - sooner for sooner, later in zip(asked, asked[1:], strict=False)]
    assert pauses[0] < 1 and pauses == sorted(pauses) and 40 < pauses[-1] <= 60
    assert len(says(lines, "does not answer")) == 1 and len(says(lines, "answers again")) == 1
    assert world.done == ["after"]


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", "the queue queue does not exist"),
        ("AccessDenied", "may not sqs:ReceiveMessage on queue"),
    ],
)
def test_what_no_waiting_mends_ends_it_at_the_start_with_one_line(refusal: str, line: str, lines: Lines) -> None:
    world = World()
    about = "User is not authorized to perform: sqs:ReceiveMessage" if refusal == "AccessDenied" else ""

    def refuse(when: str, operation: str, _: Any) -> None:
        if operation == "ReceiveMessage":
            raise refused(refusal, operation, about)

    world.sqs.around = refuse
    with pytest.raises(OpsError, match=line):
        world.run()
    later = World()
    later.sqs.around = lambda when, operation, asked: refuse(when, operation, asked) if later.machine.now > 60 else None
    assert later.run(until=300) == 0
    assert len(says(lines, "does not answer")) == 1


def test_too_many_threads_that_never_end_end_the_worker_and_the_others_keep_their_attempts(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(concurrency=2, longest_attempt=50, grace=60)
    world.send("h-1", "h-2")
    for id_ in ("h-1", "h-2", "h-3"):
        world.ways[id_] = [world.takes(FOREVER), world.takes(1)]
    world.ways["fine"] = [world.takes(30)]
    world.machine.at(60, lambda: world.send("h-3"))
    world.machine.at(85, lambda: world.send("fine"))
    assert world.run() == 1
    assert world.done == ["h-1", "h-2", "fine"] and says(lines, "too many threads")
    assert names.LEFT_OVER in capsys.readouterr().out


def test_a_dependency_that_is_down_costs_no_more_attempts_than_it_takes_to_see_it(lines: Lines) -> None:
    world = World(circuit_failures=2, cool_down=100, concurrency=1)
    down = {"is": True}

    def way(order: Any) -> None:
        if down["is"]:
            raise TransientError("down")

    for number in range(6):
        world.send(f"e-{number}")
        world.ways[f"e-{number}"] = [way]
    world.machine.at(150, lambda: down.update({"is": False}))
    assert world.run(until=400) == 0
    assert len(world.done) == 6 and world.left == [] and world.dead == []
    assert len([at for at, _ in world.runs if at < 150]) == 3  # two that opened it, and one on trial
    assert [each["circuit"] for each in lines() if "circuit" in each] == ["open", "open", "closed"]


def test_a_delete_that_fails_is_tried_again() -> None:
    world = World()
    tries = []

    def fails(when: str, operation: str, _: Any) -> None:
        if operation == "DeleteMessageBatch" and when == "before":
            tries.append(world.machine.now)
            if len(tries) < 3:
                raise refused("RequestThrottled", operation)

    world.sqs.around = fails
    world.send("done")
    assert world.run(until=20) == 0
    assert world.left == [] and world.done == ["done"] and len(tries) == 3


def test_what_stays_undeleted_is_a_duplicate_when_it_comes_again(lines: Lines) -> None:
    world = World()
    world.sqs.around = lambda when, operation, _: (
        _raise(refused("RequestThrottled", operation))
        if operation == "DeleteMessageBatch" and world.machine.now < 60
        else None
    )
    world.send("done")
    assert world.run(until=90) == 0
    assert outcomes(lines, "done") == ["done", "duplicate"] and world.done == ["done"] and world.left == []


def _raise(error: Exception) -> None:
    raise error


def test_a_machine_without_more_threads_gives_the_message_back(lines: Lines) -> None:
    world = World()
    world.machine.most_threads = 0
    world.send("later")
    world.machine.at(20, lambda: setattr(world.machine, "most_threads", FOREVER))
    assert world.run(until=60) == 0
    assert outcomes(lines, "later") == ["failed NotBegun", "done"]


def test_a_request_that_gets_no_thread_is_tried_again_and_ends_no_worker(lines: Lines) -> None:
    world = World(longest_attempt=200)
    world.send("one")
    world.ways["one"] = [world.takes(70)]
    start = world.machine.start

    def limited(run: Any) -> None:
        if 1 <= world.machine.now < 30:
            raise RuntimeError("can't start new thread")
        start(run)

    world.machine.start = limited  # type: ignore[method-assign]
    world.machine.at(3, lambda: world.send("two"))
    assert world.run(until=120) == 0
    assert sorted(world.done) == ["one", "two"] and world.left == []
    (told,) = says(lines, "the queue does not answer")
    assert told["refused"] == "not begun: the system has no more threads"


@pytest.mark.parametrize("broken", ["write", "flush"])
def test_standard_output_that_takes_nothing_ends_no_worker(
    broken: str, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.send("one", "two")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", SimpleNamespace(**{"write": len, "flush": str, broken: full}))
    assert world.run(until=30) == 0
    assert sorted(world.done) == ["one", "two"] and world.left == []
    assert says(lines, "failed; the worker goes on all the same")


def test_a_log_line_that_cannot_be_made_ends_no_worker(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.send("one")
    monkeypatch.setattr(Outcome, "log", lambda *_: 1 / 0)
    assert world.run(until=30) == 0
    assert world.left == [] and says(lines, "the log line of message-one failed")


def test_an_idle_worker_hardly_turns() -> None:
    world = World()
    assert world.run(until=600) == 0
    assert world.machine.turns < 600
