"""The tables of `fanout verify` in the documents are those of its code."""

import re

import pytest

from fanout.ops.verify.steps.table import STEPS, Step
from tests.places import ENGINE, REPOSITORY

DEPLOYING, PAGE = REPOSITORY / "docs" / "deploying.md", ENGINE / "docs" / "verify.md"


def row(step: Step) -> str:
    minutes = f"{step.seconds} s" if step.seconds < 120 else f"{step.seconds // 60} min"
    embedded = f"not shown: {step.embedded}" if step.embedded else "shown"
    core = " (core)" if step.core else ""
    return f"| `{step.name}`{core} | {step.proves} | {minutes} | {embedded} |"


def test_the_table_of_steps_is_that_of_the_command() -> None:
    told = DEPLOYING.read_text().partition("<!-- steps -->")[2].partition("<!-- /steps -->")[0]
    assert [line for line in told.splitlines() if line.startswith("| `")] == [row(each) for each in STEPS]


@pytest.mark.parametrize("step", [each.name for each in STEPS])
def test_what_only_aws_can_answer_is_asked_by_a_step(step: str) -> None:
    asked = re.findall(r"^\|.*\| `(\w+)`", PAGE.read_text(), re.MULTILINE)
    assert step in asked and set(asked) <= {each.name for each in STEPS}
