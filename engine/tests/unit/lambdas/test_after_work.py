"""Once the work is done the answer is known, and it is given: whatever raises then, and however slow AWS is."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanout.runtime import batch, circuit_breaker, dead_letters, metrics, outcome, retry
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.log import logger, own
from tests.examples import examples
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.dynamodb import Table
from tests.unit.lambdas.given import Context, ended, example, handler, record

CANARY = "canary-in-an-answer"


class Unspeakable(BaseException):
    """Nothing of it can be asked for."""

    def __str__(self) -> str:
        raise SystemExit(CANARY)

    __repr__ = __str__


class Sqs:
    """Takes everything; a request waits for `hold`."""

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.hold.set()
        self.hidden: list[str] = []
        self.seconds: list[int] = []
        self.dead: list[dict[str, Any]] = []

    def send_message(self, **letter: Any) -> dict[str, str]:
        self.dead.append(letter)
        return {"MessageId": "dead-letter"}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        self.hold.wait(10)
        self.hidden += [each["ReceiptHandle"] for each in request["Entries"]]
        self.seconds += [each["VisibilityTimeout"] for each in request["Entries"]]
        return {"Successful": []}


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sqs]:
    made = Sqs()
    monkeypatch.setattr(retry, "client", lambda service: made)
    monkeypatch.setattr(dead_letters, "client", lambda service: made)
    yield made
    made.hold.set()


def bodies(*ids: str) -> list[dict[str, Any]]:
    return [record(json.dumps({**example(), "id": each}), each) for each in ids]


def fails(order: Any) -> None:
    if order.id.startswith("bad"):
        raise TransientError("later")


def answered(ids: tuple[str, ...] = ("bad", "good"), remaining_ms: int = 30_000) -> list[str]:
    answer = handler(fails)({"Records": bodies(*ids)}, Context(remaining_ms=remaining_ms))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def raises(*_: object, **__: object) -> None:
    raise Unspeakable(CANARY)


@pytest.mark.parametrize(
    ("module", "name", "what"),
    [
        (batch, "_announce", "naming the messages"),
        (outcome.Outcome, "log", "the log line of bad"),
        (metrics, "emit", "measuring"),
        (retry, "postpone", "postponing"),
        (circuit_breaker, "watch", "the circuit breaker"),
    ],
)
def test_whatever_raises_beside_the_work_the_answer_is_given(
    module: Any, name: str, what: str, sqs: Sqs, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    monkeypatch.setattr(circuit_breaker, "LIMIT", 100)
    monkeypatch.setenv("FANOUT_CIRCUIT_FAILURES", "100")
    monkeypatch.setattr(module, name, raises)
    assert answered() == ["bad"]
    (told,) = [each for each in lines() if each["message"].startswith(what)]
    assert (told["message"], told["level"]) == (f"{what} failed; the answer is given all the same", "WARNING")
    assert told["error_type"] == "Unspeakable" and CANARY not in json.dumps(lines())


def test_sqs_that_takes_longer_than_is_left_is_not_waited_for(sqs: Sqs, lines: Lines) -> None:
    sqs.hold.clear()
    began = time.monotonic()
    assert answered(remaining_ms=batch.ANSWER_MS + 150) == ["bad", "good"]  # no time to work, and 150 ms to postpone
    assert 0.1 < time.monotonic() - began < 0.15 + batch.ANSWER_MS / 1000
    assert lines()[-1]["message"] == "postponing is not waited for: the function's time is over, or it has no thread"


def test_with_next_to_no_time_left_it_is_not_asked(sqs: Sqs, lines: Lines) -> None:
    assert answered(remaining_ms=batch.ANSWER_MS + batch.LEAST_MS - 10) == ["bad", "good"]
    assert lines()[-1]["message"] == "postponing is left out: the function's time is over"
    assert not sqs.hidden


def test_what_is_not_waited_for_says_nothing_later(sqs: Sqs, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def late(*_: object) -> None:
        sqs.hold.wait(5)
        own.warning("too late")
        ended.set()

    monkeypatch.setattr(retry, "postpone", late)
    sqs.hold.clear()
    answered(remaining_ms=batch.ANSWER_MS + batch.LEAST_MS + 20)
    sqs.hold.set()
    assert ended.wait(5) and "too late" not in json.dumps(lines())


TO_BEGIN = 600
"""Milliseconds in which a task has ended on a busy machine, too."""


def test_a_dead_letter_that_takes_too_long_comes_back_with_its_cause(
    sqs: Sqs, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(dead_letters, "send", lambda *_: release.wait(5))

    def task(order: Any) -> None:
        raise PermanentError("the webhook answered 410")

    answer = handler(task)({"Records": bodies("one")}, Context(remaining_ms=batch.MARGIN_MS + TO_BEGIN))
    release.set()
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["one"]
    (told,) = [each for each in lines() if "outcome" in each]
    assert told["error"] == "the webhook answered 410; the dead-letter queue has not answered in time"


@pytest.mark.parametrize("kind", ["done", "dead"])
def test_what_is_done_or_dead_stays_so_while_its_record_takes_too_long_and_that_is_said(
    kind: str, sqs: Sqs, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    from fanout.runtime import idempotency

    release, table = threading.Event(), Table()
    carried_out = table.update_item

    def slow(**request: Any) -> Any:
        if kind in json.dumps(request["ExpressionAttributeValues"].get(":record", {})):
            release.wait(5)
        return carried_out(**request)

    def task(order: Any) -> None:
        if kind == "dead":
            raise PermanentError("the webhook answered 410")

    table.update_item = slow  # type: ignore[method-assign]
    monkeypatch.setattr(idempotency, "TABLE", "completed")
    monkeypatch.setattr(idempotency, "client", lambda service: table)
    monkeypatch.setattr(dead_letters, "send", lambda *_: "letter-1")
    answer = handler(task)({"Records": bodies("one")}, Context(remaining_ms=batch.MARGIN_MS + TO_BEGIN))
    assert answer == {"batchItemFailures": []} and lines()[-1]["outcome"] == kind
    (told,) = [each for each in lines() if each["message"].startswith(f"{kind}, but not recorded: ")]
    assert (told["event_id"], told["error_type"], told["level"]) == ("one", "OutOfTime", "WARNING")
    release.set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["Error", "Code", CANARY]), inner, max_size=2),
    max_leaves=6,
)  # fmt: skip
TEXTS: dict[str, Callable[[object], str]] = {
    "raises": raises,  # type: ignore[dict-item]
    "no text": lambda self: 5,  # type: ignore[return-value, dict-item]
    "text": lambda self: CANARY,
}


@st.composite
def errors(draw: st.DrawFn) -> BaseException:
    """An exception of any base and shape; no word of it may be told, as its own class says nothing of our errors."""
    base = draw(
        st.sampled_from([Exception, BaseException, KeyError, OSError, ExceptionGroup, SystemExit, UnicodeError])
    )
    response = draw(JSON | st.just(property(raises)))
    text = TEXTS[draw(st.sampled_from(sorted(TEXTS)))]
    fields = {"response": response, "operation_name": draw(JSON), "__str__": text, "__repr__": text}
    made = type("Odd", (base,), fields)
    error: BaseException = made(CANARY, [ValueError(CANARY)]) if base is ExceptionGroup else made(CANARY)
    above = error
    for _ in range(draw(st.sampled_from([0, 1, 3, 2_000]))):
        above.__cause__ = ValueError(CANARY)
        above = above.__cause__
    if draw(st.booleans()):
        error.__context__ = error.__cause__
    return error


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(error=errors(), tracebacks=st.sampled_from(["false", ""]))
def test_an_exception_of_any_shape_is_one_messages_outcome_and_none_of_its_words_are_told(
    error: BaseException, tracebacks: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        made, stream = Sqs(), io.StringIO()
        patch.setattr(retry, "client", lambda service: made)
        patch.setenv("FANOUT_TRACEBACKS", tracebacks)
        patch.setattr(logger.handlers[0], "stream", stream)

        def task(order: Any) -> None:
            if order.id == "bad":
                raise error

        answer = handler(task)({"Records": bodies("bad", "good")}, Context())
        assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
        (failed,) = [json.loads(line) for line in stream.getvalue().splitlines() if '"outcome":"failed"' in line]
        assert failed["error_type"] == "Odd" and CANARY not in stream.getvalue()


def test_no_delay_goes_beyond_what_sqs_takes_at_that_moment(sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_delays", lambda: (43_200, 43_200))
    failed = outcome.Outcome("failed", record("{}"), None, TransientError("later"), 1.0)
    retry.postpone([failed])
    retry.postpone([failed], 800.5)
    assert sqs.seconds == [43_140, 42_339]


@pytest.mark.parametrize("slow", ["claim", "task"])
def test_a_thread_that_comes_too_late_runs_nothing_and_records_nothing(
    slow: str, sqs: Sqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fanout.runtime import idempotency, threads

    release = threading.Event()
    done: list[str] = []

    class Claim:
        def __init__(self, *_: object) -> None:
            """Of nothing."""

        def take(self, seconds_left: float) -> bool:
            return slow != "claim" or release.wait(5)

        def failed(self, error: BaseException) -> None:
            done.append("recorded")

    def task(order: Any) -> None:
        if slow == "claim":
            done.append("run")
        else:
            release.wait(5)
        raise TransientError("later")

    monkeypatch.setattr(idempotency, "Claim", Claim)
    answer = handler(task)({"Records": bodies("one")}, Context(remaining_ms=batch.MARGIN_MS + 20))
    release.set()
    ended(threads._given_up)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "one"}]} and done == []
