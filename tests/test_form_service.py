"""What the form service's stack promises: it knows of the fan-out an ARN, and of what people sent nothing is lost with it."""

import json

import pytest

from fanout.project import intake_stack_name
from stacks import settings
from tests.reading import ROOT, Synth, Template, as_list, of_type, target


@pytest.mark.parametrize("name", [each.name for each in settings.ALL])
def test_the_form_service_knows_the_topic_by_a_parameter_alone(name: str, synth: Synth) -> None:
    """Nor may whoever answers people publish."""
    template = synth.of_stack(intake_stack_name(name, ROOT))
    parameters = {each["Default"] for each in template["Parameters"].values() if "SSM" in each["Type"]}
    told = {f"/fanout/{name}/topic-arn", f"/fanout/{name}/records-table", f"/fanout/{name}/records-key-arn"}
    assert {each for each in parameters if not each.startswith("/cdk-bootstrap")} <= told
    assert "Fn::ImportValue" not in json.dumps(template) and "FormEvents" not in json.dumps(template["Resources"])
    publishers, web = _roles_with(template, "sns:Publish"), _roles_with(template, "dynamodb:PutItem")
    assert publishers and web and not set(publishers) & set(web)


def _roles_with(template: Template, action: str) -> list[str]:
    return [
        target(role)
        for policy in of_type(template, "AWS::IAM::Policy").values()
        if any(action in as_list(each["Action"]) for each in policy["Properties"]["PolicyDocument"]["Statement"])
        for role in policy["Properties"]["Roles"]
    ]


@pytest.mark.parametrize("name", [each.name for each in settings.ALL if each.keeps])
def test_what_people_sent_stays_when_a_stack_that_retains_goes(name: str, synth: Synth) -> None:
    template = synth.of_stack(intake_stack_name(name, ROOT))
    for kind in ("DynamoDB::Table", "KMS::Key", "Logs::LogGroup"):
        found = of_type(template, f"AWS::{kind}")
        assert found
        for id_, each in found.items():
            kept = (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
            assert kept == ("RetainExceptOnCreate", "Retain"), id_
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
