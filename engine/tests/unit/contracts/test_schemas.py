"""A folder of schemas becomes what the engine must know of each type, or a line for each file and fault."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanout.contracts.contract import load
from fanout.contracts.generate import generated
from fanout.errors import ContractError
from tests.examples import examples
from tests.unit.contracts.given import FORMS, ORDERS, order, put, schema

NAME = {"type": "string"}


def lines(folder: Path) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load(folder)
    return [each.removeprefix(f"contract {folder}/") for each in str(caught.value).split("\n")]


def data(required: Any = ("a", "b"), **properties: Any) -> dict[str, Any]:
    return schema({"required": list(required), "properties": properties})


def role(*roles: Any, **more: Any) -> dict[str, Any]:
    return {**NAME, "x-fanout": list(roles), **more}


def test_a_contract_tells_attributes_group_and_reference() -> None:
    orders = ORDERS["order.placed.v1"]
    assert orders.attributes == {"type": "type", "shop_id": "data.shop_id"}
    assert (orders.group, orders.reference) == ("data.shop_id", "data.order_id")
    assert orders.attribute_values(order()) == {"type": "order.placed.v1", "shop_id": "contact"}
    assert len(orders.examples) == len(ORDERS.valid) == 4 and "not_json" in ORDERS.invalid
    forms = FORMS["form.submitted.v1"]
    assert forms.attributes == {"type": "type", "form_id": "data.form_id"}
    assert (forms.group, forms.reference) == ("data.form_id", "data.submission_id")


def test_a_line_may_be_missing_and_needs_to_be_a_string(tmp_path: Path) -> None:
    found = load(put(tmp_path, data(a=NAME, b=NAME, c=role("line"))))["order.placed.v1"]
    assert found.lines == ("data.c",)
    wrong = put(tmp_path, data(a=NAME, b=NAME, c={"x-fanout": ["line"], "type": "object"}))
    assert any("data.c has a role and is no required string" in each for each in lines(wrong))


def test_roles_may_be_absent_or_on_the_envelope(tmp_path: Path) -> None:
    bare = schema({})
    assert (load(put(tmp_path, bare))["order.placed.v1"].group) is None
    bare["properties"]["source"]["x-fanout"] = ["attribute", "group", "reference"]
    contract = load(put(tmp_path, bare))["order.placed.v1"]
    assert (contract.attributes["source"], contract.group, contract.reference) == ("source", "source", "source")


def test_examples_belong_to_the_contract_of_their_type(tmp_path: Path) -> None:
    other = schema(properties={**schema()["properties"], "type": {"const": "order.paid.v2"}})
    put(tmp_path, schema(), other)
    (tmp_path / "examples" / "valid").mkdir(parents=True)
    (tmp_path / "examples" / "valid" / "paid.json").write_text(json.dumps(order(type="order.paid.v2")))
    contracts = load(tmp_path)
    assert [len(each.examples) for each in contracts] == [0, 1] and len(contracts) == 2


@pytest.mark.parametrize("type_", [[], {}, None, ["order.placed.v1"]])
def test_an_example_whose_type_is_none_is_told_by_its_file(tmp_path: Path, type_: Any) -> None:
    path = put(tmp_path, schema()) / "examples" / "valid" / "odd.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(order(type=type_)))
    with pytest.raises(ContractError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"contract {path}: no schema describes its type: ")


def typed(type_: Any) -> dict[str, Any]:
    return schema(properties={**schema()["properties"], "type": type_})


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("{", "it is not JSON (line 1, column 2): correct it there"),
        ("[]", "it holds no JSON object: write one"),
        ("[" * 100_000, "it is nested too deeply, or holds NaN or a number that is too large: make it simpler"),
        ('{"maximum": 1e400}', "it is nested too deeply, or holds NaN or a number that is too large: make it simpler"),
        ('{"maximum": NaN}', "it is nested too deeply, or holds NaN or a number that is too large: make it simpler"),
        *(
            (data(a={"$ref": reference}), f"$ref to {reference} leads to no schema: only a definition in the same file can be referred to")
            for reference in ("#/definitions/nowhere", "#nowhere", "other.json", "https://example.com/a#/b", "#/type", "http://[", None)
        ),
        (
            typed({"type": "string"}),
            'type has no const: say which type it describes, such as "type": {"const": "order.placed.v1"}',
        ),
        (
            typed({"const": "Order placed"}),
            "the type Order placed is no name with a major version: choose one such as order.placed.v1",
        ),
        (typed({"const": "fanout.heartbeat.v1"}), "the type fanout.heartbeat.v1 is the engine's own: choose another"),
        (
            schema(required=["id", "data"]),
            "specversion, source, type, time can be missing: add what every CloudEvent of the engine has to `required`",
        ),
        (schema(type="array"), 'it does not describe an object: say "type": "object"'),
        (data(a=role("atribute")), 'data.a: "x-fanout" must be a list of attribute, group, reference, line, personal'),
        (data(a={**NAME, "x-fanout": "group"}), 'data.a: "x-fanout" must be a list of attribute, group, reference, line, personal'),
        (data(a=role("group"), b=role("group")), 'data.a and data.b have the role "group": give it to one'),
        (
            data(("b",), a=role("group")),
            'data.a has a role and is no required string: take the role away, or say "type": "string" and add it to `required`',
        ),
        (
            data(a=role("reference", type="integer")),
            'data.a has a role and is no required string: take the role away, or say "type": "string" and add it to `required`',
        ),
        (
            data(("b",), a={"type": "object", "required": ["c"], "properties": {"c": role("group")}}),
            'data.a.c has a role and is no required string: take the role away, or say "type": "string" and add it to `required`',
        ),
        (
            data(("a", "c"), a={"type": "object", "required": ["c"], "properties": {"c": role("attribute")}}, c=role("attribute")),
            'the attribute c would repeat several properties: give the role "attribute" to one of them',
        ),
        (
            data(("type",), type=role("attribute")),
            'the attribute type would repeat several properties: give the role "attribute" to one of them',
        ),
        (
            data(a=role("group", "personal")),
            'data.a is "personal" and group, which logs, metrics and filters show: take one of the roles away',
        ),
        ({**schema(), "x-fanout-unheard": ""}, '"x-fanout-unheard" must be one line that says why nobody takes the event'),
        ({**schema(), "x-fanout-unheard": ["a"]}, '"x-fanout-unheard" must be one line that says why nobody takes the event'),
        (
            data(a={"type": "array", "items": role("group")}),
            '"x-fanout" stands where no property of the event is: move it to one that `properties` names',
        ),
        (
            data(tuple("abcdefghij"), **{each: role("attribute") for each in "abcdefghij"}),
            "11 attributes with `type`, and SNS delivers at most 10: give fewer the role",
        ),
        (
            data(**{"a-b": NAME}),
            "data.a-b is no name in Python: use letters, digits and _, a letter first, and no keyword",
        ),
        (data(class_={}, **{"class": NAME}), "data.class is no name in Python: use letters, digits and _, a letter first, and no keyword"),
        (data(time=NAME), "data.time is a name that every event has or needs itself: choose another"),
        (data(str=NAME), "data.str is a name that every event has or needs itself: choose another"),
        (
            data(a={"type": "object", "properties": {"_b": NAME}}),
            "data.a._b is no name in Python: use letters, digits and _, a letter first, and no keyword",
        ),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_used_is_one_line(wrong: Any, line: str, tmp_path: Path) -> None:
    assert line in [each.removeprefix("0.schema.json: ") for each in lines(put(tmp_path, wrong))]


def test_every_file_is_told_of_at_once(tmp_path: Path) -> None:
    put(tmp_path, "{", data(time=NAME), schema(), schema())
    (tmp_path / "examples" / "valid").mkdir(parents=True)
    (tmp_path / "examples" / "valid" / "x.json").write_bytes(b"\xff")
    assert lines(tmp_path) == [
        "0.schema.json: it is not JSON (line 1, column 2): correct it there",
        "1.schema.json: data.time is a name that every event has or needs itself: choose another",
        "3.schema.json: the type order.placed.v1 is 2.schema.json's already: choose another type",
        "examples/valid/x.json: it is not UTF-8: make it a readable file of UTF-8 text",
    ]


def test_an_empty_folder_and_an_example_of_no_type_are_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="there is no .*schema.json in it: write one for each type of event"):
        load(tmp_path)
    put(tmp_path, schema())
    (tmp_path / "examples" / "valid").mkdir(parents=True)
    (tmp_path / "examples" / "valid" / "x.json").write_text(json.dumps(order(type="order.paid.v1")))
    assert lines(tmp_path) == [
        "examples/valid/x.json: no schema describes its type: correct its type, or move it to examples/invalid"
    ]


def test_a_fault_that_only_the_validators_generator_sees_is_one_line(tmp_path: Path) -> None:
    contracts = load(put(tmp_path, data(a={"type": "string", "pattern": "("})))
    with pytest.raises(ContractError, match=r"0.schema.json: .*: correct the schema") as caught:
        generated(contracts)
    assert "\n" not in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "string", "a", "#/definitions/d", "group"]),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "required", "x-fanout", "$ref", "definitions", "a", "d", "items"]),
            each,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(a=json_values, definitions=json_values)
def test_any_json_is_loaded_and_generated_or_refused_in_lines(a: Any, definitions: Any, tmp_path: Path) -> None:
    for each in (a, {**data(a=a), "definitions": definitions}, schema(a if isinstance(a, dict) else {})):
        try:
            generated(load(put(tmp_path, each)))
        except ContractError as error:
            assert all(each.startswith("contract ") for each in str(error).split("\n"))


def test_personal_fields_are_of_any_type_and_depth_and_may_be_missing(tmp_path: Path) -> None:
    address = {"type": "object", "properties": {"street": role("personal", "line")}}
    wanted = data((), a=role("personal", type="integer"), b={"type": "array", "x-fanout": ["personal"]}, c=address)
    (contract,) = load(put(tmp_path, {**wanted, "x-fanout-unheard": "counted elsewhere"}))
    assert contract.personal == ("data.a", "data.b", "data.c.street") and contract.lines == ("data.c.street",)
    assert contract.unheard == "counted elsewhere"
    assert "personal" not in "".join(generated(load(tmp_path)).values()) and ORDERS["order.placed.v1"].unheard is None
