"""The circuit opens after failures in a row and closes on trial; without its state everything still goes on."""

from types import SimpleNamespace
from typing import Any

import pytest

from fanout import names
from fanout.runtime import circuit_breaker
from fanout.runtime.attempt import NotDeadLettered
from fanout.runtime.errors import ContractViolation, PermanentError, TransientError, UnknownVersion
from fanout.runtime.idempotency import InProgress
from fanout.runtime.outcome import Kind, NotBegun, NotTried, Outcome, OutOfTime
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import record
from tests.unit.lambdas.lambda_ import Lambda


class Called(Lambda):
    """With the names of the calls that change something."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.away = False
        super().__init__(called=self._heard)

    def _heard(self, operation: str) -> None:
        if self.away:
            raise ConnectionError
        if operation in ("on", "off", "tag", "untag"):
            self.calls.append(operation)


@pytest.fixture
def lambda_(monkeypatch: pytest.MonkeyPatch) -> Called:
    made = Called()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "notify_partner")
    monkeypatch.setattr(circuit_breaker, "client", lambda service: made)
    monkeypatch.setattr(circuit_breaker, "LIMIT", 3)
    monkeypatch.setattr(circuit_breaker, "_in_a_row", 0)
    monkeypatch.setattr(circuit_breaker, "time", SimpleNamespace(time=lambda: 1_000_000.0))
    return made


def outcome(kind: Kind, error: BaseException | None = None) -> Outcome:
    return Outcome(kind, record("{}"), None, error, 1.0)


DONE = outcome("done")
FAILED = outcome("failed", TransientError("later"))


def test_failures_in_a_row_switch_the_mapping_off_tag_first(lambda_: Called, lines: Lines) -> None:
    circuit_breaker.watch([FAILED, FAILED])
    assert lambda_.calls == []
    circuit_breaker.watch([FAILED])
    assert (lambda_.calls, lambda_.state) == (["tag", "off", "tag"], "Disabled")
    assert lambda_.tags == {names.CIRCUIT_TAG: "1000000"}
    assert (lines()[-1]["circuit"], lines()[-1]["failures"]) == ("open", 3)


def test_a_success_in_between_starts_the_count_again(lambda_: Called) -> None:
    for outcomes in ([FAILED, FAILED], [DONE], [FAILED, FAILED]):
        circuit_breaker.watch(outcomes)
    assert lambda_.calls == []


SAYS_NOTHING = [
    outcome("duplicate"),
    outcome("dead", PermanentError("no")),
    outcome("dead", ContractViolation("no event")),
    outcome("dead", UnknownVersion("order.placed.v9")),
    outcome("failed", NotTried()),
    outcome("failed", NotBegun()),
    outcome("failed", InProgress()),
    outcome("failed", NotDeadLettered("refused")),
]


@pytest.mark.parametrize("between", SAYS_NOTHING, ids=lambda each: type(each.error).__name__)
def test_what_says_nothing_about_the_dependency_neither_opens_the_circuit_nor_keeps_it_closed(
    between: Outcome, lambda_: Called
) -> None:
    circuit_breaker.watch([between] * 5)
    assert lambda_.calls == []
    circuit_breaker.watch([FAILED, between, FAILED, between, FAILED])
    assert lambda_.state == "Disabled"


def test_what_began_and_was_given_up_is_a_failure_of_the_dependency(lambda_: Called) -> None:
    circuit_breaker.watch([outcome("failed", OutOfTime())] * 3)
    assert lambda_.state == "Disabled"


def test_a_mapping_that_an_operator_paused_is_left_alone(lambda_: Called) -> None:
    lambda_.tags = {names.PAUSED_TAG: "now by me = a reason"}
    circuit_breaker.watch([FAILED] * 3)
    assert lambda_.calls == []


@pytest.mark.parametrize(("throttled", "state"), [(1, "Enabled"), (0, "Updating")])
def test_what_lambda_refuses_now_is_tried_again_with_the_next_failure(
    throttled: int, state: str, lambda_: Called, lines: Lines
) -> None:
    lambda_.throttled, lambda_.state = throttled, state
    circuit_breaker.watch([FAILED] * 3)
    assert lines()[-1]["message"] == "circuit not opened: the retry schedule holds"
    lambda_.state = "Enabled"
    circuit_breaker.watch([FAILED])
    assert lambda_.state == "Disabled"


def test_a_mapping_that_is_off_already_is_left_alone(lambda_: Called) -> None:
    lambda_.state = "Disabled"
    circuit_breaker.watch([FAILED] * 3)
    assert lambda_.calls == []


def test_when_lambda_cannot_be_asked_the_retry_schedule_holds(lambda_: Called, lines: Lines) -> None:
    lambda_.away = True
    circuit_breaker.watch([FAILED] * 3)
    assert lines()[-1]["message"] == "circuit not opened: the retry schedule holds"


def test_without_a_limit_nothing_is_counted(lambda_: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit_breaker, "LIMIT", 0)
    circuit_breaker.watch([FAILED] * 100)
    assert lambda_.calls == []


@pytest.fixture
def close(lambda_: Called, monkeypatch: pytest.MonkeyPatch) -> Any:
    from fanout.runtime import close_circuits as handler

    monkeypatch.setattr(handler, "_lambda", lambda_)
    monkeypatch.setattr(handler, "time", SimpleNamespace(time=lambda: 1_000_000.0))
    return lambda: handler.handle({"mapping": "m", "cool_down_seconds": 300}, None)


def test_a_cooled_down_mapping_is_switched_on(lambda_: Called, close: Any) -> None:
    lambda_.state, lambda_.tags = "Disabled", {names.CIRCUIT_TAG: "999700"}
    close()
    assert (lambda_.calls, lambda_.state) == (["on"], "Enabled")
    close()
    assert (lambda_.calls, lambda_.tags) == (["on", "untag"], {})


def test_one_that_is_still_hot_is_not(lambda_: Called, close: Any) -> None:
    lambda_.state, lambda_.tags = "Disabled", {names.CIRCUIT_TAG: "999701"}
    close()
    assert lambda_.calls == []


def test_a_mapping_that_somebody_else_switched_off_is_left_alone(lambda_: Called, close: Any) -> None:
    lambda_.state = "Disabled"
    close()
    assert lambda_.calls == []


def test_an_operators_pause_is_not_ended_by_the_circuits_schedule(lambda_: Called, close: Any) -> None:
    lambda_.state, lambda_.tags = "Disabled", {names.CIRCUIT_TAG: "1", names.PAUSED_TAG: "now by me = a reason"}
    close()
    assert (lambda_.state, lambda_.calls, list(lambda_.tags)) == ("Disabled", ["untag"], [names.PAUSED_TAG])


def test_one_that_the_closer_switched_on_at_the_moment_of_the_pause_is_off_a_minute_later(
    lambda_: Called, close: Any
) -> None:
    lambda_.tags = {names.CIRCUIT_TAG: "1", names.PAUSED_TAG: "now by me = a reason"}
    close()
    assert (lambda_.state, lambda_.calls) == ("Disabled", ["off", "tag"])


def test_while_lambda_carries_out_a_change_the_closer_waits(lambda_: Called, close: Any) -> None:
    lambda_.state, lambda_.tags = "Disabling", {names.CIRCUIT_TAG: "1"}
    close()
    assert lambda_.calls == []


def test_a_tag_that_outlived_its_circuit_is_taken_away(lambda_: Called, close: Any) -> None:
    lambda_.tags = {names.CIRCUIT_TAG: "1"}
    close()
    assert lambda_.calls == ["untag"]
