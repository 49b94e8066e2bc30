"""What is given in another kind than it is declared with is one line, whatever declares it."""

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, Protocol, TypedDict

import pytest
from aws_cdk import Duration

from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.compute import Batching, Function
from fanout.constructs.direct import Direct
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.kinds import check_fields, check_kind
from fanout.constructs.retry import Exponential, Retry
from stacks import settings

Colour = Enum("Colour", ["RED"])


class Runs(Protocol):
    def run(self) -> None: ...


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "expected"),
    [
        (int, 3, 2.5, "a whole number"),
        (float, 3, "3", "a number"),
        (bool, False, "yes", "True or False"),
        (str | None, None, 5, "text or None"),
        (Literal["red", "blue"], "red", "RED", "'red' or 'blue'"),
        (Colour, Colour.RED, "red", "a Colour"),
        (timedelta | Duration, Duration.minutes(5), 30, "a timedelta or a Duration"),
        (tuple[str, ...], ["a"], "a", "a list of texts"),
        (Sequence[timedelta] | None, [timedelta(0)], [1], "a list of timedeltas or None"),
    ],
)
def test_a_value_is_what_its_field_is_declared_with(kind: Any, right: object, wrong: object, expected: str) -> None:
    check_kind("settings prod", "it", right, kind)
    with pytest.raises(ConfigurationError) as refused:
        check_kind("settings prod", "it", wrong, kind)
    assert str(refused.value) == f"settings prod: it is {wrong!r}: expected {expected}"


class Tags(TypedDict):
    team: str


@pytest.mark.parametrize("kind", ["ec2.IVpc | None", Runs, dict[str, int], Any, Tags | None])
def test_what_cannot_be_judged_is_taken(kind: Any) -> None:
    check_kind("subscriber Sync", "it", 5, kind)


def test_a_field_of_an_apps_own_is_that_apps_to_judge() -> None:
    @dataclass
    class Ours:
        size: int

    @dataclass
    class Theirs(Ours):
        days: int

    check_fields("settings prod", Theirs(1, "7"), of=Ours)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^settings prod: limits\.days is '7': expected a whole number$"):
        check_fields("settings prod", Theirs(1, "7"), within="limits.")  # type: ignore[arg-type]


@pytest.mark.parametrize("ours", [Function, Direct, Batching, Retry, CircuitBreaker])
def test_a_class_of_an_apps_own_may_have_fields_of_its_own(ours: type) -> None:
    theirs = make_dataclass("Theirs", [("tag", int, "ours")], bases=(ours,), frozen=True, kw_only=True)()
    if isinstance(theirs, CircuitBreaker | Retry):
        theirs.validate("subscriber Sync")
    elif isinstance(theirs, Batching):
        theirs.validate("subscriber Sync", ordered=False)
    else:
        theirs.validate("subscriber Sync", settings.DEV, ordered=False)


def test_a_backoff_of_an_apps_own_class_may_have_fields_of_its_own() -> None:
    theirs = make_dataclass("Theirs", [("tag", int, "ours")], bases=(Exponential,), frozen=True, kw_only=True)
    Retry(backoff=theirs()).validate("subscriber Sync")
