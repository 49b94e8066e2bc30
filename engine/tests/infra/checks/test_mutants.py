"""Each mutant of our own templates is caught by its rule and by no other; our own templates are caught by none."""

import time
from functools import cache
from typing import Any

import pytest

from fanout.checks.engine import check_template, check_templates
from fanout.checks.findings import Finding
from fanout.checks.rule import Severity
from fanout.checks.rules import RULES
from fanout.contracts.contract import load as load_contracts
from fanout.template.load import load
from fanout.template.template import Template
from tests.infra.checks.mutants import MUTANTS, Mutant
from tests.infra.checks.spoiling import Stack, snapshot
from tests.places import APP, SNAPSHOTS

CONTRACTS = load_contracts(APP / "contracts")
CASES = [pytest.param(each, name, id=f"{each.name}-{name}") for each in MUTANTS for name in each.settings]


def findings(body: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each.rule, each.path) for each in check_template(body, contracts=CONTRACTS)}


@cache
def usual(name: str) -> set[tuple[str, str]]:
    """What is found in the stack as it is."""
    return findings(snapshot(name))


@pytest.mark.parametrize(("mutant", "name"), CASES)
def test_a_mutant_is_caught_by_its_rule_and_by_no_other(mutant: Mutant, name: str) -> None:
    stack = Stack(snapshot(name))
    mutant.spoil(stack)
    assert {rule for rule, _ in findings(stack.body) - usual(name)} == {mutant.rule, *mutant.also}


def test_every_rule_has_a_mutant() -> None:
    assert {each.rule for each in MUTANTS} == set(RULES)
    assert len(MUTANTS) >= 45


@pytest.mark.parametrize("name", ["dev", "staging", "prod", "local"])
def test_our_own_stacks_have_no_findings(name: str) -> None:
    found = check_template(Template(snapshot(name), production=name == "prod"), contracts=CONTRACTS)
    assert [f"{each.rule} {each.path}: {each.message}" for each in found] == []


def test_four_stacks_are_checked_in_under_a_second_of_cpu() -> None:
    started = time.process_time()
    check_templates(load(SNAPSHOTS), contracts=CONTRACTS)
    assert time.process_time() - started < 1


def test_a_finding_is_typed() -> None:
    stack = Stack(snapshot("dev"))
    stack.mapping["Enabled"] = False
    found = [each for each in check_template(stack.body) if each.rule == "mapping-disabled"]
    assert isinstance(found[0], Finding)
    assert found[0].severity is Severity.ERROR
    assert found[0].path == "OrderEvents-dev/NotifyPartner/Mapping/Resource"
