"""What a property says decides a replacement, not how it is written."""

from typing import Any

import pytest

from fanout.diff.compare import compare
from fanout.template.template import Template

Json = dict[str, Any]


def told(old: Any, new: Any, before: Json | None = None, after: Json | None = None) -> list[str]:
    """Of a queue with these names, beside these other sections."""
    sides = (
        Template({**(around or {}), "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}}})
        for name, around in ((old, before), (new, after))
    )
    return [each.message for each in compare(*sides) if each.kind == "queue-replaced"]


def mappings(name: str) -> Json:
    return {"Mappings": {"Names": {"prod": {"orders": name}}}}


def parameter(**default: str) -> Json:
    return {"Parameters": {"Name": {"Type": "String", **default}}}


FOUND = {"Fn::FindInMap": ["Names", "prod", "orders"]}


def test_a_name_by_way_of_a_mapping_or_a_parameter_replaces_its_queue() -> None:
    said = "QueueName changes from one to two and cannot be changed in place"
    assert said in told(FOUND, FOUND, mappings("one"), mappings("two"))[0]
    named = {"Ref": "Name"}
    assert said in told(named, named, parameter(Default="one"), parameter(Default="two"))[0]
    joined = {"Fn::Sub": ["${AWS::StackName}-${n}", {"n": FOUND}]}
    assert len(told(joined, joined, mappings("one"), mappings("two"))) == 1


@pytest.mark.parametrize("written", [{"Fn::Sub": "one"}, {"Fn::Join": ["", ["o", "ne"]]}, {"Ref": "Name"}])
def test_a_name_that_is_only_written_otherwise_replaces_none(written: Json) -> None:
    around = parameter(Default="one")
    assert told(written, "one", around, around) == told("one", written, around, around) == []


def test_a_name_that_is_not_seen_is_compared_as_it_is_written() -> None:
    named = {"Ref": "Name"}
    assert told(named, named, parameter(), parameter(Default="one")) == []
    assert len(told(named, "one", parameter(), parameter())) == 1
    unseen = [{"Fn::Transform": each} for each in ("a", "b")]
    assert (len(told(*unseen)), told(unseen[0], unseen[0], mappings("a"), mappings("b"))) == (1, [])
