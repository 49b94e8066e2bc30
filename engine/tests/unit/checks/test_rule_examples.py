"""Each rule has a minimal template that it complains about, and one that it does not: checks/examples/<rule>.yaml."""

import pytest

from fanout.checks.engine import check_template
from fanout.checks.examples import ROOT, examples
from fanout.checks.rules import RULES
from fanout.contracts.contract import load as load_contracts
from fanout.template.template import Template
from tests.unit.contracts.given import HERE

CONTRACTS = load_contracts(HERE / "order")
LARGE = {"template-near-limit", "policy-too-large", "variables-too-large", "alarms-too-large"}
"""What they complain about is long: tests of their own make it."""
WITH_EXAMPLE = [rule for rule in RULES if rule not in LARGE]


def rules_found(text: str) -> set[str]:
    from fanout.template.yaml import parse_yaml

    template = Template(parse_yaml(text, "example"))
    return {each.rule for each in check_template(template, contracts=CONTRACTS) if each.acknowledged is None}


@pytest.mark.parametrize("rule", WITH_EXAMPLE)
def test_the_broken_example_is_found(rule: str) -> None:
    broken, _ = examples(rule)
    assert rule in rules_found(broken)


@pytest.mark.parametrize("rule", WITH_EXAMPLE)
def test_the_clean_example_is_not(rule: str) -> None:
    _, clean = examples(rule)
    assert rule not in rules_found(clean)


def test_every_example_belongs_to_a_rule() -> None:
    assert {path.stem for path in ROOT.glob("*.yaml")} == set(WITH_EXAMPLE)


def test_four_hundred_and_one_resources_are_near_the_limit() -> None:
    resources = {f"Parameter{number}": {"Type": "AWS::SSM::Parameter"} for number in range(401)}
    assert {each.rule for each in check_template({"Resources": resources})} == {"template-near-limit"}
    del resources["Parameter0"]
    assert check_template({"Resources": resources}) == []
