"""The circuit opens after failures in a row and closes on trial; without its state everything still goes on."""

from types import SimpleNamespace
from typing import Any

import pytest

from fanout import names
from fanout.runtime import circuit_breaker
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.idempotency import InProgress
from fanout.runtime.outcome import Kind, NotTried, Outcome
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import record

ARN = "arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:m"


class Lambda:
    """The mapping of one function, with its tags."""

    def __init__(self) -> None:
        self.state, self.tags = "Enabled", dict[str, str]()
        self.calls: list[str] = []
        self.away = False

    def list_event_source_mappings(self, **request: Any) -> dict[str, Any]:
        if self.away:
            raise ConnectionError
        return {"EventSourceMappings": [self.get_event_source_mapping(UUID="m")]}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, Any]:
        return {"UUID": UUID, "State": self.state, "EventSourceMappingArn": ARN}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:
        self.calls.append("on" if Enabled else "off")
        self.state = "Enabled" if Enabled else "Disabled"

    def tag_resource(self, *, Resource: str, Tags: dict[str, str]) -> None:
        self.calls.append("tag")
        self.tags |= Tags

    def untag_resource(self, *, Resource: str, TagKeys: list[str]) -> None:
        self.calls.append("untag")
        for key in TagKeys:
            self.tags.pop(key, None)

    def list_tags(self, *, Resource: str) -> dict[str, Any]:
        return {"Tags": dict(self.tags)}


@pytest.fixture
def lambda_(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    made = Lambda()
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


def test_failures_in_a_row_switch_the_mapping_off_tag_first(lambda_: Lambda, lines: Lines) -> None:
    circuit_breaker.watch([FAILED, FAILED])
    assert lambda_.calls == []
    circuit_breaker.watch([FAILED])
    assert (lambda_.calls, lambda_.state, lambda_.tags) == (["tag", "off"], "Disabled", {names.CIRCUIT_TAG: "1000000"})
    assert (lines()[-1]["circuit"], lines()[-1]["failures"]) == ("open", 3)


@pytest.mark.parametrize("between", [DONE, outcome("duplicate"), outcome("dead", PermanentError("no"))])
def test_anything_that_is_settled_in_between_starts_the_count_again(between: Outcome, lambda_: Lambda) -> None:
    for outcomes in ([FAILED, FAILED], [between], [FAILED, FAILED]):
        circuit_breaker.watch(outcomes)
    assert lambda_.calls == []


@pytest.mark.parametrize("error", [NotTried(), InProgress()])
def test_what_was_not_tried_says_nothing_about_the_dependency(error: Exception, lambda_: Lambda) -> None:
    circuit_breaker.watch([outcome("failed", error)] * 5)
    assert lambda_.calls == []


def test_a_mapping_that_is_off_already_is_left_alone(lambda_: Lambda) -> None:
    lambda_.state = "Disabled"
    circuit_breaker.watch([FAILED] * 3)
    assert lambda_.calls == []


def test_when_lambda_cannot_be_asked_the_retry_schedule_holds(lambda_: Lambda, lines: Lines) -> None:
    lambda_.away = True
    circuit_breaker.watch([FAILED] * 3)
    assert lines()[-1]["message"] == "circuit not opened: the retry schedule holds"


def test_without_a_limit_nothing_is_counted(lambda_: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit_breaker, "LIMIT", 0)
    circuit_breaker.watch([FAILED] * 100)
    assert lambda_.calls == []


@pytest.fixture
def close(lambda_: Lambda, monkeypatch: pytest.MonkeyPatch) -> Any:
    from fanout.runtime import close_circuits as handler

    monkeypatch.setattr(handler, "_lambda", lambda_)
    monkeypatch.setattr(handler, "time", SimpleNamespace(time=lambda: 1_000_000.0))
    return lambda: handler.handle({"mapping": "m", "cool_down_seconds": 300}, None)


def test_a_cooled_down_mapping_is_switched_on(lambda_: Lambda, close: Any) -> None:
    lambda_.state, lambda_.tags = "Disabled", {names.CIRCUIT_TAG: "999700"}
    close()
    assert (lambda_.calls, lambda_.tags) == (["on", "untag"], {})


def test_one_that_is_still_hot_is_not(lambda_: Lambda, close: Any) -> None:
    lambda_.state, lambda_.tags = "Disabled", {names.CIRCUIT_TAG: "999701"}
    close()
    assert lambda_.calls == []


def test_an_operators_pause_is_left_alone(lambda_: Lambda, close: Any) -> None:
    lambda_.state = "Disabled"
    close()
    assert lambda_.calls == []


def test_a_tag_that_outlived_its_circuit_is_taken_away(lambda_: Lambda, close: Any) -> None:
    lambda_.tags = {names.CIRCUIT_TAG: "1"}
    close()
    assert lambda_.calls == ["untag"]
