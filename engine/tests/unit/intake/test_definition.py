"""What a definition takes, what it tells people, and what a synth refuses to ask them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout.intake.definition import Definition
from fanout.packaging.definitions import problems
from tests.unit.intake.given import CONFIG, DEFINITIONS

CONTACT = CONFIG.definitions["contact"]
GOOD = {"email": "ada@example.com", "topic": "A question", "consent": True}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def judged(**changes: Any) -> tuple[dict[str, Any], dict[str, str]]:
    return CONTACT.judged({**GOOD, **changes})


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("people", "8", 8),
        ("people", 3.0, 3.0),
        ("budget", "12.50", 12.5),
        ("budget", ".5", 0.5),
        ("call_back", "yes", True),
        ("call_back", "on", True),
        ("call_back", False, False),
        ("days", "Monday", ["Monday"]),
        ("days", ["Tuesday"], ["Tuesday"]),
        ("name", "  Ada\t", "Ada"),
        ("message", "one\r\ntwo", "one\ntwo"),
        ("day", "2026-02-28", "2026-02-28"),
    ],
)
def test_what_a_browser_or_a_program_sends_becomes_a_value_of_its_type(field: str, given: Any, kept: Any) -> None:
    answers, errors = judged(**{field: given})
    assert errors == {}
    assert answers[field] == kept
    assert type(answers[field]) is type(kept)


@pytest.mark.parametrize("nothing", [None, "", "   ", []])
def test_what_is_left_empty_is_no_answer(nothing: Any) -> None:
    answers, errors = judged(name=nothing, days=[], people=nothing)
    assert (answers, errors) == (GOOD, {})


@pytest.mark.parametrize(
    ("field", "given", "told"),
    [
        ("email", "", "E-mail: this is needed"),
        ("email", "nobody", "E-mail: enter an address such as name@example.com"),
        ("email", "a@example.com,b@example.com", "E-mail: enter an address such as name@example.com"),
        ("email", "a@b@example.com", "E-mail: enter an address such as name@example.com"),
        ("email", ["a@example.com"], "E-mail: enter text"),
        ("topic", "Another", "Topic: choose one of the answers"),
        ("consent", False, "I agree: this is needed"),
        ("consent", "perhaps", "I agree: yes or no"),
        ("name", "x" * 201, "Your name: at most 200 characters, not 201"),
        ("name", "Ada\nBcc: all", "Your name: one line of text"),
        ("name", "Ada\rBcc: all", "Your name: one line of text"),
        ("name", "Ada\u2028Bcc: all", "Your name: one line of text"),
        ("name", "Ada\x00", "Your name: enter text"),
        ("name", 7, "Your name: enter text"),
        ("name", {"first": "Ada"}, "Your name: enter text"),
        ("number", "12345", "Enter the number on your card"),
        ("people", "nine", "People: enter a whole number"),
        ("people", "1_0", "People: enter a whole number"),
        ("people", "\u0665", "People: enter a whole number"),
        ("people", 2.5, "People: enter a whole number"),
        ("people", True, "People: enter a whole number"),
        ("people", 10**400, "People: enter a whole number"),
        ("people", 9, "People: at most 8"),
        ("people", 0, "People: at least 1"),
        ("budget", "nan", "Budget: enter a number"),
        ("budget", float("inf"), "Budget: enter a number"),
        ("budget", "1e400", "Budget: enter a number"),
        ("day", "2026-02-30", "Day: enter a date such as 2026-11-26"),
        ("day", "2026-W48-6", "Day: enter a date such as 2026-11-26"),
        ("day", "20260228", "Day: enter a date such as 2026-11-26"),
        ("days", ["Sunday"], "Days: choose among the answers"),
        ("days", [{}], "Days: choose among the answers"),
        ("days", ["Monday", "Monday"], "Days: choose each answer once"),
        ("days", ["Monday", "Tuesday"], "Days: choose more, or fewer"),
    ],
)
def test_what_is_wrong_is_told_by_field(field: str, given: Any, told: str) -> None:
    answers, errors = judged(**{field: given})
    assert errors == {field: told}
    assert field not in answers


def test_fields_that_nobody_asked_for_are_counted_and_not_named() -> None:
    _, errors = judged(secret="x", another="y")
    assert errors == {"": "2 of the fields that were sent are not asked for"}


@given(
    st.dictionaries(st.sampled_from([each.name for each in CONTACT.fields]) | st.text(max_size=3), ANYTHING, max_size=4)
)
def test_whatever_is_sent_is_an_answer_of_its_type_or_an_error_without_the_value(sent: dict[str, Any]) -> None:
    answers, errors = CONTACT.judged(sent)
    assert not answers.keys() & errors.keys()
    json.dumps(answers, allow_nan=False)
    again, none = CONTACT.judged({**GOOD, **answers})
    assert again == {**GOOD, **answers}
    assert none == {}


def test_the_definitions_of_these_tests_have_no_fault() -> None:
    for name, definition in CONFIG.definitions.items():
        assert list(problems(name, definition.schema)) == []
    assert (DEFINITIONS / "contact.schema.json").exists()


def schema(field: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": {"a": field}, **more}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([], 'it describes no fields: say "type": "object" and "properties"'),
        (schema({"type": "string"}, oneOf=[]), "oneOf is not understood: take it away"),
        (schema({"type": "string"}, additionalProperties=True), 'it takes fields that it does not name: say "additionalProperties": false'),
        (schema({"type": "string"}, required=["b"]), "b is required and no field: add it, or take it away"),
        (schema({"type": "string"}, required="a"), "required is no list of fields: write one"),
        (schema({"type": "boolean"}, required=["a"]), 'a: a box that is not ticked sends nothing: say "const": true, or take it out of required'),
        (schema("text"), 'a: it is no schema of a field: say "type": one of string, integer, number, boolean, array'),
        (schema({"type": ["string", "null"]}), 'a: it is no schema of a field: say "type": one of string, integer, number, boolean, array'),
        (schema({"type": "object", "properties": {}}), 'a: it is no schema of a field: say "type": one of string, integer, number, boolean, array'),
        (schema({"type": "string", "anyOf": []}), "a: anyOf is not understood: take it away"),
        (schema({"type": "array"}), 'a: an array is answered by choosing: say "items": {"enum": [...]}, with strings'),
        (schema({"type": "array", "items": {"enum": [1]}}), 'a: an array is answered by choosing: say "items": {"enum": [...]}, with strings'),
        (schema({"type": "integer", "enum": [1, 2]}), "a: its enum is no list of different strings, or its type is not string: choices are strings"),
        (schema({"type": "string", "enum": [" a"]}), "a: its enum is no list of different strings, or its type is not string: choices are strings"),
        (schema({"type": "string", "format": "uri"}), "a: its format is not understood: use email, date or a pattern"),
        (schema({"type": "string", "pattern": "("}), "a: its pattern is no regular expression of a string: correct it"),
        (schema({"type": "boolean", "const": False}), "a: its const is not true: it is for a box to tick"),
        (schema({"type": "string", "minimum": 1}), "a: minimum is no bound of a field of type string: take it away, or write a number"),
        (schema({"type": "string", "maxLength": "9"}), "a: maxLength is no bound of a field of type string: take it away, or write a number"),
        (schema({"type": "string", "x-fanout-errors": {"type": 1}}), 'a: x-fanout-errors is no object of words: {"pattern": "Enter the number on your card"}'),
    ],
)  # fmt: skip
def test_a_synth_refuses_what_an_intake_cannot_ask(written: Any, told: str) -> None:
    assert list(problems("contact", written)) == [told]


def test_names_are_parts_of_addresses() -> None:
    told = list(problems("a/b", {**schema({"type": "string"}), "properties": {"_key": {"type": "string"}}}))
    assert told == [
        "'a/b' is no name for an address: use letters, digits, - and _",
        "_key: it is no name for a field: use letters, digits, - and _",
    ]


@given(ANYTHING, ANYTHING)
def test_whatever_a_definition_holds_is_told_in_lines(field: Any, required: Any) -> None:
    for written in (
        field,
        schema(field),
        schema({"type": "string"}, required=required),
        schema({"type": "array", "items": field}),
    ):
        if not list(problems("a", written)):
            Definition("a", written).judged({"a": "x"})
