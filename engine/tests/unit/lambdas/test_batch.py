"""One message in, one outcome out: the answer is always valid, and exact for every subset of failures."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import OrderPlaced
from fanout.runtime import batch, dead_letters, retry
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.outcome import Outcome, Record
from tests.examples import examples
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, example, handler, record


class Queue:
    """Stands where SQS is: remembers which failed messages were postponed."""

    def __init__(self) -> None:
        self.postponed: list[str] = []
        self.buried: dict[str, dict[str, Any]] = {}
        self.refuses_letters = False

    def send(self, record: dict[str, Any], cause: dict[str, Any]) -> None:
        if self.refuses_letters:
            raise ConnectionError
        self.buried[record["messageId"]] = cause

    def postpone(self, failed: list[Outcome], used_seconds: float = 0.0) -> None:
        self.postponed += [each.message_id for each in failed]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    put_in_place(made, monkeypatch)
    return made


def put_in_place(queue: Queue, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retry, "postpone", queue.postpone)
    patch.setattr(dead_letters, "send", queue.send)


def numbered(number: int) -> str:
    return json.dumps({**example(), "id": f"event-{number}"})


def failures(answer: dict[str, Any]) -> list[str]:
    assert set(answer) == {"batchItemFailures"}
    assert all(set(each) == {"itemIdentifier"} for each in answer["batchItemFailures"])
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


WAYS: dict[str, Callable[[], None]] = {
    "done": lambda: None,
    "permanent": lambda: (_ for _ in ()).throw(PermanentError("no")),
    "transient": lambda: (_ for _ in ()).throw(TransientError("later")),
    "bug": lambda: (_ for _ in ()).throw(KeyError("answer")),
    "exit": lambda: (_ for _ in ()).throw(SystemExit(1)),
}


@settings(deadline=None, max_examples=examples(60))
@given(ways=st.lists(st.sampled_from([*WAYS, "not json"]), min_size=1, max_size=10), refuses_letters=st.booleans())
def test_every_message_is_done_or_dead_or_comes_back(ways: list[str], refuses_letters: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        queue = Queue()
        put_in_place(queue, patch)
        queue.refuses_letters = refuses_letters
        handle = handler(lambda order: WAYS[ways[int(order.id.removeprefix("event-"))]]())
        records = [
            record("{not json" if way == "not json" else numbered(number), f"m-{number}")
            for number, way in enumerate(ways)
        ]
        hopeless = {f"m-{number}" for number, way in enumerate(ways) if way in ("permanent", "not json")}
        dead = set() if refuses_letters else hopeless
        done = {f"m-{number}" for number, way in enumerate(ways) if way == "done"}
        back = failures(handle({"Records": records}, Context()))
        assert (
            back == queue.postponed == [each["messageId"] for each in records if each["messageId"] not in dead | done]
        )
        assert set(queue.buried) == dead


def test_the_same_message_twice_in_a_batch_is_answered_for_both(queue: Queue, body: str) -> None:
    assert failures(handler(lambda order: None)({"Records": [record(body), record(body)]}, Context())) == []


def test_messages_are_worked_on_at_the_same_time(queue: Queue, body: str) -> None:
    all_here = threading.Barrier(10, timeout=5)

    def task(order: OrderPlaced) -> None:
        all_here.wait()

    handle = handler(task)
    assert failures(handle({"Records": [record(body, f"m-{n}") for n in range(10)]}, Context())) == []


def test_a_slow_message_is_given_back_before_the_function_is_killed(queue: Queue, lines: Lines) -> None:
    release = threading.Event()

    def task(order: OrderPlaced) -> None:
        if order.id == "event-1":
            release.wait(5)

    began = time.monotonic()
    handle = handler(task)
    records = [record(numbered(number), f"m-{number}") for number in range(3)]
    answer = handle({"Records": records}, Context(remaining_ms=batch.MARGIN_MS + 200))
    release.set()
    assert failures(answer) == ["m-1"] == queue.postponed
    assert time.monotonic() - began < 2
    (slow,) = [each for each in lines() if each.get("outcome") == "failed"]
    assert (slow["message_id"], slow["event_id"], slow["error_type"]) == ("m-1", "event-1", "OutOfTime")


def test_each_message_leaves_one_line_with_its_ids(queue: Queue, body: str, lines: Lines, context: Context) -> None:
    def task(order: OrderPlaced) -> None:
        if order.id == "event-1":
            raise TransientError("the webhook answered 503")

    handler(task)({"Records": [record(body, "m-0"), record(numbered(1), "m-1", received=2)]}, context)
    received, done, failed = lines()
    assert (received["messages"], received["function_request_id"]) == ({"m-0": 1, "m-1": 2}, "request-1")
    event = example()
    assert done["level"] == "INFO" and done["outcome"] == "done" and done["task"] == "a_task"
    assert (done["event_id"], done["message_id"], done["attempt"]) == (event["id"], "m-0", 1)
    assert (done["shop_id"], done["order_id"]) == (event["data"]["shop_id"], event["data"]["order_id"])
    assert done["function_request_id"] == "request-1" and done["duration_ms"] >= 0
    assert (failed["level"], failed["attempt"], failed["permanent"]) == ("WARNING", 2, False)
    assert (failed["error_type"], failed["error"]) == ("TransientError", "the webhook answered 503")


CANARY = "canary-in-an-answer"


@pytest.mark.parametrize(
    "raised",
    [
        KeyError(CANARY),
        ValueError(f"could not convert {CANARY!r}"),
        ExceptionGroup(CANARY, [ValueError(CANARY)]),
        type("ClientError", (Exception,), {"response": {"Error": {"Code": "MessageRejected", "Message": CANARY}}})(
            CANARY
        ),
    ],
    ids=lambda raised: type(raised).__name__,
)
def test_an_answer_in_an_exception_never_reaches_the_log(
    raised: Exception, queue: Queue, body: str, lines: Lines
) -> None:
    def task(order: OrderPlaced) -> None:
        raise raised from RuntimeError(CANARY)

    handler(task)({"Records": [record(body)]}, Context())
    _, line = lines()
    assert CANARY not in json.dumps(line)
    assert line["error_type"] == type(raised).__name__ and line["error"]


def test_a_contract_violation_says_which_and_is_permanent(queue: Queue, lines: Lines) -> None:
    body = json.dumps({**example(), "type": "order.placed.v2"})
    handler(lambda order: None)({"Records": [record(body)]}, Context())
    _, line = lines()
    assert (line["outcome"], line["level"], line["error_type"]) == ("dead", "ERROR", "UnknownVersion")
    assert line["error"] == "type order.placed.v2: this task understands order.placed.v1"


def test_a_dead_letter_knows_its_cause(queue: Queue, body: str) -> None:
    def task(order: OrderPlaced) -> None:
        raise PermanentError("the webhook answered 410")

    assert failures(handler(task)({"Records": [record(body, received=2)]}, Context())) == []
    assert queue.buried["m-1"] == {
        "task": "a_task",
        "error_type": "PermanentError",
        "error": "the webhook answered 410",
        "attempt": 2,
        "message_id": "m-1",
        "function_request_id": "request-1",
    }


def test_a_letter_that_cannot_be_sent_stays_in_its_queue(queue: Queue, body: str, lines: Lines) -> None:
    queue.refuses_letters = True

    def task(order: OrderPlaced) -> None:
        raise PermanentError("the webhook answered 410")

    assert failures(handler(task)({"Records": [record(body)]}, Context())) == ["m-1"] == queue.postponed
    line = lines()[-1]
    assert (line["outcome"], line["error_type"]) == ("failed", "NotDeadLettered")
    assert line["error"].startswith("the webhook answered 410; the dead-letter queue did not take it: ")


def in_group(number: int, group: str) -> Record:
    each = record(numbered(number), f"m-{number}")
    each["eventSourceARN"] += ".fifo"
    each["attributes"]["MessageGroupId"] = group
    return each


def test_a_fifo_group_keeps_its_order_and_stops_at_its_first_failure(queue: Queue, lines: Lines) -> None:
    seen: list[str] = []

    def task(order: OrderPlaced) -> None:
        seen.append(order.id)
        if order.id == "event-2":
            raise TransientError("later")

    records = [in_group(number, "a" if number % 2 == 0 else "b") for number in range(6)]
    answer = handler(task)({"Records": records}, Context())
    assert failures(answer) == ["m-2", "m-4"] == queue.postponed
    assert [each for each in seen if each in ("event-0", "event-2", "event-4")] == ["event-0", "event-2"]
    assert [each for each in seen if each in ("event-1", "event-3", "event-5")] == ["event-1", "event-3", "event-5"]
    waiting = [each for each in lines() if each.get("error_type") == "NotTried"]
    assert [(each["message_id"], each["event_id"]) for each in waiting] == [("m-4", "event-4")]


def test_a_permanent_error_does_not_hold_up_its_group(queue: Queue) -> None:
    def task(order: OrderPlaced) -> None:
        if order.id == "event-0":
            raise PermanentError("no")

    assert failures(handler(task)({"Records": [in_group(0, "a"), in_group(1, "a")]}, Context())) == []
    assert list(queue.buried) == ["m-0"]


def test_the_groups_of_a_standard_queue_are_tenants_and_keep_no_order(queue: Queue) -> None:
    all_here = threading.Barrier(4, timeout=5)

    def task(order: OrderPlaced) -> None:
        all_here.wait()

    records = [in_group(number, "a") for number in range(4)]
    for each in records:
        each["eventSourceARN"] = each["eventSourceARN"].removesuffix(".fifo")
    assert failures(handler(task)({"Records": records}, Context())) == []
