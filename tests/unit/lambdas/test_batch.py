"""One message in, one outcome out: the answer is always valid, and exact for every subset of failures."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import batch, retry
from shared.batch import each_message
from shared.errors import PermanentError, TransientError
from shared.event import FormSubmitted
from shared.outcome import Outcome
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, example, record


class Queue:
    """Stands where SQS is: remembers which failed messages were postponed."""

    def __init__(self) -> None:
        self.postponed: list[str] = []

    def postpone(self, failed: list[Outcome]) -> None:
        self.postponed += [each.message_id for each in failed]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    monkeypatch.setattr(retry, "postpone", made.postpone)
    return made


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


@settings(deadline=None, max_examples=60)
@given(ways=st.lists(st.sampled_from([*WAYS, "not json"]), min_size=1, max_size=10))
def test_exactly_the_failed_messages_are_named(ways: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        queue = Queue()
        patch.setattr(retry, "postpone", queue.postpone)
        handle = each_message(lambda form: WAYS[ways[int(form.id.removeprefix("event-"))]]())
        records = [
            record("{not json" if way == "not json" else numbered(number), f"m-{number}")
            for number, way in enumerate(ways)
        ]
        expected = [f"m-{number}" for number, way in enumerate(ways) if way != "done"]
        assert failures(handle({"Records": records}, Context())) == expected == queue.postponed


def test_the_same_message_twice_in_a_batch_is_answered_for_both(queue: Queue, body: str) -> None:
    assert failures(each_message(lambda form: None)({"Records": [record(body), record(body)]}, Context())) == []


def test_messages_are_worked_on_at_the_same_time(queue: Queue, body: str) -> None:
    all_here = threading.Barrier(10, timeout=5)

    def task(form: FormSubmitted) -> None:
        all_here.wait()

    handle = each_message(task)
    assert failures(handle({"Records": [record(body, f"m-{n}") for n in range(10)]}, Context())) == []


def test_a_slow_message_is_given_back_before_the_function_is_killed(queue: Queue, lines: Lines) -> None:
    release = threading.Event()

    def task(form: FormSubmitted) -> None:
        if form.id == "event-1":
            release.wait(5)

    began = time.monotonic()
    handle = each_message(task)
    records = [record(numbered(number), f"m-{number}") for number in range(3)]
    answer = handle({"Records": records}, Context(remaining_ms=batch.MARGIN_MS + 200))
    release.set()
    assert failures(answer) == ["m-1"] == queue.postponed
    assert time.monotonic() - began < 2
    (slow,) = [each for each in lines() if each["outcome"] == "failed"]
    assert (slow["message_id"], slow["error_type"]) == ("m-1", "OutOfTime")


def test_each_message_leaves_one_line_with_its_ids(queue: Queue, body: str, lines: Lines, context: Context) -> None:
    def task(form: FormSubmitted) -> None:
        if form.id == "event-1":
            raise TransientError("the webhook answered 503")

    each_message(task)({"Records": [record(body, "m-0"), record(numbered(1), "m-1", received=2)]}, context)
    done, failed = lines()
    event = example()
    assert done["level"] == "INFO" and done["outcome"] == "done" and done["task"] == "a_task"
    assert (done["event_id"], done["message_id"], done["attempt"]) == (event["id"], "m-0", 1)
    assert (done["form_id"], done["submission_id"]) == (event["data"]["form_id"], event["data"]["submission_id"])
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
    def task(form: FormSubmitted) -> None:
        raise raised from RuntimeError(CANARY)

    each_message(task)({"Records": [record(body)]}, Context())
    (line,) = lines()
    assert CANARY not in json.dumps(line)
    assert line["error_type"] == type(raised).__name__ and line["error"]


def test_a_contract_violation_says_which_and_is_permanent(queue: Queue, lines: Lines) -> None:
    body = json.dumps({**example(), "type": "form.submitted.v2"})
    each_message(lambda form: None)({"Records": [record(body)]}, Context())
    (line,) = lines()
    assert (line["permanent"], line["error_type"]) == (True, "UnknownVersion")
    assert line["error"] == "type form.submitted.v2: this task understands form.submitted.v1"
