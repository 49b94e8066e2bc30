"""The simplified code decides as fastjsonschema does, says the same, and shows nothing that the publisher chose."""

import json
import re
from typing import Any

import fastjsonschema
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fanout.contracts.validator import problem_finder, validator_code
from fanout.runtime.errors import ContractViolation
from tests.examples import examples
from tests.unit.contracts.given import APPS, HERE, schema

CANARY = "canary7f3a"
names = st.sampled_from(["a", "b", "missing", "keys", "a-b", "x{y}", 'q"'])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "", "a", "b", "éa"]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(names | st.just(CANARY), each, max_size=4),
    max_leaves=8,
)
constants = st.none() | st.booleans() | st.sampled_from([1, 0.5, "a", [], {}, ["a"], {"a": 1}])
small = st.integers(0, 3)


def objects(each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of objects, so that `required` meets `properties`, and the rest; other keywords around them."""
    listed = st.lists(each, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", "integer", "number", "null", ["string", "object"]]),
            "properties": st.dictionaries(names, each, max_size=3),
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": each | st.booleans(),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), each, max_size=2),
            "propertyNames": each,
            "dependencies": st.dictionaries(names, each | st.lists(names, max_size=2, unique=True), max_size=1),
            "items": each | listed,
            "contains": each,
            "allOf": listed,
            "anyOf": listed,
            "oneOf": listed,
            "not": each,
            "if": each,
            "then": each,
            "else": each,
        },
    )


leaves = st.booleans() | st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", "array", "string", "integer", "number", "boolean"]),
        "pattern": st.sampled_from(["^a", "b$", "[, value='x']"]),
        "enum": st.lists(constants, min_size=1, max_size=2),
        "const": constants,
        "minLength": small,
        "maxLength": small,
        "minimum": small,
        "exclusiveMaximum": small,
        "multipleOf": st.sampled_from([2, 0.5]),
        "minItems": small,
        "uniqueItems": st.booleans(),
        "maxProperties": small,
        "$ref": st.sampled_from(["#/definitions/one", "#/definitions/two"]),
    },
)
schemas = st.recursive(leaves, objects, max_leaves=8)


def verdict(check: Any, value: Any, *arguments: Any) -> str | None:
    try:
        check(json.loads(json.dumps(value)), *arguments)
    except (fastjsonschema.JsonSchemaValueException, ContractViolation) as error:
        return str(error)
    return None


def checked(definition: dict[str, Any]) -> Any:
    found: dict[str, Any] = {"re": re, "_Violation": ContractViolation}
    exec(validator_code(definition), found)
    return found["_validate"]


@settings(max_examples=examples(100), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(objects(schemas), schemas, schemas, st.lists(values, min_size=1, max_size=6))
def test_the_code_decides_as_the_library_does(definition: Any, one: Any, two: Any, some: list[Any]) -> None:
    definition = {**definition, "definitions": {"one": one, "two": two}}
    try:
        theirs = fastjsonschema.compile(definition, use_default=False, use_formats=False)
    except (fastjsonschema.JsonSchemaDefinitionException, SyntaxError, KeyError, IndexError, ValueError):
        return
    ours = checked(definition)
    for value in some:
        try:
            expected = verdict(theirs, value, {}, "event")
        except (RecursionError, TypeError, NameError, AttributeError, KeyError):
            continue
        found = verdict(ours, value)
        assert (found is None) == (expected is None)
        if "Properties" not in str(definition):
            assert found == expected
        assert CANARY not in (found or "")


@pytest.mark.parametrize("beside", [{}, {"additionalProperties": False}])
@pytest.mark.parametrize("name", ["keys", "_keys", "missing_keys", "key"])
def test_a_field_may_have_a_name_that_the_librarys_code_uses_too(name: str, beside: dict[str, Any]) -> None:
    field = {"type": "object", "required": [name], "properties": {name: {"type": "string", "minLength": 2}}}
    check = checked({"type": "object", "properties": {name: {**field, **beside}}})
    assert verdict(check, {name: {name: "door"}}) is None and verdict(check, {}) is None
    assert verdict(check, {name: {name: "d"}}) == f"event.{name}.{name} must be longer than or equal to 2 characters"
    assert verdict(check, {name: {}}) == f"event.{name} must contain ['{name}'] properties"


def test_what_is_known_in_one_branch_is_known_behind_it() -> None:
    """The library names a fact where it first needs it, and goes on reading the name outside of that branch."""
    definition = {"type": "object", "oneOf": [{"properties": {}, "required": ["a"]}, {}], "propertyNames": False}
    theirs, ours = fastjsonschema.compile(definition, use_default=False, use_formats=False), checked(definition)
    for value in ({}, {"b": 1}, {"a": 1}, 1):
        assert verdict(ours, value) == verdict(theirs, value, {}, "event")


@pytest.mark.parametrize(("contracts", "event_class"), APPS)
def test_the_contracts_are_checked_as_by_the_library(contracts: Any, event_class: Any) -> None:
    definition = contracts[event_class.TYPE].schema
    theirs, ours = fastjsonschema.compile(definition, use_default=False, use_formats=False), checked(definition)
    bodies = [*contracts.valid.values(), *contracts.invalid.values()]
    events = [json.loads(each) for each in bodies if not each.rstrip().endswith('"wants_repl')]
    assert len(events) > 20
    for event in events:
        assert verdict(ours, event) == verdict(theirs, event, {}, "event")


def test_keys_of_the_publishers_choice_are_not_shown() -> None:
    data = {"properties": {"map": {"additionalProperties": {"type": "array", "items": {"type": "string"}}}}}
    check = checked({"properties": {"data": data}, "additionalProperties": False})
    assert verdict(check, {"data": {"map": {CANARY: 1}}}) == "event.data.map.* must be array"
    assert verdict(check, {"data": {"map": {CANARY: ["a", 1]}}}) == "event.data.map.*[1] must be string"
    assert verdict(check, {CANARY: 1}) == "event must not contain other properties"


def test_a_definition_is_named_by_where_it_is_used() -> None:
    definition = {"properties": {"a": {"$ref": "#/definitions/one"}}, "definitions": {"one": {"type": "string"}}}
    assert verdict(checked(definition), {"a": 1}) == "event.a must be string"


def test_what_an_encoded_string_holds_is_not_looked_at() -> None:
    check = checked({"properties": {"a": {"type": "string", "contentEncoding": "base64", "maxLength": 3}}})
    assert verdict(check, {"a": "?"}) is None and verdict(check, {"a": "????"}) is not None


@pytest.mark.parametrize("reference", ["other.json", "http://127.0.0.1:9/x.json", "file:///etc/hostname", "#/nowhere"])
def test_nothing_is_loaded_for_a_reference(reference: str) -> None:
    with pytest.raises(ValueError, match="only a definition in the same file|Unresolvable ref") as caught:
        validator_code(schema({"properties": {"a": {"$ref": reference}}}))
    assert "\n" not in str(caught.value)


def test_a_publisher_learns_path_and_rule_and_formats_are_checked() -> None:
    definition = json.loads((HERE / "form" / "form_submitted.v1.schema.json").read_text("utf-8"))
    problem = problem_finder(definition)
    event = json.loads((HERE / "form" / "examples" / "valid" / "contact_form.json").read_text("utf-8"))
    assert problem(event) is None
    assert problem({**event, "dataschema": "nothing"}) == "event.dataschema must be uri"
    assert problem([]) == "event must be object"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), pytest.param(10**400, id="huge")])
@pytest.mark.parametrize("step", [0.01, 0.5])
def test_a_number_of_which_no_multiple_can_be_told_is_a_problem_like_any_other(value: float, step: float) -> None:
    problem = problem_finder({"properties": {"a": {"type": "number", "multipleOf": step}}})
    found = problem({"a": value})
    assert found is not None and found.startswith("event") and "\n" not in found and len(found) < 150


def test_an_event_of_a_schema_that_contains_itself_may_not_nest_without_end() -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless
    assert problem_finder({"properties": {"a": {"$ref": "#"}}})(endless) == "event is nested too deeply"
