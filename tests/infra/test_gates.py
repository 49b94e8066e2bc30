"""Independent gates: cfn-lint on every template, and cdk-nag's AwsSolutions on every construct."""

import json

import pytest
from cfnlint.api import lint

from stacks import settings
from tests.infra.reading import Synth


@pytest.mark.parametrize("name", [each.name for each in settings.ALL])
def test_cfn_lint_has_nothing_to_say(name: str, synth: Synth) -> None:
    text = (synth.folder / f"FormEvents-{name}.template.json").read_text()
    found = lint(text, regions=["eu-west-1"])
    # W3005: CDK writes a DependsOn beside each function's reference to its role, which says the same twice.
    assert [f"{each.rule.id} {each.message}" for each in found if each.rule.id != "W3005"] == []


def test_cdk_nag_has_nothing_to_say_beyond_what_is_acknowledged(synth: Synth) -> None:
    (report,) = json.loads((synth.folder / "validation-report.json").read_text())["pluginReports"]
    found = [
        (each["ruleName"], place["constructPath"])
        for each in report["violations"]
        for place in each["violatingConstructs"]
    ]
    assert (report["pluginName"], found, report["conclusion"]) == ("AwsSolutions", [], "success")
