"""What only looks has the rights to look: where these cannot be had at first it says so, and later it does not look."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout import names
from fanout.console import limits
from fanout.console.limits import Limits
from fanout.errors import OpsError
from fanout.ops.aws.stack import Stack
from fanout.ops.verify.result import NotShown


def stack(rights: str) -> Stack:
    aws = cast(Any, SimpleNamespace(is_aws=True, session=rights))
    return Stack(aws, "Orders", "arn", "CREATE_COMPLETE", {names.OPERATOR_READ_POLICY_ARN_OUTPUT: "arn:policy"}, ())


def looked(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """With which rights it looked, one time after the other; STS says no for each "no"."""
    told = iter(answers)

    def limited(*_: Any) -> Any:
        if next(told) == "no":
            raise NotShown("AWS is busy")
        return SimpleNamespace(session="cut down")

    monkeypatch.setattr(limits, "limited", limited)
    monkeypatch.setattr(limits, "find", lambda aws, name: stack(aws.session))
    made, found = Limits(None), []
    for _ in answers:
        try:
            found.append(str(made.cut_down(stack("all"), lambda _: None).aws.session))
        except OpsError as error:
            found.append(str(error))
    return [*found, *made.said]


def test_a_refusal_in_between_gives_no_more_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(monkeypatch, "yes", "no", "yes") == [
        "cut down",
        "no session with the rights to look alone is to be had at this moment: AWS is busy",
        "cut down",
    ]


def test_a_refusal_at_the_start_is_said_and_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "it looks with all rights of these credentials, and not with those to look alone: AWS is busy"
    assert looked(monkeypatch, "no", "no") == ["all", "all", said]
