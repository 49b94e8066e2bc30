"""Independent gates: cfn-lint on every template, and cdk-nag's AwsSolutions on every construct."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs
from cfnlint.api import lint

import app
from stacks import settings
from tests.infra.conftest import cdk_context
from tests.infra.reading import Synth


@pytest.mark.parametrize("name", [each.name for each in settings.ALL])
def test_cfn_lint_has_nothing_to_say(name: str, synth: Synth) -> None:
    text = (synth.folder / f"FormEvents-{name}.template.json").read_text()
    found = lint(text, regions=["eu-west-1"])
    # W3005: CDK writes a DependsOn beside each function's reference to its role, which says the same twice.
    assert [f"{each.rule.id} {each.message}" for each in found if each.rule.id != "W3005"] == []


def test_cdk_nag_and_our_checks_have_nothing_to_say_beyond_what_is_acknowledged(synth: Synth) -> None:
    reports = json.loads((synth.folder / "validation-report.json").read_text())["pluginReports"]
    found = [
        (each["ruleName"], place["constructPath"])
        for report in reports
        for each in report["violations"]
        for place in each["violatingConstructs"]
    ]
    assert found == []
    assert ("AwsSolutions", "success") in [(each["pluginName"], each["conclusion"]) for each in reports]


def test_a_template_that_loses_messages_does_not_synthesize(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "ALL", ())
    made = cdk.App(context=cdk_context(), outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.add_stacks(made)
    sqs.Queue(cdk.Stack(made, "Theirs"), "Queue", dead_letter_queue=None)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        made.synth()
    (report,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    assert report["pluginName"] == "Fanout"
    assert "queue-without-tls" in [each["ruleName"] for each in report["violations"]]
