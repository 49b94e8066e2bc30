"""Any template is described without a crash, broken ones too: the catalogue judges nothing."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from fanout.catalog import alarms, asyncapi, index, pages, permissions, topology
from fanout.catalog.reading import topics
from fanout.catalog.spending import Spending
from fanout.catalog.tasks import Task
from fanout.checks.examples import ROOT, examples
from fanout.template.load import parse
from fanout.template.template import Template
from tests.unit.catalog.given import orders

NAMES = sorted(path.stem for path in ROOT.glob("*.yaml"))
JUNK: list[Any] = [
    None,
    7,
    -0.5,
    True,
    "x",
    "30,,x",
    [],
    [[]],
    {},
    {"a": {"b": []}},
    {"Ref": "Nobody"},
    {"Ref": "AWS::NoValue"},
    {"Ref": "AWS::Region"},
    {"Fn::If": ["IsProd", 1, {}]},
    {"Fn::Sub": "${Orders}-${AWS::AccountId}"},
    {"Fn::GetAtt": ["BillQueue", "Arn"]},
]


def templates(name: str) -> list[Template]:
    return [Template(parse(text, f"{name}.yaml")) for text in examples(name)]


def describe(template: Template) -> None:
    """Makes every document."""
    found = topics(template)
    known = {each.name: Task() for topic in found for each in topic.receivers}
    spending = Spending(template, list(known))
    picture = topology.flowchart(found, known)
    assert picture.count("```") == 2
    assert permissions.page(template, found).count("# Who may do what") == 1
    assert index.page(template, [template], found, [], known, picture, spending).count("\n# Catalogue\n") == 1
    assert asyncapi.text(found, [], known)
    for topic in found:
        for each in topic.subscribers:
            assert pages.page(template, topic, each, Task(), spending).count(f"\n# {each.name}\n") == 1
            assert alarms.table(alarms.of_subscriber(template, each), root="")
        for called in topic.called:
            made = pages.of_called(template, topic, called, Task(), spending)
            assert made.count(f"\n# {called.name}\n") == made.count("What may be dropped, and when") == 1


def everything() -> dict[str, Any]:
    """The template of the other tests, with what only some of them have."""
    resources = orders()["Resources"]
    variables = {"FANOUT_RETRY_DELAYS": "1,2,3", "FANOUT_RETRY_JITTER": "0.2", "FANOUT_COMPLETED_SECONDS": "60"}
    resources["BillFn"]["Properties"] |= {
        "Environment": {"Variables": variables},
        "Tags": [{"Key": "fanout:task", "Value": "bill"}],
        "LoggingConfig": {"LogGroup": "x"},
    }
    resources["BillMap"]["Properties"] |= {"ScalingConfig": {"MaximumConcurrency": 5}, "FunctionResponseTypes": ["x"]}
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    condition = {"ArnEquals": {"aws:SourceArn": {"Ref": "Orders"}}}
    policy = {"Queues": [{"Ref": "BillQueue"}], "PolicyDocument": {"Statement": [statement | {"Condition": condition}]}}
    resources["Policy"] = {"Type": "AWS::SQS::QueuePolicy", "Properties": policy}
    metric = {"Metric": {"Namespace": "x", "MetricName": "y", "Dimensions": []}, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": "a", "Expression": "b"}, {"Id": "b", "MetricStat": metric, "ReturnData": False}]
    resources["Math"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {"Metrics": queries, "Tags": resources["BillFn"]["Properties"]["Tags"]},
    }
    beat = {"ScheduleExpression": "rate(1 day)", "Target": {"Input": {"Ref": "Orders"}}}
    resources["Beat"] = {"Type": "AWS::Scheduler::Schedule", "Properties": beat}
    return {"Resources": resources}


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value of a template, at any depth."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from places(each, (*path, key))


PLACES = [path for path in places(everything()["Resources"]) if len(path) > 2]


@pytest.mark.long
def test_a_template_with_anything_anywhere_is_described() -> None:
    """Each place once, with each junk many times; all of them at all places took 16 s, and passed."""
    assert len(PLACES) > 5 * len(JUNK)
    for path, junk in zip(PLACES, itertools.cycle(JUNK), strict=False):
        body = everything()
        node = body["Resources"]
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = copy.deepcopy(junk)
        describe(Template(body))


@pytest.mark.parametrize("name", NAMES)
def test_every_example_of_the_rules_is_described(name: str) -> None:
    for template in templates(name):
        describe(template)


def test_enough_examples_have_something_to_describe() -> None:
    assert len([name for name in NAMES if any(topics(each) for each in templates(name))]) >= 10
