"""Whatever JSON it is, the rules answer, and answer soon."""

import copy
import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.checks.engine import check_template
from fanout.contracts.contract import load as load_contracts
from fanout.errors import Unusable
from fanout.template.intrinsics import resolve
from fanout.template.load import parse
from fanout.template.template import Template
from fanout.template.values import UNKNOWN
from tests.examples import examples
from tests.places import APP, ENGINE

CONTRACTS = load_contracts(APP / "contracts")
SNAPSHOT = ENGINE / "tests" / "infra" / "snapshots" / "OrderEvents-prod.json"
WORDS = st.sampled_from(
    ["Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::If", "Fn::Select", "Fn::Split", "Fn::ImportValue", "AWS::NoValue"]
    + [
        "Resources",
        "Type",
        "Properties",
        "Statement",
        "Effect",
        "Allow",
        "Principal",
        "*",
        "Queue",
        "Queue.Arn",
        "true",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
)


def body() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SNAPSHOT.read_text())
    return found


def places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything inside a JSON value."""
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [(node, key) for key, _ in pairs] + [place for _, each in pairs for place in places(each)]


@given(ANY_JSON)
@settings(max_examples=examples(200), deadline=10_000)
def test_random_json_never_raises(node: Any) -> None:
    check_template(Template({"Resources": node}), contracts=CONTRACTS)
    check_template(Template(node), contracts=CONTRACTS)


@given(st.data())
@settings(max_examples=examples(100), deadline=10_000)
def test_our_template_with_random_json_in_random_places_never_raises(data: st.DataObject) -> None:
    template = copy.deepcopy(body())
    every = places(template)
    for container, key in data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=3)):
        container[key] = data.draw(ANY_JSON)
    check_template(template, contracts=CONTRACTS)


@given(st.floats(min_value=0, max_value=1))
@settings(max_examples=examples(30), deadline=10_000)
def test_a_truncated_template_is_refused_in_one_line(share: float) -> None:
    text = SNAPSHOT.read_text().strip()
    cut = text[: int(share * (len(text) - 1))]
    for name in ("cut.json", "cut.yaml"):
        try:
            parse(cut, name)
        except Unusable as error:
            assert "\n" not in str(error)


def test_five_hundred_resources_take_less_than_a_second() -> None:
    template = body()
    ours = list(template["Resources"].items())
    for number in range(500 // len(ours) + 1):
        text = json.dumps(dict(ours))
        for name, _ in ours:
            text = text.replace(f'"{name}"', f'"{name}N{number}"')
        template["Resources"] |= json.loads(text)
    started = time.process_time()
    check_template(template, contracts=CONTRACTS)
    assert len(template["Resources"]) >= 500
    assert time.process_time() - started < 1


def test_deep_nesting_is_survived() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = {"Fn::Join": ["", [deep]]}
    check_template({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": deep}}}})


@given(ANY_JSON, WORDS)
@settings(max_examples=examples(200))
def test_one_property_is_what_it_is_among_all(written: Any, name: str) -> None:
    for properties in (written, {name: written}, {name: written, "Other": {"Ref": "Queue"}}):
        template = Template({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}}})
        alone = template.resources["Queue"].get(name)
        is_open = resolve(template, properties) is UNKNOWN
        assert repr(alone) == repr(UNKNOWN if is_open else template.resources["Queue"].properties.get(name))
