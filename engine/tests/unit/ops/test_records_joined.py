"""What the runtime writes, an operator's command reads: both ends of the table at once."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from events import OrderPlaced
from fanout import names
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.timeline import timeline
from fanout.ops.timeline.state import DEAD, DONE, RETRYING, WORKING, EventState
from fanout.runtime import attempt, dead_letters, idempotency
from fanout.runtime.attempt import Attempt
from fanout.runtime.errors import PermanentError, TransientError
from tests.unit.lambdas.dynamodb import Table
from tests.unit.lambdas.given import example
from tests.unit.lambdas.given import record as message
from tests.unit.ops.aws.dynamodb import Reads
from tests.unit.ops.aws.logs import Logs
from tests.unit.ops.aws.sqs import Clock, Sqs


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.table = Clock(), Table()
        monkeypatch.setenv(names.TASK, "a_task")
        monkeypatch.setenv(names.COMPLETED_SECONDS, "1641600")
        monkeypatch.setenv(names.DEAD_LETTER_QUEUE_URL, "https://1/d")
        monkeypatch.setattr(idempotency, "TABLE", "records")
        monkeypatch.setattr(idempotency, "client", lambda _: self.table)
        monkeypatch.setattr(idempotency, "time", SimpleNamespace(time=self.clock))
        monkeypatch.setattr(attempt, "time", SimpleNamespace(monotonic=lambda: 0.0, perf_counter=lambda: 0.0))
        letters = SimpleNamespace(send_message=lambda **_: {"MessageId": "letter-1"})
        monkeypatch.setattr(dead_letters, "client", lambda _: letters)
        sqs = Sqs(self.clock)
        aws: Any = SimpleNamespace(
            sqs=sqs,
            logs=Logs(self.clock),
            dynamodb=Reads(self.table.items, self.clock),
            functions=SimpleNamespace(get_function_configuration=lambda **_: {}),
        )
        subscriber = DeployedSubscriber(aws, "ATask", "a_task", "https://1/q", "https://1/d", "f", "records")
        sqs.queue(subscriber.queue_url).more["RedrivePolicy"] = '{"maxReceiveCount":5}'
        self.stack = Stack(cast(Aws, aws), "S", "a:b:c:d:e", "CREATE_COMPLETE", {}, (subscriber,))

    def attempt(self, *endings: Exception | None, received: int = 1, **changes: Any) -> None:
        def task(order: OrderPlaced) -> None:
            for ending in endings:
                if ending:
                    raise ending

        body = json.dumps({**example(), "id": "event-1", **changes})
        each = message(body, "m-1", received=received)
        each["attributes"]["ApproximateFirstReceiveTimestamp"] = str(int(self.clock() * 1000))
        Attempt(task, (OrderPlaced,), "request-1", 30.0).at(each)

    def where(self, id_: str = "event-1") -> list[EventState]:
        since = datetime.fromtimestamp(self.clock(), UTC) - timedelta(days=14)
        return timeline.for_stack(self.stack, id_, since=since)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_done_failed_and_dead_are_told_as_they_were_written(world: World) -> None:
    world.attempt(TransientError("the receiver answered 503"), received=2)
    (failed,) = world.where()
    assert (failed.state, failed.said()) == (
        RETRYING,
        "attempt 2 of 5 failed, and it comes back: TransientError: the receiver answered 503",
    )
    world.clock.wait(60)
    world.attempt(PermanentError("the receiver answered 410"), received=3)
    (dead,) = world.where()
    assert (dead.state, dead.letter) == (DEAD, "letter-1")
    assert dead.said().endswith("unless somebody redrove or dropped it: PermanentError: the receiver answered 410")
    world.clock.wait(60)
    world.attempt()
    (done,) = world.where()
    assert done.state == DONE and done.is_well


def test_a_copy_of_what_was_done_changes_nothing(world: World) -> None:
    world.attempt()
    before = world.where()[0].said()
    world.clock.wait(600)
    world.attempt(received=4)
    assert world.where()[0].said() == before


def test_while_the_task_works_it_is_at_work(world: World) -> None:
    seen: list[EventState] = []

    def task(order: OrderPlaced) -> None:
        seen.extend(world.where())

    body = json.dumps({**example(), "id": "event-1"})
    Attempt(task, (OrderPlaced,), "request-1", 30.0).at(message(body, "m-1"))
    assert [each.state for each in seen] == [WORKING] and world.where()[0].state == DONE


def test_two_sources_are_two_rows_and_a_reference_finds_them(world: World) -> None:
    world.attempt()
    world.attempt(TransientError("503"), source="/another")
    by_id, by_reference = world.where(), world.where(example()["data"]["order_id"])
    assert [each.state for each in by_id] == [each.state for each in by_reference]
    assert sorted(each.state for each in by_id) == [DONE, RETRYING]
    assert any(each.said().startswith("of /another: attempt 1 of 5 failed") for each in by_id)
