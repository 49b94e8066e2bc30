"""A request is what SQS takes or refuses: sized in bytes, and written down as a unit."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fanout.ops.dead_letters.browse import browse
from fanout.ops.journal import Journal
from fanout.ops.redrive.mover import MessageMover
from fanout.ops.send.queue import MOST_BYTES, OutgoingMessage, requests
from tests.unit.ops.aws.sqs import answer_lost, refused
from tests.unit.ops.given import World, event, fifo, text, world

__all__ = ["fifo", "world"]


def move(world: World, journal: Journal) -> MessageMover:
    mover = MessageMover(world.subscriber, journal)
    with browse(world.aws, world.dead) as browsing:
        for page in browsing.pages():
            mover.move(page, browsing)
    return mover


def steps(journal: Journal, step: str) -> int:
    return sum(line.get("step") == step for line in journal.read())


def large(world: World, count: int) -> None:
    for number in range(count):
        body = json.dumps(event(number, data={"items": {"q": "x" * 100_000}}))
        world.sqs.put(world.dead, body, id_=f"m{number}")


def test_a_request_holds_ten_messages_and_no_more_bytes_than_sqs_takes() -> None:
    small, big = OutgoingMessage("k", "x", {}), OutgoingMessage("k", "x" * 200_000, {})
    assert [len(each) for each in requests("q", [small] * 25)] == [10, 10, 5]
    assert [len(each) for each in requests("q", [big, big, small])] == [1, 2]
    assert [len(each) for each in requests("q.fifo", [small] * 3)] == [1, 1, 1]


def test_bytes_are_counted_and_not_characters() -> None:
    euros = OutgoingMessage("k", "{}", {"a": text("€" * 40_000)})
    assert euros.bytes == 2 + 1 + 6 + 120_000
    assert all(sum(each.bytes for each in request) <= MOST_BYTES for request in requests("q", [euros] * 4))
    assert [len(request) for request in requests("q", [euros] * 4)] == [2, 2]


def test_what_sqs_took_before_a_refusal_is_sent_and_deleted_and_never_sent_again(world: World) -> None:
    large(world, 10)

    def refuse_the_third(when: str, operation: str, asked: object) -> None:
        if operation == "SendMessageBatch" and when == "before" and world.sqs.calls[operation] == 3:
            raise refused("ThrottlingException", operation)

    world.sqs.around = refuse_the_third
    with pytest.raises(ClientError, match="ThrottlingException"):
        move(world, world.journal())
    assert (steps(world.journal(), "sent"), steps(world.journal(), "not sent")) == (4, 2)
    assert len(world.sent()) == 4 and len(world.sqs.visible(world.dead)) == 6
    again = move(world, world.journal())
    assert sorted(world.sent()) == sorted(f"e{number}" for number in range(10))
    assert (again.tally.sent, again.tally.maybe_twice) == (6, 0)


@pytest.mark.parametrize("how", ["no answer", "a server's error", "a retry"])
def test_what_sqs_may_have_taken_is_told_as_perhaps(how: str, world: World) -> None:
    world.bury(3)
    if how == "no answer":
        world.sqs.around = answer_lost("SendMessageBatch", {1})
    else:
        status, retries = (503, 0) if how == "a server's error" else (400, 1)

        def carry_out_and_refuse(when: str, operation: str, asked: object) -> None:
            if when == "after" and operation == "SendMessageBatch" and world.sqs.calls[operation] == 1:
                raise refused("ServiceUnavailable", operation, status=status, retries=retries)

        world.sqs.around = carry_out_and_refuse
    with pytest.raises((ClientError, ReadTimeoutError)):
        move(world, world.journal())
    assert steps(world.journal(), "not sent") == 0 and len(world.sent()) == 3
    assert move(world, world.journal()).tally.maybe_twice == 3
    assert not world.sqs.queue(world.dead).messages


def test_an_entry_that_is_refused_stays_and_the_others_go(world: World) -> None:
    world.bury(12)
    world.sqs.fails = lambda entry: "InternalError" if '"e3"' in entry.get("MessageBody", "") else None
    mover = move(world, world.journal())
    assert mover.tally.sent == 11 and mover.tally.refused == ["m3: InternalError: "]
    assert [each.id for each in world.sqs.visible(world.dead)] == ["m3"]
    assert steps(world.journal(), "not sent") == 1


def test_an_entry_that_the_answer_does_not_name_is_perhaps_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bury(2)
    with monkeypatch.context() as context:
        context.setattr(world.sqs, "send_message_batch", lambda **_: {"Successful": [{"Id": "0", "MessageId": "n"}]})
        mover = move(world, world.journal())
    assert mover.tally.sent == 1 and "does not name it" in mover.tally.refused[0]
    assert world.journal().unfinished("dead").unsure == {"m1"}


def test_what_cannot_be_deleted_is_only_deleted_by_the_next_run(world: World) -> None:
    world.bury(2)
    world.sqs.fails = lambda entry: (
        "InternalError" if "ReceiptHandle" in entry and "VisibilityTimeout" not in entry else None
    )
    assert move(world, world.journal()).tally.left == 2
    world.sqs.fails = lambda entry: None
    again = move(world, world.journal())
    assert (again.tally.sent, again.tally.finished) == (0, 2) and len(world.sent()) == 2


def test_a_deleted_letter_that_sqs_shows_once_more_is_only_deleted(world: World) -> None:
    world.bury(2)
    move(world, world.journal())
    world.bury(1)  # m0 again
    again = move(world, world.journal())
    assert (again.tally.sent, again.tally.finished) == (0, 1)
    assert world.sent() == ["e0", "e1"] and not world.sqs.queue(world.dead).messages


def test_a_message_that_cannot_be_read_is_left_and_the_others_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bury(3)
    read = OutgoingMessage.from_dead_letter

    def odd(message: object) -> OutgoingMessage:
        if getattr(message, "message_id", "") == "m1":
            raise TypeError("odd")
        return read(message)  # type: ignore[arg-type]

    monkeypatch.setattr(OutgoingMessage, "from_dead_letter", odd)
    mover = move(world, world.journal())
    assert (mover.tally.sent, mover.tally.unread) == (2, ["m1"])
    assert [each.id for each in world.sqs.visible(world.dead)] == ["m1"]


def test_nothing_is_sent_after_somebody_else_may_see_it(world: World, tmp_path: Path) -> None:
    world.bury(1)
    mover = MessageMover(world.subscriber, world.journal())
    with browse(world.aws, world.dead) as browsing:
        for page in browsing.pages():
            world.clock.wait(55)  # the machine slept
            mover.move(page, browsing)
    assert not world.sent() and mover.tally.late == 1


def test_of_letters_with_leases_of_their_own_only_the_late_ones_stay(world: World) -> None:
    world.bury(3)
    mover = MessageMover(world.subscriber, world.journal())
    with browse(world.aws, world.dead) as browsing:
        pages = browsing.pages(1)
        first = next(pages)
        world.clock.wait(45)
        second = next(pages)
        world.clock.wait(10)
        mover.move([*first, *second], browsing)
    assert world.sent() == ["e1"] and (mover.tally.sent, mover.tally.late) == (1, 1)


def test_no_request_begins_when_the_lease_ended_in_the_one_before(world: World) -> None:
    large(world, 4)

    def slow(when: str, operation: str, asked: object) -> None:
        if operation == "SendMessageBatch" and when == "after":
            world.clock.wait(55)

    world.sqs.around = slow
    mover = MessageMover(world.subscriber, world.journal())
    with browse(world.aws, world.dead) as browsing:
        mover.move(next(browsing.pages()), browsing)
    assert (mover.tally.sent, mover.tally.late) == (2, 2) and len(world.sent()) == 2


def test_a_fifo_queue_keeps_its_order_behind_what_was_refused(fifo: World) -> None:
    fifo.bury(4, lambda number: f"g{number % 2}")

    def refuse(when: str, operation: str, asked: dict[str, object]) -> None:
        if when == "before" and operation == "SendMessage" and '"e0"' in str(asked["MessageBody"]):
            raise refused("InvalidMessageContents", operation)

    fifo.sqs.around = refuse
    mover = move(fifo, fifo.journal())
    assert fifo.sent() == ["e1", "e3"] and mover.tally.behind == 1
    assert mover.tally.refused == ["m0: InvalidMessageContents"]


def test_a_fifo_queue_takes_the_same_letter_once_in_five_minutes(fifo: World) -> None:
    fifo.bury(1, lambda number: "g")
    fifo.sqs.around = answer_lost("SendMessage", {1})
    with pytest.raises(ReadTimeoutError):
        move(fifo, fifo.journal())
    fifo.sqs.around = lambda *_: None
    move(fifo, fifo.journal())
    assert fifo.sent() == ["e0"]


def test_a_message_of_a_fair_standard_queue_keeps_its_group_and_gets_no_deduplication_id(world: World) -> None:
    world.bury(12, group=lambda number: f"shop{number % 2}")
    move(world, world.journal())
    sent = [each.system for each in world.sqs.queue(world.queue).messages]
    assert sorted(each["MessageGroupId"] for each in sent) == ["shop0"] * 6 + ["shop1"] * 6
    assert not any("MessageDeduplicationId" in each for each in sent)


def test_what_is_unseen_in_a_fair_standard_queue_is_behind_no_other_of_its_group(world: World) -> None:
    world.bury(2, group=lambda number: "shop")
    with browse(world.aws, world.dead) as held, browse(world.aws, world.dead) as other:
        next(held.pages(1))
        for page in other.pages():
            other.forget(page)
        (unseen,) = other.completeness.unseen
        assert unseen.startswith("1 dead letter in somebody's hand")
