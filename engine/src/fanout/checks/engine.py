"""Runs the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fanout.checks.findings import Acknowledgement, Finding, apply, written_in
from fanout.checks.rule import Problem, Rule
from fanout.checks.rules import RULES
from fanout.contracts.contract import Contract
from fanout.template.linking import link
from fanout.template.template import Template


def check_template(
    template: Mapping[str, Any] | Template,
    *,
    acknowledgements: Iterable[Acknowledgement] = (),
    contracts: Iterable[Contract] = (),
) -> list[Finding]:
    """What would lose, duplicate, block or leak messages in one template: the JSON as a dict, or a Template.

    Acknowledged findings are in the list, with the reason. The function never raises for any JSON.
    """
    one = template if isinstance(template, Template) else Template(dict(template))
    return check_templates([one], acknowledgements=acknowledgements, contracts=contracts)


def check_templates(
    templates: Sequence[Template],
    *,
    acknowledgements: Iterable[Acknowledgement] = (),
    contracts: Iterable[Contract] = (),
) -> list[Finding]:
    """The same for templates that are deployed together: imports of one lead to exports of another."""
    found: list[Finding] = []
    given = list(acknowledgements)
    for template in link(templates):
        template.contracts = tuple(contracts)
    for template in templates:
        given += written_in(template)
        found += [finding for rule in RULES.values() for finding in _findings(rule, template)]
    return apply(found, given)


def _findings(rule: Rule, template: Template) -> Iterable[Finding]:
    return dict.fromkeys(_finding(rule, problem, template) for problem in rule.check(template))


def _finding(rule: Rule, problem: Problem, template: Template) -> Finding:
    where = problem.resource
    resource, path = (template.name, template.name) if isinstance(where, Template) else (where.id, where.path)
    fix = problem.fix or rule.fix
    return Finding(rule.id, rule.severity, resource, path, problem.message, fix, rule.link, template.name)
