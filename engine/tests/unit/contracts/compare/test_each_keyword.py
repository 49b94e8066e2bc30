"""One keyword of a schema changes: whom it breaks, and an event that shows it to the code of publishers and of tasks."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from fanout.contracts import roles
from fanout.contracts.compare.changes import Break, TypeChange, compare, compare_schemas
from fanout.contracts.contract import Contract, Contracts
from fanout.contracts.validator import problem_finder
from tests.unit.contracts.given import schema

PUBLISHERS, READERS, BOTH = ("publishers",), ("readers",), ("publishers", "readers")
FIELDS: dict[str, Any] = {
    "code": {"type": "string", "pattern": "^[a-z]{1,8}$"},
    "text": {"type": "string", "minLength": 2, "maxLength": 10},
    "mail": {"type": "string"},
    "count": {"type": "integer", "minimum": 1, "maximum": 100},
    "price": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 9.5, "multipleOf": 0.5},
    "kind": {"enum": ["book", "film"]},
    "fixed": {"const": "EUR"},
    "either": {"type": ["string", "null"]},
    "rows": {
        "type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": True,
        "items": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}, "size": {"type": "integer"}}},
    },
    "person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}, "additionalProperties": False},
    "map": {"type": "object", "minProperties": 1, "maxProperties": 4, "additionalProperties": {"type": "integer"}},
    "link": {"$ref": "#/definitions/link"},
}  # fmt: skip
LINK = {"type": "string", "maxLength": 20}


def made(fields: dict[str, Any], required: list[str], link: dict[str, Any] = LINK) -> Contract:
    body = {"properties": fields, "required": required}
    found = schema(body, definitions={"link": link})
    found["properties"]["data"]["properties"] |= {"order_no": {"type": "string"}}
    return Contract(found)


REQUIRED = ["code", "count", "rows"]
BEFORE = made(FIELDS, REQUIRED)
Change = Callable[[dict[str, Any]], Any]


def after(change: Change) -> Contract:
    fields = copy.deepcopy(FIELDS)
    change(fields)
    return made(fields, REQUIRED)


CHANGES: dict[str, tuple[Change, str, str, tuple[str, ...]]] = {
    "shorter pattern": (lambda f: f["code"].update(pattern="^[a-z]{1,4}$"), "data.code", "pattern", PUBLISHERS),
    "longer pattern": (lambda f: f["code"].update(pattern="^[a-z]{1,9}$"), "data.code", "pattern", READERS),
    "another pattern": (lambda f: f["code"].update(pattern="^[a-y]{1,9}$"), "data.code", "pattern", BOTH),
    "pattern gone": (lambda f: f["code"].pop("pattern"), "data.code", "pattern", READERS),
    "pattern new": (lambda f: f["text"].update(pattern="^[a-z ]+$"), "data.text", "pattern", PUBLISHERS),
    "minLength up": (lambda f: f["text"].update(minLength=3), "data.text", "minLength", PUBLISHERS),
    "minLength down": (lambda f: f["text"].update(minLength=1), "data.text", "minLength", READERS),
    "maxLength up": (lambda f: f["text"].update(maxLength=300), "data.text", "maxLength", READERS),
    "maxLength down": (lambda f: f["text"].update(maxLength=9), "data.text", "maxLength", PUBLISHERS),
    "maxLength new": (lambda f: f["mail"].update(maxLength=254), "data.mail", "maxLength", PUBLISHERS),
    "format new": (lambda f: f["mail"].update(format="email"), "data.mail", "format", PUBLISHERS),
    "minimum up": (lambda f: f["count"].update(minimum=2), "data.count", "minimum", PUBLISHERS),
    "minimum down": (lambda f: f["count"].update(minimum=0), "data.count", "minimum", READERS),
    "maximum gone": (lambda f: f["count"].pop("maximum"), "data.count", "maximum", READERS),
    "maximum down": (lambda f: f["count"].update(maximum=99), "data.count", "maximum", PUBLISHERS),
    "exclusiveMinimum": (lambda f: f["price"].update(exclusiveMinimum=-3), "data.price", "exclusiveMinimum", READERS),
    "exclusiveMaximum": (lambda f: f["price"].update(exclusiveMaximum=9), "data.price", "exclusiveMaximum", PUBLISHERS),
    "multipleOf coarser": (lambda f: f["price"].update(multipleOf=1), "data.price", "multipleOf", PUBLISHERS),
    "multipleOf finer": (lambda f: f["price"].update(multipleOf=0.25), "data.price", "multipleOf", READERS),
    "another type": (lambda f: f.update(mail={"type": "integer"}), "data.mail", "type", BOTH),
    "narrower type": (lambda f: f["either"].update(type="string"), "data.either", "type", PUBLISHERS),
    "wider type": (lambda f: f["mail"].update(type=["string", "boolean"]), "data.mail", "type", READERS),
    "whole numbers only": (lambda f: f.update(price={**f["price"], "type": "integer"}), "data.price", "type", PUBLISHERS),
    "fractions too": (lambda f: f["count"].update(type="number"), "data.count", "type", READERS),
    "enum narrower": (lambda f: f["kind"].update(enum=["book"]), "data.kind", "enum", PUBLISHERS),
    "enum wider": (lambda f: f["kind"].update(enum=["book", "film", "song"]), "data.kind", "enum", READERS),
    "enum gone": (lambda f: f.update(kind={"type": "string"}), "data.kind", "enum", READERS),
    "enum new": (lambda f: f["mail"].update(enum=["a", "b"]), "data.mail", "enum", PUBLISHERS),
    "const changed": (lambda f: f["fixed"].update(const="USD"), "data.fixed", "enum", BOTH),
    "minItems": (lambda f: f["rows"].update(minItems=2), "data.rows", "minItems", PUBLISHERS),
    "maxItems": (lambda f: f["rows"].update(maxItems=4), "data.rows", "maxItems", READERS),
    "uniqueItems gone": (lambda f: f["rows"].pop("uniqueItems"), "data.rows", "uniqueItems", READERS),
    "items' required": (lambda f: f["rows"]["items"]["required"].append("size"), "data.rows[].size", "required", PUBLISHERS),
    "items' type": (lambda f: f["rows"]["items"]["properties"]["size"].update(type="number"), "data.rows[].size", "type", READERS),
    "field removed": (lambda f: f.pop("mail"), "data.mail", "removed", READERS),
    "closed object grows": (lambda f: f["person"]["properties"].update(age={"type": "integer"}), "data.person.age", "false", READERS),
    "field of items removed": (lambda f: f["rows"]["items"]["properties"].pop("size"), "data.rows[].size", "removed", READERS),
    "object opened": (lambda f: f["person"].pop("additionalProperties"), "data.person", "additionalProperties", READERS),
    "object closed": (lambda f: f["rows"]["items"].update(additionalProperties=False), "data.rows[]", "additionalProperties", PUBLISHERS),
    "values of a map": (lambda f: f["map"].update(additionalProperties={"type": "number"}), "data.map.*", "type", READERS),
    "minProperties": (lambda f: f["map"].update(minProperties=2), "data.map", "minProperties", PUBLISHERS),
    "maxProperties": (lambda f: f["map"].update(maxProperties=5), "data.map", "maxProperties", READERS),
    "a map's field named": (lambda f: f["map"].update(properties={"a": {"type": "integer", "minimum": 0}}), "data.map.a", "minimum", PUBLISHERS),
    "allOf new": (lambda f: f["text"].update(allOf=[{"pattern": "^[a-z]*$"}]), "data.text", "pattern", PUBLISHERS),
    "allOf beside the same keyword": (lambda f: f["code"].update(allOf=[{"pattern": "^[a-y]*$"}]), "data.code", "pattern", PUBLISHERS),
    "items by their places": (lambda f: f["rows"].update(items=[{"type": "string"}]), "data.rows", "items", BOTH),
    "keys by patterns": (lambda f: f["map"].update(patternProperties={"^x": {"type": "string"}}), "data.map", "patternProperties", BOTH),
    "anyOf narrower": (lambda f: f.update(mail={"anyOf": [{"type": "string", "maxLength": 3}, {"const": "other"}]}), "data.mail", "anyOf", PUBLISHERS),
    "not new": (lambda f: f["kind"].update({"not": {"const": "film"}}), "data.kind", "enum", PUBLISHERS),
}  # fmt: skip


def valid_under(event: dict[str, Any], contract: Contract, *, formats: bool = True) -> bool:
    return problem_finder(contract.schema, formats=formats)(event) is None


def assert_shown(found: Break, old: Contract, new: Contract) -> None:
    """Publishers look at formats, tasks do not."""
    assert found.example is not None
    if found.breaks == "publishers":
        assert valid_under(found.example, old) and not valid_under(found.example, new)
    else:
        assert valid_under(found.example, new) and not valid_under(found.example, old, formats=False)


@pytest.mark.parametrize("name", CHANGES)
def test_what_breaks_is_found_with_an_event_that_shows_it(name: str) -> None:
    change, where, keyword, whom = CHANGES[name]
    new = after(change)
    found = compare_schemas(BEFORE, new)
    at_it = [each for each in found.breaks if (each.where, each.keyword) == (where, keyword)]
    assert tuple(sorted({each.breaks for each in at_it})) == whom, found
    for each in at_it:
        assert_shown(each, BEFORE, new)


MIRRORED = [
    name
    for name, (_, where, keyword, _) in CHANGES.items()
    if keyword not in ("false", "removed", "format") and where != "data.map.a"
]
"""What is new and what is gone are no mirror images; a format that is gone breaks nobody, as tasks never look at it."""


@pytest.mark.parametrize("name", MIRRORED)
def test_the_way_back_breaks_the_other_side(name: str) -> None:
    change, _, _, whom = CHANGES[name]
    found = compare_schemas(after(change), BEFORE)
    assert {each.breaks for each in found.breaks} >= {
        "readers" if each == "publishers" else "publishers" for each in whom
    }


def test_a_format_that_is_gone_breaks_nobody() -> None:
    assert compare_schemas(after(CHANGES["format new"][0]), BEFORE).status == "compatible"


COMPATIBLE: dict[str, Change] = {
    "nothing": lambda f: None,
    "an optional field": lambda f: f.update(note={"type": "string", "maxLength": 5}),
    "an optional field of items": lambda f: f["rows"]["items"]["properties"].update(colour={"type": "string"}),
    "a description": lambda f: f["text"].update(description="any", title="Text", examples=["ab"]),
    "another order of an enum": lambda f: f["kind"].update(enum=["film", "book"]),
    "a const as an enum": lambda f: f.update(fixed={"enum": ["EUR"]}),
    "bounds written otherwise": lambda f: f["count"].update(exclusiveMinimum=0),
    "allOf that says it again": lambda f: f["text"].update(allOf=[{"type": "string", "maxLength": 11}]),
    "a definition put in": lambda f: f.update(link=LINK),
    "a keyword of another type": lambda f: f["text"].update(minimum=3, required=["a"]),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPATIBLE)
def test_what_breaks_nothing_is_compatible_and_completely_compared(name: str) -> None:
    found = compare_schemas(BEFORE, after(COMPATIBLE[name]))
    assert found.status in ("compatible", "same")
    assert not found.breaks and found.is_complete


def test_a_new_field_is_compatible_by_a_convention_that_is_said() -> None:
    (note,) = compare_schemas(BEFORE, after(COMPATIBLE["an optional field"])).notes
    assert note.startswith("data.note is new: compatible unless")


def test_a_new_field_of_items_and_of_a_maps_values_is_said_too() -> None:
    (note,) = compare_schemas(BEFORE, after(COMPATIBLE["an optional field of items"])).notes
    assert note.startswith("data.rows[].colour is new: compatible unless")
    fields = {name: {"type": "string"} for name in ("sku", "colour")}
    old, new = (
        made({"map": {"type": "object", "additionalProperties": {"type": "object", "properties": each}}}, [])
        for each in ({"sku": fields["sku"]}, fields)
    )
    (note,) = compare_schemas(old, new).notes
    assert note.startswith("data.map.*.colour is new: compatible unless")


def test_a_field_that_was_described_as_anything_is_no_new_one() -> None:
    old, new = (made({"payload": each}, []) for each in (True, {"type": "array"}))
    (found,) = compare_schemas(old, new).breaks
    assert (found.where, found.keyword, found.breaks) == ("data.payload", "type", "publishers")
    assert_shown(found, old, new)


@pytest.mark.parametrize("keyword", ["required now", "no longer required"])
def test_what_is_required_is_shown_by_an_event_without_it(keyword: str) -> None:
    more = made(FIELDS, [*REQUIRED, "text"])
    old, new = (BEFORE, more) if keyword == "required now" else (more, BEFORE)
    (found,) = compare_schemas(old, new).breaks
    assert (found.where, found.message) == ("data.text", f"is {keyword}")
    assert found.breaks == ("publishers" if keyword == "required now" else "readers")
    assert_shown(found, old, new)
    assert found.example is not None and "text" not in found.example["data"]


def test_a_definition_is_compared_where_it_is_used() -> None:
    new = made(FIELDS, REQUIRED, link={"type": "string", "maxLength": 21})
    (found,) = compare_schemas(BEFORE, new).breaks
    assert (found.where, found.keyword, found.breaks) == ("data.link", "maxLength", "readers")
    assert_shown(found, BEFORE, new)


UNKNOWN: dict[str, Change] = {
    "dependencies": lambda f: f["map"].update(dependencies={"a": ["b", "c", "d", "e"]}),
    "propertyNames": lambda f: f["map"].update(propertyNames={"not": {"pattern": "^never seen$"}}),
    "contains": lambda f: f["rows"].update(contains={"not": {"required": ["never_seen"]}}),
    "if": lambda f: f["text"].update({"if": {"pattern": "^nev"}, "then": {"pattern": "^nev"}}),
    "a keyword of next year": lambda f: f["text"].update(minSyllables=3),
    "a keyword of another draft": lambda f: f["rows"].update(prefixItems=[{"$ref": "#/definitions/link"}]),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_understood_is_said_and_never_called_compatible_as_a_whole(name: str) -> None:
    found = compare_schemas(BEFORE, after(UNKNOWN[name]))
    assert not found.is_complete or found.status == "breaking"
    if found.status != "breaking":
        assert "no example that breaks publishers was found" in found.not_compared[0]


def test_what_is_not_understood_is_breaking_where_an_event_shows_it() -> None:
    new = after(lambda f: f["map"].update(propertyNames={"pattern": "^[A-Z]$"}))
    (found,) = compare_schemas(BEFORE, new).breaks
    assert (found.keyword, found.breaks) == ("propertyNames", "publishers")
    assert_shown(found, BEFORE, new)


def test_a_definition_that_contains_itself_is_compared_as_a_whole() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#/definitions/link"}}}
    old, same = made(FIELDS, REQUIRED, link=tree), made({**FIELDS, "more": {"type": "string"}}, REQUIRED, link=tree)
    other = made(FIELDS, REQUIRED, link={**tree, "required": ["child"]})
    assert compare_schemas(old, same).is_complete
    assert not compare_schemas(old, other).is_complete


def test_a_definition_beneath_an_unknown_keyword_is_compared_as_a_whole() -> None:
    fields = {"rows": {"type": "array", "x-rows": {"$ref": "#/definitions/link"}}}
    old, other = made(fields, []), made(fields, [], link={"type": "string", "maxLength": 21})
    assert compare_schemas(old, made({**fields, "more": {"type": "string"}}, [])).is_complete
    assert not compare_schemas(old, other).is_complete


def of_draft(draft: str, currency: dict[str, Any]) -> Contract:
    return Contract(
        {
            **made({"currency": currency}, []).schema,
            "$schema": f"http://json-schema.org/{draft}/schema#",
        }
    )


def test_what_an_older_draft_does_not_know_allows_all_that_a_known_keyword_refuses() -> None:
    old, new = of_draft("draft-04", {"const": "EUR"}), of_draft("draft-04", {"enum": ["EUR"]})
    (found,) = compare_schemas(old, new).breaks
    assert (found.where, found.breaks) == ("data.currency", "publishers")
    assert_shown(found, old, new)


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ("draft-04", {"const": "EUR"}),
        ("draft-04", {"contains": {"const": "EUR"}}),
        ("draft-06", {"if": {"type": "string"}, "then": {"const": "EUR"}}),
    ],
)
def test_what_an_older_draft_does_not_know_breaks_nobody(draft: str, said: dict[str, Any]) -> None:
    old, new = of_draft(draft, {"type": ["string", "array"]}), of_draft(draft, {"type": ["string", "array"], **said})
    for found in (compare_schemas(old, new), compare_schemas(new, old)):
        assert found.is_complete and not found.breaks


@pytest.mark.parametrize("keyword", [roles.UNHEARD, roles.ERASED])
def test_what_the_engine_reads_beside_a_type_refuses_no_event_and_leaves_nothing_uncompared(keyword: str) -> None:
    more = Contract({**BEFORE.schema, keyword: True})
    for found in (compare_schemas(BEFORE, more), compare_schemas(more, BEFORE)):
        assert found.is_complete and not found.breaks


def test_roles_that_filters_and_publishers_go_by_are_compared_too() -> None:
    def role(*roles: str) -> Contract:
        return made({**FIELDS, "code": {**FIELDS["code"], "x-fanout": [*roles]}}, REQUIRED)

    found = [
        compare_schemas(role(*one), role(*other))
        for one, other in ((["attribute", "group"], ["group"]), (["group"], ["line", "group"]))
    ]
    assert [(each.where, each.keyword, each.breaks) for one in found for each in one.breaks] == [
        ("data.code", "attribute", "readers"),
        ("data.code", "line", "publishers"),
    ]
    (gone,) = compare_schemas(role("group"), made(FIELDS, REQUIRED)).breaks
    assert gone.message == "the group was data.code and is none"


def typed(*types: str) -> Contracts:
    def one(type_: str) -> Contract:
        found = json.loads(json.dumps(BEFORE.schema))
        found["properties"]["type"] = {"const": type_}
        return Contract(found)

    return Contracts({each: one(each) for each in types})


def test_a_new_version_beside_the_old_one_breaks_nothing_and_a_type_that_is_gone_does() -> None:
    found = compare(typed("a.made.v1", "b.made.v1"), typed("a.made.v1", "a.made.v2", "c.made.v1"))
    assert [(each.type, each.status, each.is_breaking) for each in found] == [
        ("a.made.v1", "same", False),
        ("a.made.v2", "new version", False),
        ("b.made.v1", "removed", True),
        ("c.made.v1", "new", False),
    ]
    assert found[1].notes == ("beside a.made.v1",)


def test_an_example_of_the_contract_is_changed_no_further_than_it_must_be() -> None:
    example = {
        "specversion": "1.0", "id": "a-1", "source": "/a", "type": "order.placed.v1", "time": "2026-01-15T09:30:00Z",
        "data": {"order_no": "7", "code": "abc", "count": 5, "rows": [{"sku": "x"}], "text": "hello"},
    }  # fmt: skip
    old, new = Contract(BEFORE.schema, (example,)), after(lambda f: f["text"].update(minLength=6))
    assert valid_under(example, old)
    (found,) = compare_schemas(old, new).breaks
    assert found.example == example


def test_result_is_a_value() -> None:
    assert TypeChange("a.made.v1", "compatible", not_compared=("x",)).is_complete is False
