"""An effect happens once for each event, no event is skipped because a store or a container went away, and what is kept
says how it ended."""

import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from events import OrderPlaced
from fanout.runtime import attempt, dead_letters, idempotency, record
from fanout.runtime.attempt import Attempt
from fanout.runtime.errors import PermanentError
from fanout.runtime.idempotency import InProgress, OtherContent, TooManySources
from fanout.runtime.outcome import Outcome
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.dynamodb import LARGEST_ITEM, Table, plain, size
from tests.unit.lambdas.given import example
from tests.unit.lambdas.given import record as message

REMEMBERED = 1_641_600
LEASE = 30 + idempotency.LEASE_MARGIN_SECONDS
Clock = SimpleNamespace
Letters = list[dict[str, Any]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """`now`, in seconds; the deadline of every attempt is 30 s away."""
    made = SimpleNamespace(now=1_000_000.0)
    monkeypatch.setattr(idempotency, "time", SimpleNamespace(time=lambda: made.now))
    monkeypatch.setattr(attempt, "time", SimpleNamespace(monotonic=lambda: 0.0, perf_counter=lambda: 0.0))
    return made


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Letters:
    sent: Letters = []

    def send_message(**request: Any) -> dict[str, str]:
        sent.append(request)
        return {"MessageId": f"letter-{len(sent)}"}

    monkeypatch.setattr(dead_letters, "client", lambda service: SimpleNamespace(send_message=send_message))
    return sent


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, clock: Clock, letters: Letters) -> Table:
    made = Table()
    monkeypatch.setattr(idempotency, "TABLE", "completed")
    monkeypatch.setattr(idempotency, "client", lambda service: made)
    return made


@pytest.fixture
def unclaimed(table: Table, monkeypatch: pytest.MonkeyPatch) -> Table:
    """The table of a task that needs no claim."""
    monkeypatch.setattr(idempotency, "CLAIMS", False)
    return table


class Effects:
    """A task that counts how often it ran, and may fail."""

    def __init__(self, *endings: BaseException | None) -> None:
        self.endings = list(endings)
        self.count = 0

    def __call__(self, order: OrderPlaced) -> None:
        self.count += 1
        ending = self.endings.pop(0) if self.endings else None
        if ending:
            raise ending


def copy_of(*, number: int = 1, received: int = 1, **changes: Any) -> dict[str, Any]:
    """A message with the example as it was published, but for `changes`."""
    return message(json.dumps({**example(), "id": "event-1", **changes}), f"m-{number}", received=received)


def other_content() -> dict[str, Any]:
    return {"data": {**example()["data"], "order_id": "another"}}


def at(task: Callable[[OrderPlaced], None], each: dict[str, Any], request_id: str = "request-1") -> Outcome:
    return Attempt(task, (OrderPlaced,), request_id, 30.0).at(each)


def kind(task: Callable[[OrderPlaced], None], each: dict[str, Any]) -> str:
    return at(task, each).kind


def kept(table: Table, source: str = "", task: str = "a_task") -> dict[str, Any]:
    """The record of the example, as plain values."""
    item = dict(plain(table.items[f"{task}#event-1"]))
    return dict(item[record.attribute(source or example()["source"])])


def test_a_second_delivery_does_nothing(table: Table) -> None:
    task = Effects()
    assert [kind(task, copy_of(number=n)) for n in range(3)] == ["done", "duplicate", "duplicate"]
    assert task.count == 1


def test_what_is_kept_says_who_did_what_and_when(table: Table, clock: Clock) -> None:
    def task(order: OrderPlaced) -> None:
        assert kept(table)["state"] == "working" and kept(table)["lease_until"] == clock.now + LEASE
        clock.now += 1.5

    at(task, copy_of(received=2), "request-7")
    done = kept(table)
    assert len(done.pop("claim")) == 32 and len(done.pop("data")) == 16
    assert done == {
        "source": example()["source"],
        "state": "done",
        "attempt": 2.0,
        "message_id": "m-1",
        "request_id": "request-7",
        "first_at": 1545082649.185,  # ApproximateFirstReceiveTimestamp
        "at": 1_000_001.5,
    }
    item = table.items["a_task#event-1"]
    assert set(item) == {"task_event", "expires_at", "reference", record.attribute(example()["source"])}
    assert item["reference"] == {"S": example()["data"]["order_id"]}
    assert item["expires_at"] == {"N": str(1_000_001 + REMEMBERED)}


def test_other_events_and_other_tasks_are_not_affected(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Effects()
    assert kind(task, copy_of()) == kind(task, copy_of(id="event-2")) == "done"
    monkeypatch.setenv("FANOUT_TASK", "another_task")
    assert kind(task, copy_of()) == "done" and task.count == 3


def test_an_id_of_two_sources_is_two_events(table: Table) -> None:
    task = Effects()
    assert kind(task, copy_of()) == kind(task, copy_of(source="/another", **other_content())) == "done"
    assert kind(task, copy_of()) == kind(task, copy_of(source="/another", **other_content())) == "duplicate"
    assert task.count == 2 and len(table.items) == 1
    assert kept(table)["state"] == kept(table, "/another")["state"] == "done"


def test_the_record_of_one_source_fails_alone(table: Table) -> None:
    assert kind(Effects(), copy_of()) == "done"
    assert kind(Effects(ValueError()), copy_of(source="/another")) == "failed"
    assert (kept(table)["state"], kept(table, "/another")["state"]) == ("done", "failed")
    assert kind(Effects(), copy_of()) == "duplicate"


def test_other_content_under_a_done_identity_is_a_dead_letter_and_changes_no_record(
    table: Table, letters: Letters
) -> None:
    task = Effects()
    kind(task, copy_of())
    before = kept(table)
    outcome = at(task, copy_of(number=2, **other_content()))
    assert outcome.kind == "dead" and isinstance(outcome.error, OtherContent) and task.count == 1
    cause = json.loads(letters[0]["MessageAttributes"]["fanout.cause"]["StringValue"])
    assert cause["error_type"] == "OtherContent"
    assert (
        cause["error"] == "an event of the same source and id, with other content, was done: this one needs another id"
    )
    assert kept(table) == before


def test_time_and_extensions_are_no_content(table: Table) -> None:
    """A publisher that repeats an event after a crash stamps it anew."""
    task = Effects()
    kind(task, copy_of())
    assert kind(task, copy_of(time="2026-02-01T00:00:00Z", traceparent="x")) == "duplicate"


def test_what_failed_begins_again_with_other_content(table: Table) -> None:
    """So a dead letter that was edited goes through."""
    for ending, then in ((ValueError(), "failed"), (PermanentError("no"), "dead")):
        table.items.clear()
        task = Effects(ending, None)
        assert kind(task, copy_of()) == then
        assert kind(task, copy_of(number=2, **other_content())) == "done" and task.count == 2
        assert kind(task, copy_of(number=3)) == "dead"  # it is the edited one now that was done


def test_a_redrive_after_days_does_nothing(table: Table, clock: Clock) -> None:
    task = Effects()
    kind(task, copy_of())
    clock.now += REMEMBERED - 60
    assert kind(task, copy_of()) == "duplicate" and task.count == 1


def test_a_copy_renews_what_it_meets_as_long_as_copies_come(table: Table, clock: Clock) -> None:
    task = Effects()
    for _ in range(4):
        kind(task, copy_of())
        clock.now += 14 * 86_400
    assert task.count == 1


def test_a_copy_soon_after_writes_nothing(table: Table, clock: Clock) -> None:
    kind(Effects(), copy_of())
    table.requests.clear()
    clock.now += idempotency.RENEWED_AFTER_SECONDS - 1
    assert kind(Effects(), copy_of()) == "duplicate" and len(table.requests) == 1
    clock.now += 1
    assert kind(Effects(), copy_of()) == "duplicate" and len(table.requests) == 3


def test_a_renewal_that_fails_is_one_line(table: Table, clock: Clock, lines: Lines) -> None:
    kind(Effects(), copy_of())
    clock.now += 86_400
    table.next = ["", "away"]
    assert kind(Effects(), copy_of()) == "duplicate"
    assert lines()[-1]["message"] == "duplicate, but its record is not renewed: it ends when it would have"


def test_what_is_forgotten_is_new_even_where_the_item_is_still_there(table: Table, clock: Clock) -> None:
    task = Effects()
    kind(task, copy_of())
    clock.now += REMEMBERED + 60
    assert kind(task, copy_of(**other_content())) == "done" and task.count == 2


@pytest.mark.parametrize("ending", [ValueError(), SystemExit(1)], ids=["error", "exit"])
def test_a_failure_gives_the_event_back_and_is_kept(table: Table, clock: Clock, ending: BaseException) -> None:
    task = Effects(ending, None)
    assert kind(task, copy_of()) == "failed"
    failed = kept(table)
    assert (failed["state"], failed["error_type"]) == ("failed", type(ending).__name__)
    assert "in __call__" in failed["error"] and "lease_until" not in failed
    clock.now += 100
    assert kind(task, copy_of(received=2)) == "done" and task.count == 2
    assert kept(table)["first_at"] == failed["first_at"] and kept(table)["attempt"] == 2
    assert "error" not in kept(table)


def test_the_first_attempt_is_remembered_through_a_redrive(table: Table) -> None:
    kind(Effects(ValueError()), copy_of())
    again = copy_of(number=2)
    again["attributes"]["ApproximateFirstReceiveTimestamp"] = "1545990000000"
    kind(Effects(), again)
    assert kept(table)["first_at"] == 1545082649.185


def test_a_dead_letter_is_kept_with_its_id_and_cause(table: Table) -> None:
    assert kind(Effects(PermanentError("no " * 400)), copy_of()) == "dead"
    dead = kept(table)
    assert (dead["state"], dead["error_type"], dead["dead_letter"]) == ("dead", "PermanentError", "letter-1")
    assert len(dead["error"]) == idempotency.LONGEST_ERROR


def test_what_the_dead_letter_queue_did_not_take_is_not_dead(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "client", lambda service: SimpleNamespace())
    assert kind(Effects(PermanentError("no")), copy_of()) == "failed"
    assert (kept(table)["state"], kept(table)["error_type"]) == ("failed", "NotDeadLettered")


def test_of_two_copies_at_the_same_time_one_works_and_one_waits(table: Table) -> None:
    inside, finish = threading.Event(), threading.Event()

    def slow(order: OrderPlaced) -> None:
        inside.set()
        finish.wait(5)

    first = threading.Thread(target=at, args=(slow, copy_of()))
    first.start()
    inside.wait(5)
    task = Effects()
    for changes in ({}, other_content()):  # how it ends decides what the other one is
        outcome = at(task, copy_of(number=2, **changes))
        assert outcome.kind == "failed" and isinstance(outcome.error, InProgress)
    assert kept(table)["state"] == "working" and kept(table)["message_id"] == "m-1"
    finish.set()
    first.join()
    assert kind(task, copy_of(number=2)) == "duplicate" and task.count == 0


def crash_before_the_effect() -> None:
    claimed = idempotency.Claim(OrderPlaced._read({**example(), "id": "event-1"}, ""), copy_of(), "request-1")
    assert claimed.take(30)


def test_after_a_crash_the_event_is_tried_again_once_the_lease_is_over(table: Table, clock: Clock) -> None:
    crash_before_the_effect()
    task = Effects()
    clock.now += LEASE
    assert isinstance(at(task, copy_of(number=2)).error, InProgress)
    clock.now += 1
    assert kind(task, copy_of(number=2)) == "done" and task.count == 1


def test_a_claim_whose_answer_is_lost_is_ours_when_the_sdk_asks_again(table: Table) -> None:
    table.next = ["lost"]
    task = Effects()
    assert kind(task, copy_of()) == "done" and task.count == 1 and len(table.requests) == 3


def test_an_end_whose_answer_is_lost_is_written_once_and_no_warning(table: Table, lines: Lines) -> None:
    for ending in (None, ValueError(), PermanentError("no")):
        table.items.clear()
        table.next = ["", "lost"]
        kind(Effects(ending), copy_of())
        assert kept(table)["state"] in ("done", "failed", "dead")
    assert not lines()


def test_who_took_over_is_not_overwritten(table: Table, clock: Clock, lines: Lines) -> None:
    """An attempt that outlives its lease finds that another one holds the event."""

    def slow(order: OrderPlaced) -> None:
        clock.now += LEASE + 1
        crash_before_the_effect()

    assert kind(slow, copy_of(number=2)) == "done"
    assert (kept(table)["state"], kept(table)["message_id"]) == ("working", "m-1")
    assert lines()[-1]["message"] == "done, but not recorded: a second delivery would repeat it"


@pytest.mark.parametrize("how", ["away", "throttled"])
def test_without_the_store_nothing_runs_unguarded(table: Table, how: str) -> None:
    table.next = [how]
    task = Effects()
    assert kind(task, copy_of()) == "failed" and task.count == 0 and not table.items


def test_an_effect_that_cannot_be_recorded_is_done_all_the_same(table: Table, lines: Lines) -> None:
    table.next = ["", "away"]
    task = Effects()
    assert kind(task, copy_of()) == "done"
    assert lines()[-1]["message"] == "done, but not recorded: a second delivery would repeat it"
    assert lines()[-1]["event_id"] == "event-1"
    assert isinstance(
        at(task, copy_of()).error, InProgress
    )  # while the lease lasts, a duplicate does not repeat it either


def test_a_failure_that_cannot_be_recorded_ends_its_claim_by_itself(table: Table, clock: Clock, lines: Lines) -> None:
    table.next = ["", "away"]
    task = Effects(ValueError(), None)
    assert kind(task, copy_of()) == "failed"
    assert lines()[-1]["message"] == "failed, but not recorded: its claim ends by itself"
    clock.now += LEASE + 1
    assert kind(task, copy_of()) == "done"


def test_an_id_of_too_many_sources_is_a_dead_letter_that_says_so(table: Table) -> None:
    kind(Effects(), copy_of())
    item = table.items["a_task#event-1"]
    item["of_others"] = {"S": "x" * (LARGEST_ITEM - size(item) - 100)}
    outcome = at(Effects(), copy_of(source="/another"))
    assert outcome.kind == "dead" and isinstance(outcome.error, TooManySources)
    assert kind(Effects(), copy_of()) == "duplicate"


def test_without_a_reference_there_is_none_in_the_index(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of an index cannot be empty, nor longer than 2,048 bytes."""
    read = OrderPlaced._read
    for reference in ("", "ö" * 1_025):

        def without(event: dict[str, Any], body: str, reference: str = reference) -> OrderPlaced:
            order = read(event, body)
            object.__setattr__(order, "reference", reference)
            return order

        monkeypatch.setattr(OrderPlaced, "_read", without)
        table.items.clear()
        assert kind(Effects(), copy_of()) == "done"
        assert "reference" not in table.items["a_task#event-1"]


def replayed(began: float | str, **more: Any) -> dict[str, Any]:
    """A copy that `fanout replay --again` sent."""
    made = copy_of(**more)
    made["messageAttributes"]["fanout.replay"] = {"dataType": "String", "stringValue": str(began)}
    return made


def test_a_replay_that_is_told_so_runs_again_what_was_done_before_it_and_once(table: Table, clock: Clock) -> None:
    task = Effects(None, None)
    assert kind(task, copy_of()) == "done"
    clock.now += 10
    began = clock.now
    clock.now += 10
    assert kind(task, copy_of(number=2)) == "duplicate"
    assert [kind(task, replayed(began, number=number)) for number in (3, 4)] == ["done", "duplicate"]
    assert task.count == 2


def test_a_replay_does_not_take_what_is_worked_on_nor_other_content(table: Table, clock: Clock) -> None:
    def slow(order: OrderPlaced) -> None:
        assert kind(Effects(None), replayed(clock.now + 100, number=2)) == "failed"

    assert kind(slow, copy_of()) == "done"
    assert kind(Effects(None), replayed(clock.now + 100, number=3, **other_content())) == "dead"


@pytest.mark.parametrize("began", ["", "soon", "nan", "inf", "-1", "1e12"])
def test_an_attribute_that_is_no_time_changes_nothing(table: Table, began: str) -> None:
    task = Effects(None)
    assert [kind(task, copy_of()), kind(task, replayed(began, number=2))] == ["done", "duplicate"]


def of_an_old_engine(clock: Clock, **more: float) -> dict[str, Any]:
    item: dict[str, Any] = {"task_event": {"S": "a_task#event-1"}, "claim": {"S": "0" * 32}}
    return item | {"expires_at": {"N": str(int(clock.now) + 86_400)}} | {n: {"N": str(v)} for n, v in more.items()}


def test_what_an_old_engine_has_done_is_done_for_any_source(table: Table, clock: Clock) -> None:
    table.items["a_task#event-1"] = of_an_old_engine(clock)
    task = Effects()
    assert kind(task, copy_of()) == kind(task, copy_of(source="/another")) == "duplicate" and task.count == 0
    assert table.items["a_task#event-1"]["expires_at"] == {"N": str(int(clock.now) + REMEMBERED)}


def test_what_an_old_engine_works_on_is_waited_for(table: Table, clock: Clock) -> None:
    table.items["a_task#event-1"] = of_an_old_engine(clock, lease_until=clock.now)
    assert isinstance(at(Effects(), copy_of()).error, InProgress)
    clock.now += 1
    assert kind(Effects(), copy_of()) == "done"
    assert "claim" not in table.items["a_task#event-1"] and "lease_until" not in table.items["a_task#event-1"]


def test_an_old_engine_takes_only_what_is_done_for_done(table: Table, clock: Clock) -> None:
    """Its functions run for a moment next to these, or again after a rollback: they look at `lease_until` alone."""

    def task(order: OrderPlaced) -> None:
        assert table.items["a_task#event-1"]["lease_until"] == {"N": str(int(clock.now + LEASE))}
        raise ValueError

    kind(task, copy_of())
    assert table.items["a_task#event-1"]["lease_until"] == {"N": str(int(clock.now))}
    kind(Effects(), copy_of())
    assert "lease_until" not in table.items["a_task#event-1"]


def test_without_claims_each_attempt_runs_and_is_kept_by_one_request(unclaimed: Table) -> None:
    task = Effects(ValueError(), PermanentError("no"), None, None)
    for number, then in enumerate(["failed", "dead", "done", "done"], 1):
        assert kind(task, copy_of(received=number)) == then
        assert kept(unclaimed)["state"] == then and kept(unclaimed)["attempt"] == number
        assert len(unclaimed.requests) == number
    assert "lease_until" not in unclaimed.items["a_task#event-1"]


def test_without_claims_a_copy_that_fails_does_not_hide_what_was_done(unclaimed: Table, lines: Lines) -> None:
    for ending, then in ((None, "done"), (ValueError(), "failed"), (PermanentError("no"), "dead")):
        assert kind(Effects(ending), copy_of()) == then
        assert kept(unclaimed)["state"] == "done"
    assert not lines()


def test_without_claims_a_record_that_cannot_be_kept_is_one_line(unclaimed: Table, lines: Lines) -> None:
    for ending, then in ((None, "done"), (ValueError(), "failed"), (PermanentError("no"), "dead")):
        unclaimed.next = ["away"]
        assert kind(Effects(ending), copy_of()) == then
        assert "not recorded" in lines()[-1]["message"] and not unclaimed.items


def test_a_body_that_is_no_event_is_kept_nowhere(table: Table) -> None:
    assert kind(Effects(), message("{}")) == "dead" and not table.items and not table.requests


def test_without_a_table_every_delivery_runs(letters: Letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "fingerprint", None)  # nor is worked out what a record would hold
    task = Effects(None, ValueError(), PermanentError("no"))
    assert [kind(task, copy_of()) for _ in range(3)] == ["done", "failed", "dead"]
