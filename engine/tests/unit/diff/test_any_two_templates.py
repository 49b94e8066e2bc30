"""Whatever two templates differ in: what a comparison passes over, or keeps once, has nothing to say."""

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.costs.changes import cost_changes
from fanout.diff.change import Change
from fanout.diff.compare import compare, compare_stacks
from fanout.diff.revisions import read_both
from fanout.errors import Unusable
from fanout.template.alike import is_alike
from fanout.template.load import load
from fanout.template.template import Template
from tests.examples import examples
from tests.unit.checks.test_any_json import ANY_JSON, body, places

Json = dict[str, Any]
WRITTEN = ANY_JSON.filter(lambda each: "NaN" not in json.dumps(each))
"""To Python NaN is another value than itself."""
SURROUNDINGS: Json = {
    "Parameters": {"P": {"Type": "String", "Default": "a"}},
    "Mappings": {"M": {"a": {"b": "c"}}},
    "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "a"]}},
}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Json, Json]:
    """Two revisions of a template of ours: resources that come and go, values that become others, also 1 for true."""
    base = {**body(), **copy.deepcopy(SURROUNDINGS)}
    ids = list(base["Resources"])
    references = st.sampled_from(ids).flatmap(
        lambda id_: st.sampled_from(
            [{"Ref": id_}, {"Fn::GetAtt": [id_, "Arn"]}, {"Fn::If": ["C", {"Ref": id_}, {"Ref": "P"}]}]
        )
    )
    _edit(draw, base, references)
    changed = copy.deepcopy(base)
    _edit(draw, changed, references)
    return base, changed


def _edit(draw: st.DrawFn, template: Json, references: st.SearchStrategy[Any]) -> None:
    for container, key in draw(st.lists(st.sampled_from(places(template["Resources"])), max_size=4)):
        value = container[key]
        container[key] = draw(
            st.sampled_from([int(value) if isinstance(value, bool) else value, value == 1]) | references | WRITTEN
        )
    for id_ in draw(st.lists(st.sampled_from(list(template["Resources"])), max_size=2, unique=True)):
        where = draw(st.sampled_from(["gone", "copied", "conditional"]))
        if where == "gone":
            del template["Resources"][id_]
        elif where == "copied":
            template["Resources"][f"{id_}Copy"] = copy.deepcopy(template["Resources"][id_])
        elif isinstance(template["Resources"][id_], dict):
            template["Resources"][id_]["Condition"] = "C"
    for section, name, value in (("Parameters", "P", {"Default": "b"}), ("Mappings", "M", {"a": {"b": "d"}})):
        if draw(st.booleans()):
            template[section][name] = value


def compared(old: Json, new: Json) -> list[Change]:
    return compare(*(Template(copy.deepcopy(each), name="Stack") for each in (old, new)))


@given(pairs())
@settings(max_examples=examples(100), deadline=10_000)
def test_what_is_passed_over_has_nothing_to_say(pair: tuple[Json, Json]) -> None:
    with mock.patch("fanout.diff.compare.unchanged", return_value=set()):
        in_full = compared(*pair)
    assert compared(*pair) == in_full


@given(pairs())
@settings(max_examples=examples(50), deadline=10_000)
def test_what_is_kept_once_is_told_as_what_is_kept_twice(pair: tuple[Json, Json]) -> None:
    with TemporaryDirectory() as folder:
        files = [Path(folder) / side / "Stack.template.json" for side in ("old", "new")]
        for file, each in zip(files, pair, strict=True):
            file.parent.mkdir()
            file.write_text(json.dumps(each))
        read = read_both(str(files[0]), str(files[1]), Path(folder))
    told = [compare_stacks(read.old, read.new), cost_changes(read.old, read.new)]
    twice = [{"Stack": Template(json.loads(json.dumps(each)), name="Stack")} for each in pair]
    assert told == [compare_stacks(*twice), cost_changes(*twice)]


@given(pairs())
@settings(max_examples=examples(30), deadline=10_000)
def test_what_was_worked_out_can_be_worked_out_anew(pair: tuple[Json, Json]) -> None:
    sides = [{"Stack": Template(each, name="Stack")} for each in pair]
    assert cost_changes(*sides) == cost_changes(*sides)


@pytest.mark.parametrize("pair", [(False, 0), (True, 1), (1, 1.0), ({"a": [True]}, {"a": [1]}), ("a", "b"), (None, "")])
def test_what_python_takes_for_the_same_is_not_alike(pair: tuple[Any, Any]) -> None:
    assert not is_alike(*pair)
    assert is_alike(pair[0], copy.deepcopy(pair[0]))


def test_two_revisions_share_what_both_write_alike(tmp_path: Path) -> None:
    queue = {"Type": "AWS::SQS::Queue"}
    for side, seconds in (("old", 30), ("new", 60)):
        changed = {**queue, "Properties": {"VisibilityTimeout": seconds}}
        (tmp_path / side).mkdir()
        (tmp_path / side / "S.template.json").write_text(json.dumps({"Resources": {"A": queue, "B": changed}}))
    read = read_both(str(tmp_path / "old"), str(tmp_path / "new"), tmp_path)
    old, new = read.old["S"].resources, read.new["S"].resources
    assert (new["A"].body is old["A"].body, new["B"].body["Properties"]) == (True, {"VisibilityTimeout": 60})


def test_a_file_that_goes_while_it_is_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a synth writes the folder anew meanwhile."""
    file = tmp_path / "S.template.json"
    file.write_text(json.dumps({"Resources": {}}))
    read = load(file)
    file.unlink()
    monkeypatch.setattr("fanout.diff.revisions.load", lambda *_, **__: read)
    with pytest.raises(Unusable, match=r"S\.template\.json: No such file"):
        read_both(str(tmp_path), str(tmp_path), tmp_path)


def policy(value: Any) -> Json:
    """Of a queue that denies plain HTTP, if the value is false."""
    denies = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    document = {"Statement": [{**denies, "Condition": {"Bool": {"aws:SecureTransport": value}}}]}
    properties = {"Queues": [{"Ref": "Queue"}], "PolicyDocument": document}
    return {"Queue": {"Type": "AWS::SQS::Queue"}, "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": properties}}


def test_a_parameter_changes_what_a_resource_that_refers_to_it_says() -> None:
    def template(default: str) -> Json:
        return {
            "Parameters": {"Secure": {"Type": "String", "Default": default}},
            "Resources": policy({"Ref": "Secure"}),
        }

    assert [each.kind for each in compared(template("false"), template("true"))][:1] == ["tls-lost"]


def test_what_refers_to_a_resource_that_goes_is_compared() -> None:
    redrive = {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Letters", "Arn"]}, "maxReceiveCount": 3}}
    queue = {"Type": "AWS::SQS::Queue", "Properties": redrive}
    changes = compared(
        {"Resources": {"Queue": queue, "Letters": {"Type": "AWS::SQS::Queue"}}}, {"Resources": {"Queue": queue}}
    )
    assert {each.kind for each in changes if each.resource == "Queue"} == {"dead-letter-queue-changed"}


def test_a_value_of_another_type_is_another_value() -> None:
    other = {"Other": {"Type": "AWS::SQS::Queue"}}  # which is what differs to Python
    changes = compared({"Resources": policy(False)}, {"Resources": {**policy(0), **other}})
    assert {each.kind for each in changes} >= {"tls-lost"}
