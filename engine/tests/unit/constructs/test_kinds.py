"""What is given in another kind than it is declared with is one line, whatever declares it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, Protocol

import pytest
from aws_cdk import Duration

from fanout.constructs.errors import ConfigurationError
from fanout.constructs.kinds import check_fields, check_kind

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


@pytest.mark.parametrize("kind", ["ec2.IVpc | None", Runs, dict[str, int]])
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
