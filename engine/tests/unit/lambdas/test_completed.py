"""An effect happens once for each event id, and no event is skipped because a store or a container went away."""

import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from events import OrderPlaced
from fanout.runtime import idempotency
from fanout.runtime.idempotency import InProgress, once
from tests.unit.lambdas.given import example, order

REMEMBERED = 1_641_600


class Refused(Exception):
    """Stands where the SDK's ConditionalCheckFailedException is."""

    def __init__(self, item: dict[str, Any]) -> None:
        self.response = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": item}


class Table:
    """DynamoDB, as far as we use it: three conditional writes on items that live in memory."""

    def __init__(self, clock: SimpleNamespace) -> None:
        self.clock = clock
        self.items: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.fails: set[str] = set()
        self.exceptions = SimpleNamespace(ConditionalCheckFailedException=Refused)

    def put_item(self, *, Item: dict[str, Any], **request: Any) -> None:
        self._check("put_item")
        assert request["ConditionExpression"] == idempotency._CLAIMABLE
        with self.lock:
            old = self.items.get(Item["task_event"]["S"])
            now = int(request["ExpressionAttributeValues"][":now"]["N"])
            if old and int(old["expires_at"]["N"]) >= now and int(old.get("lease_until", {"N": now})["N"]) >= now:
                raise Refused(old)
            self.items[Item["task_event"]["S"]] = dict(Item)

    def update_item(self, *, Key: dict[str, Any], **request: Any) -> None:
        self._check("update_item")
        item = self._claimed(Key, request)
        item["expires_at"] = request["ExpressionAttributeValues"][":expires_at"]
        item.pop("lease_until", None)

    def delete_item(self, *, Key: dict[str, Any], **request: Any) -> None:
        self._check("delete_item")
        self._claimed(Key, request)
        del self.items[Key["task_event"]["S"]]

    def _claimed(self, key: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
        item = self.items.get(key["task_event"]["S"], {})
        if item.get("claim") != request["ExpressionAttributeValues"][":claim"]:
            raise Refused(item)
        return item

    def _check(self, call: str) -> None:
        if call in self.fails:
            raise ConnectionError("the store is away")


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=1_000_000.0)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace) -> Table:
    made = Table(clock)
    monkeypatch.setattr(idempotency, "TABLE", "completed")
    monkeypatch.setattr(idempotency, "client", lambda service: made)
    monkeypatch.setattr(idempotency, "time", SimpleNamespace(time=lambda: clock.now))
    return made


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


def event(id_: str = "event-1") -> OrderPlaced:
    return order(json.dumps({**example(), "id": id_}))


def test_a_second_delivery_does_nothing(table: Table) -> None:
    task = Effects()
    assert [once(task, event(), 30), once(task, event(), 30), once(task, event(), 30)] == [True, False, False]
    assert task.count == 1


def test_other_events_and_other_tasks_are_not_affected(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Effects()
    assert once(task, event("event-1"), 30) and once(task, event("event-2"), 30)
    monkeypatch.setenv("FANOUT_TASK", "another_task")
    assert once(task, event("event-1"), 30)
    assert task.count == 3


def test_a_redrive_after_days_does_nothing(table: Table, clock: SimpleNamespace) -> None:
    task = Effects()
    once(task, event(), 30)
    clock.now += REMEMBERED - 60
    assert once(task, event(), 30) is False and task.count == 1


def test_what_is_forgotten_is_new_even_where_the_item_is_still_there(table: Table, clock: SimpleNamespace) -> None:
    task = Effects()
    once(task, event(), 30)
    clock.now += REMEMBERED + 60
    assert once(task, event(), 30) is True and task.count == 2


@pytest.mark.parametrize("ending", [ValueError(), SystemExit(1)], ids=["error", "exit"])
def test_a_failure_gives_the_event_back_for_the_next_attempt(table: Table, ending: BaseException) -> None:
    task = Effects(ending, None)
    with pytest.raises(type(ending)):
        once(task, event(), 30)
    assert once(task, event(), 30) is True and task.count == 2


def test_of_two_copies_at_the_same_time_one_works_and_one_waits(table: Table) -> None:
    inside, finish = threading.Event(), threading.Event()

    def slow(order: OrderPlaced) -> None:
        inside.set()
        finish.wait(5)

    first = threading.Thread(target=once, args=(slow, event(), 30))
    first.start()
    inside.wait(5)
    task = Effects()
    with pytest.raises(InProgress):
        once(task, event(), 30)
    finish.set()
    first.join()
    assert once(task, event(), 30) is False and task.count == 0


def crash_before_the_effect(table: Table) -> None:
    idempotency._claim({"task_event": {"S": "a_task#event-1"}}, "claim of a container that is gone", 30)


def test_after_a_crash_the_event_is_tried_again_once_the_lease_is_over(table: Table, clock: SimpleNamespace) -> None:
    crash_before_the_effect(table)
    task = Effects()
    with pytest.raises(InProgress):
        once(task, event(), 30)
    clock.now += 30 + idempotency.LEASE_MARGIN_SECONDS + 1
    assert once(task, event(), 30) is True and task.count == 1


def test_without_the_store_nothing_runs_unguarded(table: Table) -> None:
    table.fails = {"put_item"}
    task = Effects()
    with pytest.raises(ConnectionError):
        once(task, event(), 30)
    assert task.count == 0


def test_an_effect_that_cannot_be_recorded_is_done_all_the_same(table: Table, lines: Callable[[], Any]) -> None:
    table.fails = {"update_item"}
    task = Effects()
    assert once(task, event(), 30) is True
    assert lines()[-1]["message"] == "done, but not recorded: a second delivery would repeat it"
    assert lines()[-1]["event_id"] == "event-1"
    with pytest.raises(InProgress):  # while the lease lasts, a duplicate does not repeat it either
        once(task, event(), 30)


def test_a_claim_that_cannot_be_given_back_ends_by_itself(table: Table, clock: SimpleNamespace) -> None:
    table.fails = {"delete_item"}
    task = Effects(ValueError(), None)
    with pytest.raises(ValueError):
        once(task, event(), 30)
    clock.now += 30 + idempotency.LEASE_MARGIN_SECONDS + 1
    assert once(task, event(), 30) is True


def test_without_a_table_every_delivery_runs() -> None:
    task = Effects()
    assert once(task, event(), 30) and once(task, event(), 30) and task.count == 2
