"""A task that its topic calls: the same handler, the envelope of SNS, and an error that asks Lambda to try again."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from events import OrderPlaced
from fanout import names
from fanout.runtime import direct, handler_of
from fanout.runtime.errors import PermanentError, TransientError
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, example

Deployed = Callable[[Callable[[OrderPlaced], None]], None]
SECRET = "a customer's words"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Puts a task's folder in place, as its zip has it."""

    def deploy(task: Callable[[OrderPlaced], None]) -> None:
        module = ModuleType("purge_cache.handler")
        module.handle = handler_of(task)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "purge_cache", ModuleType("purge_cache"))
        monkeypatch.setitem(sys.modules, "purge_cache.handler", module)
        monkeypatch.setenv(names.TASK, "purge_cache")
        direct._task.cache_clear()

    yield deploy
    direct._task.cache_clear()


def keep(sent: list[dict[str, Any]], record: dict[str, Any], cause: dict[str, Any]) -> str:
    sent.append({**record, "cause": cause})
    return "id"


def envelope(body: str, **attributes: dict[str, str]) -> dict[str, Any]:
    """As https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html shows it."""
    told = {"Type": "Notification", "MessageId": "sns-1", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:orders"}
    sns = {
        **told,
        "Subject": None,
        "Message": body,
        "Timestamp": "2026-11-26T10:00:00Z",
        "MessageAttributes": attributes,
    }
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}]}


def test_the_task_gets_the_event_and_nothing_is_asked_of_lambda(deployed: Deployed, lines: Lines) -> None:
    seen: list[str] = []

    def purge(order: OrderPlaced) -> None:
        seen.append(order.id)

    deployed(purge)
    direct.handle(envelope(json.dumps(example())), Context())
    assert seen == [example()["id"]]
    assert [(each["outcome"], each["message_id"]) for each in lines() if "outcome" in each] == [("done", "sns-1")]


def test_a_failure_asks_lambda_to_try_again_without_a_word_of_the_event(deployed: Deployed, lines: Lines) -> None:
    def purge(order: OrderPlaced) -> None:
        raise TransientError("the cache is away")

    deployed(purge)
    with pytest.raises(direct.NotDone) as raised:
        direct.handle(envelope(json.dumps(example())), Context())
    assert str(raised.value) == "1 of 1 events failed: TransientError"
    assert [each["outcome"] for each in lines() if "outcome" in each] == ["failed"]


def test_words_of_the_event_leave_in_no_error(deployed: Deployed) -> None:
    def purge(order: OrderPlaced) -> None:
        raise ValueError(SECRET)

    deployed(purge)
    with pytest.raises(direct.NotDone) as raised:
        direct.handle(envelope(json.dumps(example())), Context())
    assert SECRET not in str(raised.value) and raised.value.__cause__ is None and raised.value.__context__ is None


def test_what_no_retry_helps_is_a_dead_letter_and_lambda_is_asked_for_nothing(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("fanout.runtime.dead_letters.send", partial(keep, sent))

    def purge(order: OrderPlaced) -> None:
        raise PermanentError("there is no such page")

    deployed(purge)
    shop = {"Type": "String", "Value": "berlin"}
    direct.handle(envelope(json.dumps(example()), shop_id=shop), Context())
    (letter,) = sent
    assert letter["body"] == json.dumps(example())
    assert letter["messageAttributes"] == {"shop_id": {"dataType": "String", "stringValue": "berlin"}}
    assert letter["cause"]["error"] == "there is no such page"


def test_a_task_that_may_drop_has_no_queue_to_bury_in(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    monkeypatch.delenv(names.DEAD_LETTER_QUEUE_URL, raising=False)

    def purge(order: OrderPlaced) -> None:
        raise PermanentError("there is no such page")

    deployed(purge)
    direct.handle(envelope(json.dumps(example())), Context())
    assert [each["outcome"] for each in lines() if "outcome" in each] == ["dead"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Type": "String", "Value": "berlin"}, {"dataType": "String", "stringValue": "berlin"}),
        ({"Type": "Number", "Value": "3"}, {"dataType": "Number", "stringValue": "3"}),
        ({"Type": "Binary", "Value": "AAE="}, {"dataType": "Binary", "binaryValue": "AAE="}),
    ],
)
def test_an_attribute_is_what_a_queue_would_hold(given: dict[str, str], expected: dict[str, str]) -> None:
    assert direct.record_of(envelope("{}", name=given)["Records"][0])["messageAttributes"] == {"name": expected}


def test_what_is_no_event_is_buried(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("fanout.runtime.dead_letters.send", partial(keep, sent))
    deployed(lambda_of_nothing)
    direct.handle(envelope("not JSON"), Context())
    assert [each["cause"]["error_type"] for each in sent] == ["ContractViolation"]


def lambda_of_nothing(order: OrderPlaced) -> None:
    raise AssertionError("it is not called")
