"""Who could deliver before and cannot now."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fanout.diff.change import KINDS
from fanout.diff.compare import compare
from fanout.template.template import Template
from tests.unit.fanout import Run

SEND = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
BEFORE: dict[str, Any] = {
    "Queue": {"Type": "AWS::SQS::Queue"},
    "Policy": {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Statement": [SEND]}},
    },
    "Rule": {
        "Type": "AWS::Events::Rule",
        "Properties": {"Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]},
    },
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Worker": {"Type": "AWS::Lambda::Function", "Properties": {"ReservedConcurrentExecutions": 20}},
    "Subscription": {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "lambda",
            "Endpoint": {"Fn::GetAtt": ["Worker", "Arn"]},
        },
    },
    "Permission": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": {"Ref": "Worker"},
            "Principal": "sns.amazonaws.com",
            "SourceArn": {"Ref": "Topic"},
        },
    },
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "NotificationConfiguration": {"QueueConfigurations": [{"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}]}
        },
    },
    "Pipe": {
        "Type": "AWS::Pipes::Pipe",
        "Properties": {"Source": {"Fn::GetAtt": ["Queue", "Arn"]}, "Target": "arn:x", "RoleArn": "r"},
    },
}
Change = Callable[[dict[str, Any]], object]


def dangers(change: Change) -> set[tuple[str, str]]:
    after = copy.deepcopy(BEFORE)
    change(after)
    found = compare(Template({"Resources": BEFORE}, name="a"), Template({"Resources": after}, name="a"))
    return {(each.kind, each.resource) for each in found if each.danger}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda to: to["Rule"]["Properties"].update(State="DISABLED"), ("sender-stopped", "Rule")),
        (lambda to: to["Rule"]["Properties"].update(Targets=[]), ("sender-stopped", "Rule")),
        (lambda to: to.pop("Rule"), ("sender-stopped", "Queue")),
        (lambda to: to["Bucket"].pop("Properties"), ("sender-stopped", "Bucket")),
        (lambda to: to["Pipe"]["Properties"].update(DesiredState="STOPPED"), ("sender-stopped", "Pipe")),
        (lambda to: to.pop("Permission"), ("delivery-refused", "Worker")),
        (lambda to: to.pop("Policy"), ("delivery-refused", "Queue")),
        (lambda to: to["Worker"]["Properties"].update(ReservedConcurrentExecutions=0), ("function-stopped", "Worker")),
    ],
)
def test_what_ends_a_delivery_is_a_danger(change: Change, found: tuple[str, str]) -> None:
    assert found in dangers(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda to: None,
        lambda to: to["Rule"]["Properties"].update(State="ENABLED"),
        lambda to: to["Worker"]["Properties"].update(ReservedConcurrentExecutions=1),
        lambda to: to["Policy"]["Properties"].update(PolicyDocument={"Statement": SEND}),
        lambda to: to["Permission"]["Properties"].pop("SourceArn"),
    ],
)
def test_what_ends_none_is_no_danger(change: Change) -> None:
    assert dangers(change) == set()


def test_an_export_that_is_removed_is_a_danger_and_one_that_is_renamed_too() -> None:
    def stack(name: str | None) -> Template:
        export = {"Export": {"Name": name}} if name else {}
        return Template({"Resources": BEFORE, "Outputs": {"Arn": {"Value": {"Ref": "Topic"}, **export}}}, name="a")

    def kinds(old: str | None, new: str | None) -> set[str]:
        return {each.kind for each in compare(stack(old), stack(new))}

    assert kinds("forms", None) == kinds("forms", "news") == {"export-removed"}
    assert kinds("forms", "forms") == kinds(None, "forms") == set()


def test_a_loop_that_loses_an_item_loses_its_queue(run: Run, tmp_path: Path) -> None:
    def loop(items: list[str]) -> dict[str, Any]:
        body = {"Queue${Name}": {"Type": "AWS::SQS::Queue"}}
        return {"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::Queues": ["Name", items, body]}}

    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(loop(["A", "B"])))
    new.write_text(json.dumps(loop(["A"])))
    assert run("diff", old, new) == 1
    assert "queue-removed" in run.out and "QueueB" in run.out


def test_no_changes_is_only_said_of_what_was_seen(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"Resources": {"F": {"Type": "AWS::CloudFormation::Stack"}}}))
    assert run("diff", file, file) == 0
    assert "not compared" in run.out and "no changes in what was seen" in run.out
    assert run("diff", file, file, "--format", "json") == 0
    assert [each["change"] for each in run.json()] == ["unseen"]
    assert run("diff", file, file, "--format", "markdown") == 0
    assert "not compared" in run.out


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return Run(monkeypatch, capsys)


def test_each_kind_is_explained() -> None:
    for kind in ("sender-stopped", "delivery-refused", "function-stopped", "export-removed"):
        assert KINDS[kind].danger


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("AWS::SNS::Subscription", {"FilterPolicy": {"x": [{"Fn::Sub": "a-${Queue}"}]}}),
        ("AWS::Lambda::EventSourceMapping", {"FilterCriteria": {"Filters": [{"Pattern": {"Fn::Sub": "a-${Queue}"}}]}}),
    ],
)
def test_a_filter_that_names_a_resource_is_no_change_beside_another(type_: str, properties: dict[str, Any]) -> None:
    """It is compared by that resource's logical id."""

    def template(number: int) -> Template:
        resource = {"Type": type_, "Properties": {**properties, "BatchSize": number}}
        return Template({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Filter": resource}})

    assert [each.message for each in compare(template(1), template(2))] == [f"{type_} updated in place: BatchSize"]
