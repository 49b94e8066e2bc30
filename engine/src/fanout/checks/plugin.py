"""The rules at synth: a CDK validation plugin. The one module of this room that knows the CDK.

    Validations.of(app).add_plugins(FanoutChecks())

An error fails `cdk synth` and `cdk deploy` and names the construct; a warning is shown. Acknowledge one where it is:

    Validations.of(queue).acknowledge(Acknowledgment(id="Fanout::physical-name", reason="..."))
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)

from fanout.checks.engine import check_templates
from fanout.checks.findings import UNUSED, Acknowledgement, Finding
from fanout.checks.rule import Severity
from fanout.checks.rules import RULES
from fanout.contracts.contract import Contract
from fanout.template.load import load


@jsii.implements(IPolicyValidationPlugin)
class FanoutChecks:
    """Checks every template of the app, or of the stage, it is added to.

    `contracts` are what its topics carry, against which filters are judged; without any, filters that need it are not.
    """

    def __init__(self, *, contracts: Iterable[Contract] = (), acknowledgements: Iterable[Acknowledgement] = ()) -> None:
        self._contracts = tuple(contracts)
        self._acknowledgements = tuple(acknowledgements)

    @property
    def name(self) -> str:
        return "Fanout"

    @property
    def version(self) -> str | None:
        try:
            return version("fanout")
        except PackageNotFoundError:
            return None

    @property
    def rule_ids(self) -> list[str] | None:
        return list(RULES)

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """The report CDK prints. Acknowledged findings are in it as information, with the reason."""
        paths = [Path(each.template_path) for each in context.stack_templates]
        templates = [template for path in paths for template in load(path)]
        files = {template.name: str(template.file) for template in templates}
        found = check_templates(templates, acknowledgements=self._acknowledgements, contracts=self._contracts)
        failed = any(each.acknowledged is None and each.severity is Severity.ERROR for each in found)
        return PolicyValidationPluginReport(
            success=not failed, violations=[_violation(each, files.get(each.template)) for each in found]
        )


def _violation(finding: Finding, file: str | None) -> PolicyViolation:
    acknowledged = finding.acknowledged is not None
    message = f"acknowledged ({finding.acknowledged}): {finding.message}" if acknowledged else finding.message
    whole = finding.path == finding.template or finding.rule == UNUSED or file is None
    where = (
        PolicyViolatingResource(construct_path=finding.path, locations=[])
        if whole
        else PolicyViolatingResource(resource_logical_id=finding.resource, template_path=file, locations=[])
    )
    return PolicyViolation(
        rule_name=finding.rule,
        description=message,
        severity=_severity(finding),
        fix=f"{finding.fix} ({finding.link})",
        violating_resources=[where],
    )


def _severity(finding: Finding) -> str:
    """CDK lets nobody acknowledge what is fatal: a left-over acknowledgement must go."""
    if finding.rule == UNUSED:
        return "fatal"
    return "info" if finding.acknowledged is not None else str(finding.severity)
