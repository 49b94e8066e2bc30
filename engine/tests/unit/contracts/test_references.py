"""A reference leads to the same schema for who compares, who reads and who checks events."""

import json
from pathlib import Path
from typing import Any

import pytest

from fanout.contracts.compare.changes import compare_schemas
from fanout.contracts.contract import Contract
from fanout.contracts.references import at, local
from fanout.contracts.validator import problem_finder
from tests.unit.contracts.given import order, package, put, read, schema

ID = "https://example.com/schemas/order.json"
WAYS: dict[str, tuple[str, Any]] = {
    "a name": ("#/definitions/amount", lambda of: {"definitions": {"amount": of}}),
    "a percent sign": ("#/definitions/Gr%C3%B6%C3%9Fe%20%25", lambda of: {"definitions": {"Größe %": of}}),
    "a tilde": ("#/definitions/a~1b~0c", lambda of: {"definitions": {"a/b~c": of}}),
    "a list": ("#/definitions/all/anyOf/1", lambda of: {"definitions": {"all": {"anyOf": [{"type": "null"}, of]}}}),
    "the file's own id": (f"{ID}#/definitions/amount", lambda of: {"$id": f"{ID}#", "definitions": {"amount": of}}),
    "the end of its id": ("order.json#/definitions/amount", lambda of: {"$id": ID, "definitions": {"amount": of}}),
    "a definition's id": ("amount.json", lambda of: {"$id": ID, "definitions": {"a": {"$id": "amount.json", **of}}}),
    "a definition's urn": ("urn:shop:amount", lambda of: {"definitions": {"a": {"$id": "urn:shop:amount", **of}}}),
    "an anchor": ("#amount", lambda of: {"definitions": {"a": {"$id": "#amount", **of}}}),
    "what a definition's id begins": (
        "box.json#/properties/in",
        lambda of: {
            "$id": ID,
            "definitions": {
                "a": {
                    "$id": "box.json",
                    "properties": {"in": {"$ref": "#/definitions/b"}},
                    "definitions": {"b": of},
                },
                "b": {"type": "null"},
            },
        },
    ),
}


def referring(way: str, **amount: Any) -> dict[str, Any]:
    reference, beside = WAYS[way]
    return schema({"required": ["amount"], "properties": {"amount": {"$ref": reference}}}, **beside(amount))


@pytest.mark.parametrize("way", WAYS)
def test_a_change_of_what_is_referred_to_is_found_whatever_the_way_there(way: str) -> None:
    old, new = referring(way, type="string"), referring(way, type="integer")
    event = order(data={"amount": "x"})
    assert problem_finder(old)(event) is None and problem_finder(new)(event)
    found = compare_schemas(Contract(old), Contract(new))
    assert {(each.breaks, each.where) for each in found.breaks} == {
        ("publishers", "data.amount"),
        ("readers", "data.amount"),
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_task_reads_what_the_definition_says(way: str, tmp_path: Path) -> None:
    name = f"referring_{[*WAYS].index(way)}"
    read_as = package(put(tmp_path, referring(way, type="integer")), name).OrderPlaced
    assert repr(read(json.dumps(order(data={"amount": 2.0})), read_as).amount) == "2"


@pytest.mark.parametrize("way", WAYS)
def test_it_is_written_as_the_way_from_where_the_schema_stands(way: str) -> None:
    found = local(referring(way, type="string"), "#/a/schema")
    inner = found["properties"]["data"]["properties"]["amount"]
    while "$ref" in inner:
        assert inner["$ref"].startswith("#/a/schema/")
        inner = at(inner["$ref"], {"a": {"schema": found}})
    assert inner == {"type": "string"}


def test_what_is_no_reference_stays_as_it_is() -> None:
    values = {"const": {"$ref": "a"}, "enum": [{"$ref": "a"}], "default": {"$ref": "a"}, "examples": [{"$ref": "a"}]}
    fields = {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}, "a": values}}
    assert local(fields) == fields
    more = {**fields, "not": {"$ref": "#/properties/a"}}
    assert local(more) == more
