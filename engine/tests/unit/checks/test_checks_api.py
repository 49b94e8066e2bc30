"""`from checks import ...`: typed, light to import, and the same answer for one template as for several."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fanout.checks.engine import check_template, check_templates
from fanout.checks.findings import Acknowledgement
from fanout.template.load import load
from fanout.template.template import Template
from tests.places import ENGINE

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "invoices"}}
LETTERS = {
    "Queue": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Letters", "Arn"]}, "maxReceiveCount": 5}
        },
    },
    "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1_209_600}},
}
ALARM = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "AlarmActions": ["arn:x"],
    },
}


def rules(body: dict[str, Any], *acknowledgements: Acknowledgement) -> set[str]:
    found = check_template(body, acknowledgements=acknowledgements)
    return {each.rule for each in found if each.acknowledged is None}


def test_importing_checks_imports_neither_cdk_nor_cfn_lint_nor_yaml() -> None:
    code = "import sys, fanout.checks.engine; print([name for name in ('aws_cdk', 'jsii', 'cfnlint', 'yaml', 'boto3') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ENGINE, check=True)
    assert done.stdout.strip() == "[]"


def test_what_cannot_be_seen_is_neither_clean_nor_broken() -> None:
    hidden = {"Fn::If": ["IsLarge", 1, 1000]}
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "FunctionName": {"Ref": "Function"},
            "BatchSize": hidden,
            "FunctionResponseTypes": {"Fn::If": ["a", ["ReportBatchItemFailures"], {"Ref": "AWS::NoValue"}]},
            "ScalingConfig": {"MaximumConcurrency": hidden},
        },
    }
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Timeout": hidden, "LoggingConfig": {"LogGroup": hidden}},
    }
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": hidden, "RedrivePolicy": hidden}}
    body = {"Resources": {"Queue": queue, "Function": function, "Mapping": mapping}}
    assert rules(body) == {"queue-without-tls"}


def test_the_default_of_a_parameter_is_what_is_deployed_unless_somebody_says_otherwise() -> None:
    body: dict[str, Any] = {"Parameters": {"Name": {"Type": "String", "Default": "invoices"}}}
    body["Resources"] = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}}
    assert "physical-name" in rules(body)
    del body["Parameters"]["Name"]["Default"]
    assert "physical-name" not in rules(body)


def test_an_alarm_in_another_stack_counts_when_both_are_checked() -> None:
    owner = Template(
        {
            "Resources": LETTERS,
            "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Letters", "QueueName"]}, "Export": {"Name": "letters"}}},
        },
        name="Owner",
    )
    alarm = json.loads(json.dumps(ALARM))
    alarm["Properties"]["Dimensions"] = [{"Name": "QueueName", "Value": {"Fn::ImportValue": "letters"}}]
    monitor = Template({"Resources": {"Alarm": alarm}}, name="Monitor")
    unrelated = Template({"Resources": {}}, name="Monitor")
    missing = "dead-letter-queue-without-alarm"
    assert missing not in {each.rule for each in check_templates([owner, monitor])}
    assert missing not in {each.rule for each in check_templates([owner, unrelated])}  # exported: unknown, not broken
    del owner.body["Outputs"]
    assert missing in {each.rule for each in check_templates([Template(owner.body), unrelated])}


def test_an_acknowledgement_must_name_a_rule_a_resource_and_a_reason() -> None:
    body = {"Resources": {"Queue": QUEUE}}
    good = Acknowledgement("physical-name", "Queue", "the mainframe knows it by name")
    assert "physical-name" not in rules(body, good)
    for bad in (
        Acknowledgement("physical-name", "Queue", " "),
        Acknowledgement("physical-name", "", "everything"),
        Acknowledgement("no-such-rule", "Queue", "because"),
        Acknowledgement("acknowledgement-unused", "Queue", "because"),
        Acknowledgement("physical-name", "OtherQueue", "because"),
    ):
        assert {"physical-name", "acknowledgement-unused"} <= rules(body, bad)


def test_malformed_acknowledgements_in_a_template_are_findings() -> None:
    for entry in ("physical-name", {"rule": "physical-name"}, [5], {"rule": ["physical-name"], "reason": "x"}):
        body = {"Resources": {"Queue": {**QUEUE, "Metadata": {"fanout": {"acknowledge": entry}}}}}
        assert "acknowledgement-unused" in rules(body)


def test_a_construct_stands_for_what_is_inside_it() -> None:
    queue = {**QUEUE, "Metadata": {"aws:cdk:path": "Stack/Orders/Queue/Resource"}}
    for place, covered in (("Stack/Orders", True), ("Stack/Ord", False), ("Stack/Orders/Queue/Resource", True)):
        found = rules({"Resources": {"Q": queue}}, Acknowledgement("physical-name", place, "because"))
        assert ("physical-name" not in found) is covered


def test_production_is_what_metadata_or_termination_protection_says(tmp_path: Path) -> None:
    body = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    artifact = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "S.template.json", "terminationProtection": True},
    }
    (tmp_path / "S.template.json").write_text(json.dumps(body))
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"S": artifact}}))
    assert "deleted-with-stack" in {each.rule for each in check_templates(load(tmp_path))}
    assert "deleted-with-stack" not in rules(body)
    assert "deleted-with-stack" in rules({**body, "Metadata": {"fanout": {"production": True}}})
