"""What was not seen is said, is counted where one asks for it, and is never called clean."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fanout.checks.engine import check_templates
from fanout.template.coverage import unseen_in
from fanout.template.load import load
from fanout.template.template import Template
from tests.unit.checks.bench.cases import Case, cases, of_rules
from tests.unit.fanout import Run

LOOP: dict[str, Any] = {
    "Transform": "AWS::LanguageExtensions",
    "Parameters": {"Names": {"Type": "CommaDelimitedList"}},
    "Resources": {"Fn::ForEach::Topics": ["Name", {"Ref": "Names"}, {"Topic${Name}": {"Type": "AWS::SNS::Topic"}}]},
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return Run(monkeypatch, capsys)


def write(path: Path, body: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(body))
    return path


def said(*templates: Template) -> str:
    check_templates(templates)
    return "\n".join(str(each) for each in unseen_in(templates))


@pytest.mark.parametrize("case", [each for each in (*cases(), *of_rules()) if each.unseen], ids=lambda case: case.id)
def test_a_case_says_what_it_does_not_show(case: Case) -> None:
    found = said(case.read())
    assert all(each in found for each in case.unseen)


@pytest.mark.parametrize(
    ("imported", "where"),
    [
        ({"Fn::ImportValue": "Orders"}, "import Orders"),
        ({"Fn::GetStackOutput": {"StackName": "Topics", "OutputName": "Arn"}}, "output Topics.Arn"),
    ],
)
def test_an_import_that_could_be_one_of_several_exports_is_said(imported: dict[str, Any], where: str) -> None:
    exports = {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "Orders"}}}
    topics = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": exports}
    reads = {"Resources": {"Sub": {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": imported}}}}
    told = said(Template(topics, name="Topics"), Template(topics, name="Topics"), Template(reads, name="Tasks"))
    assert (
        told
        == f"Tasks: {where}: Topics and Topics export it, so where it leads was not judged: check each with its own stacks"
    )
    told = said(Template(topics, name="Topics"), Template(reads, name="Tasks"))
    assert "export it" not in told


def test_what_is_not_seen_is_not_clean_and_counts_where_one_asks_for_it(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "t.json", LOOP)
    assert run("check", file) == 0
    assert "not seen" in run.out and "Fn::ForEach::Topics" in run.out
    assert "clean in what was seen; 1 thing not seen" in run.out
    assert run("check", file, "--fail-on", "unseen") == 1
    assert run("check", file, "--format", "json") == 0
    assert [each["rule"] for each in run.json()] == ["unseen"]
    assert run("check", file, "--format", "sarif") == 0
    assert [each["kind"] for each in run.json()["runs"][0]["results"]] == ["open"]


def test_that_sam_was_not_written_out_is_said_before_anything_that_was_found(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "samtranslator", None)
    monkeypatch.setitem(sys.modules, "samtranslator.parser.parser", None)
    sam = {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "python3.13", "Handler": "a.b"}}
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}, "Queue": {"Type": "AWS::SQS::Queue"}, "Function": sam}
    assert run("check", write(tmp_path / "t.json", {"Resources": resources})) == 1
    before, error, after = run.out.partition("error (")
    assert all(line.startswith("not seen t: AWS::Serverless") for line in before.splitlines())
    assert "needs fanout[sam]" in before and "needs fanout[sam]" not in after
    assert error and "not seen t: Queue" in after


def test_a_parameter_opens_a_loop(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "t.json", LOOP)
    assert run("check", file, "--parameter", "Names=a,b", "--fail-on", "unseen") == 1
    assert "topic-without-tls" in run.out and "ForEach" not in run.out


def test_a_parameter_is_name_and_value(run: Run, tmp_path: Path) -> None:
    assert run("check", write(tmp_path / "t.json", LOOP), "--parameter", "Names") == 2
    assert "expected NAME=VALUE" in run.err


def test_errors_alone_fail_where_one_asks_for_it(run: Run, tmp_path: Path) -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [{"Protocol": "http", "Endpoint": "http://x"}]}}
    warned: dict[str, Any] = {"Resources": {"Topic": topic, "S": {"Type": "AWS::Serverless::SimpleTable"}}}
    assert run("check", write(tmp_path / "t.json", warned), "--fail-on", "error") == 1
    del warned["Resources"]["Topic"]
    assert run("check", write(tmp_path / "t.json", warned), "--fail-on", "error") == 0
    assert run("check", write(tmp_path / "t.json", warned)) == 1


def assembly(folder: Path, **templates: Any) -> Path:
    artifacts = {
        name: {"type": "aws:cloudformation:stack", "properties": {"templateFile": f"{name}.template.json"}}
        for name in templates
    }
    write(folder / "manifest.json", {"artifacts": artifacts})
    for name, body in templates.items():
        write(folder / f"{name}.template.json", body)
    return folder


def test_an_empty_stack_is_a_stack_with_nothing_in_it(tmp_path: Path) -> None:
    folder = assembly(tmp_path / "out", App={"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}, Empty={"Rules": {}})
    assert [len(each.resources) for each in load(folder)] == [1, 0]


def test_a_template_of_an_older_synth_is_not_deployed(tmp_path: Path) -> None:
    folder = assembly(tmp_path / "out", App={"Resources": {}})
    write(folder / "Old.template.json", {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    write(folder / "AppInner.nested.template.json", {"Resources": {}})
    assert [each.name for each in load(folder)] == ["App", "AppInner.nested"]


def test_one_file_that_cannot_be_used_is_a_line_and_not_the_end(run: Run, tmp_path: Path) -> None:
    folder = assembly(tmp_path / "out", App={"Resources": {}}, Bad=[])
    assert run("check", folder) == 0
    assert "Bad.template.json" in run.out and "not a CloudFormation template" in run.out
    assert run("check", folder, "--fail-on", "unseen") == 1
    (folder / "App.template.json").write_text("{")
    assert run("check", folder) == 2


def test_a_nested_stack_gets_its_parameters_and_gives_its_outputs(tmp_path: Path) -> None:
    parent = {
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Inner": {
                "Type": "AWS::CloudFormation::Stack",
                "Metadata": {"aws:asset:path": "AppInner.nested.template.json"},
                "Properties": {"Parameters": {"TopicArn": {"Ref": "Topic"}, "Mode": "on"}},
            },
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": {"Ref": "Topic"},
                    "Protocol": "sqs",
                    "Endpoint": {"Fn::GetAtt": ["Inner", "Outputs.QueueArn"]},
                },
            },
        }
    }
    child: dict[str, Any] = {
        "Parameters": {"TopicArn": {"Type": "String"}, "Mode": {"Type": "String", "Default": "off"}},
        "Conditions": {"IsOn": {"Fn::Equals": [{"Ref": "Mode"}, "on"]}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Condition": "IsOn"},
            "Policy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": "Queue"}],
                    "PolicyDocument": {
                        "Statement": {
                            "Effect": "Allow",
                            "Principal": {"Service": "sns.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": "TopicArn"}}},
                        }
                    },
                },
            },
        },
        "Outputs": {"QueueArn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
    }
    folder = assembly(tmp_path / "out", App=parent)
    write(folder / "AppInner.nested.template.json", child)
    templates = load(folder)
    rules = {each.rule for each in check_templates(templates)}
    assert "queue-without-dead-letter-queue" in rules
    assert not rules & {"queue-policy-missing", "imported-queue-policy-unseen"}
    assert "nested stack" not in said(*templates)
    child["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"]["Condition"]["ArnEquals"] = {
        "aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:another"
    }
    write(folder / "AppInner.nested.template.json", child)
    assert "queue-policy-missing" in {each.rule for each in check_templates(load(folder))}
    (folder / "AppInner.nested.template.json").unlink()
    assert "the template of this nested stack is not here" in said(*load(folder))


def test_a_nested_template_of_two_stacks_is_judged_with_one_s_parameters_and_says_so(tmp_path: Path) -> None:
    def used(*parameters: dict[str, str] | None) -> str:
        stack = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "Task.nested.template.json"}}
        stacks = {
            f"Stack{number}": {**stack, "Properties": {"Parameters": each} if each else {}}
            for number, each in enumerate(parameters)
        }
        folder = assembly(tmp_path / "out", App={"Resources": stacks})
        declared = {"Mode": {"Type": "String", "Default": "off"}}
        write(folder / "Task.nested.template.json", {"Parameters": declared, "Resources": {}})
        return said(*load(folder))

    told = "its template was judged with the parameters of {}, not with its own: check Task.nested.template.json alone"
    assert f"App: Stack1: {told.format('Stack0')}" in used({"Mode": "on"}, {"Mode": "off"})
    assert f"App: Stack0: {told.format('Stack1')}" in used(None, {"Mode": "on"})
    assert "judged" not in used({"Mode": "on"}, {"Mode": "on"}) + used(None, None)


def test_a_package_of_the_serverless_framework_is_named(run: Run, tmp_path: Path) -> None:
    assert run("check", write(tmp_path / "serverless.json", {"service": "x", "provider": {}, "functions": {}})) == 2
    assert "serverless package" in run.err


def test_a_condition_of_a_parameter_that_is_not_there_is_open() -> None:
    body = {"Conditions": {"C": {"Fn::Equals": [{"Ref": "Gone"}, "a"]}}, "Resources": {}}
    assert Template(body).conditions == {"C": None}
