"""A queue from which nobody takes messages any more is a danger, whoever did."""

import copy
from typing import Any

import pytest

from fanout import names
from fanout.diff.change import Change
from fanout.diff.compare import compare
from fanout.template.template import Template

Json = dict[str, Any]


def mapping(queue: Any, **properties: Any) -> Json:
    source = queue if isinstance(queue, dict) else {"Fn::GetAtt": [queue, "Arn"]}
    properties = {"EventSourceArn": source, "FunctionName": "mail", **properties}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}


def pipe(queue: str) -> Json:
    source = {"Fn::GetAtt": [queue, "Arn"]}
    return {"Type": "AWS::Pipes::Pipe", "Properties": {"Source": source, "Target": "arn:x", "RoleArn": "r"}}


def worker(queue: Any, tasks: int = 1) -> Json:
    environment = [{"Name": names.QUEUE_URL, "Value": queue}]
    return {
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {"DesiredCount": tasks, "TaskDefinition": {"Ref": "Definition"}},
        },
        "Definition": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"ContainerDefinitions": [{"Environment": environment}]},
        },
    }


QUEUES = {"A": {"Type": "AWS::SQS::Queue"}, "B": {"Type": "AWS::SQS::Queue"}}
WORKER = worker({"Ref": "A"})
SCALED = {
    "Scaled": {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "ServiceNamespace": "ecs",
            "ResourceId": {"Fn::Sub": "service/${Service}"},
            "MinCapacity": 0,
            "MaxCapacity": 5,
        },
    }
}


def compared(old: Json, new: Json) -> list[Change]:
    return compare(*(Template(copy.deepcopy({"Resources": {**QUEUES, **each}}), name="Shop") for each in (old, new)))


def removed(old: Json, new: Json) -> list[str]:
    """Where it is said that nothing takes messages any more."""
    return [each.resource for each in compared(old, new) if each.kind == "mapping-removed"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"M": mapping("A")}, {"M": mapping("B")}),
        ({"M": mapping("A")}, {"M": mapping({"Fn::ImportValue": "another-stacks-queue"})}),
        ({"P": pipe("A")}, {"P": pipe("B")}),
        ({"P": pipe("A")}, {}),
        (WORKER, {}),
        (WORKER, worker({"Ref": "A"}, tasks=0)),
        (WORKER, worker({"Ref": "B"})),
        ({**WORKER, "P": pipe("A")}, {"P": pipe("B")}),
    ],
)
def test_a_queue_that_loses_its_last_reader_is_told(old: Json, new: Json) -> None:
    assert removed(old, new) == ["A"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"M": mapping("A")}, {"M": mapping("B"), "N": mapping("A")}),
        ({**WORKER, "M": mapping("A")}, {**worker({"Ref": "A"}, tasks=0), "M": mapping("A")}),
        (WORKER, {**worker({"Ref": "A"}, tasks=0), **SCALED}),
        ({"M": mapping("A", Enabled=False)}, {"M": mapping("B")}),
        ({"M": mapping("A")}, {"M": mapping("A", Enabled=False)}),  # which is told of the mapping
        ({"M": mapping("A")}, {"M": mapping({"Fn::Transform": "unseen"})}),
        (WORKER, worker({"Fn::Transform": "unseen"})),
    ],
)
def test_a_queue_that_is_read_or_of_which_it_is_not_seen_is_not(old: Json, new: Json) -> None:
    assert removed(old, new) == []


def test_a_mapping_that_is_removed_is_told_once() -> None:
    assert removed({"M": mapping("A")}, {}) == ["M"]


OFF = {"M": mapping("A", Enabled=False)}


@pytest.mark.parametrize(
    ("new", "who"),
    [
        (WORKER, "Service"),
        ({**worker({"Ref": "A"}, tasks=0), **SCALED}, "Service"),
        ({"P": pipe("A")}, "P"),
        ({"Of": mapping("A", FunctionName="print", BatchSize=1)}, "Of"),
        ({**OFF, **WORKER}, "Service"),
    ],
)
def test_a_mapping_in_whose_place_another_reads_the_queue_is_no_danger(new: Json, who: str) -> None:
    said = "Enabled is false from now on" if "M" in new else "the mapping is removed"
    told = [each for each in compared({"M": mapping("A")}, new) if each.resource == "M"]
    assert [(each.kind, each.message) for each in told] == [("reader-changed", f"{said}; {who} takes messages from A")]
    assert not any(each.danger for each in told)


@pytest.mark.parametrize(
    "others",
    [{}, worker({"Ref": "B"}), worker({"Ref": "A"}, tasks=0), {"P": pipe("B")}, {"N": mapping("A", Enabled=False)}],
)
def test_a_mapping_in_whose_place_nobody_is_seen_to_read_is_a_danger(others: Json) -> None:
    for new, kind in ((others, "mapping-removed"), ({**OFF, **others}, "mapping-disabled")):
        assert (kind, "M") in {(each.kind, each.resource) for each in compared({"M": mapping("A")}, new) if each.danger}
