"""A handler of several functions gives each event to the one that takes its type."""

import json
import re
from typing import Any

import pytest

from fanout.runtime import handler_of
from fanout.runtime.event import event_classes
from fanout.testing import run
from tests.unit.contracts.given import FORMS, ORDERS, FormSubmitted, OrderPlaced

ORDER, FORM = (json.loads(next(iter(each.valid.values()))) for each in (ORDERS, FORMS))


def functions() -> tuple[Any, Any, list[Any]]:
    got: list[Any] = []

    def placed(order: OrderPlaced) -> None:
        got.append(("placed", order))

    def submitted(form: FormSubmitted) -> None:
        got.append(("submitted", form))

    return placed, submitted, got


def test_each_function_gets_its_own_events() -> None:
    placed, submitted, got = functions()
    handle = handler_of(placed, submitted)
    assert [run(handle, each).kind for each in (ORDER, FORM)] == ["done", "done"]
    assert [(name, type(event)) for name, event in got] == [("placed", OrderPlaced), ("submitted", FormSubmitted)]


def test_the_task_of_the_handler_dispatches_too() -> None:
    placed, submitted, got = functions()
    task: Any = handler_of(placed, submitted).task  # type: ignore[attr-defined]
    assert event_classes(task) == (OrderPlaced, FormSubmitted)
    task(FormSubmitted._read(FORM, ""))
    assert [name for name, _ in got] == ["submitted"]


def test_the_task_of_one_function_is_the_function() -> None:
    placed, _, _ = functions()
    assert handler_of(placed).task is placed  # type: ignore[attr-defined]


def test_another_type_is_a_dead_letter_that_names_all_that_are_understood() -> None:
    placed, submitted, _ = functions()
    outcome = run(handler_of(placed, submitted), {**ORDER, "type": "order.paid.v1"})
    assert outcome.kind == "dead"
    assert outcome.error == "type order.paid.v1: this task understands order.placed.v1 or form.submitted.v1"


def test_two_functions_for_one_type_are_one_line() -> None:
    placed, _, _ = functions()

    def also(order: OrderPlaced | FormSubmitted) -> None: ...

    line = re.escape("placed and ") + ".*also both take order.placed.v1: let one function take it$"
    with pytest.raises(TypeError, match=line):
        handler_of(placed, also)


def test_a_function_that_does_not_say_is_one_line() -> None:
    placed, _, _ = functions()

    def unannotated(order) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    with pytest.raises(TypeError, match="unannotated: annotate its first parameter"):
        handler_of(placed, unannotated)
