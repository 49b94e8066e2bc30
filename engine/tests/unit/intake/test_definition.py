"""What a definition may ask people, and how each part of it is shown."""

from pathlib import Path
from typing import Any

import pytest

from fanout.errors import ConfigurationError
from fanout.intake.definition import Definition, problems
from fanout.intake.page import entry_page
from fanout.packaging.intake_zip import configuration
from tests.places import APP
from tests.unit.intake.conftest import DEFINITION


def changed(**properties: Any) -> dict[str, Any]:
    return {**DEFINITION, "properties": {**DEFINITION["properties"], **properties}}


def test_a_sound_one_has_no_problem() -> None:
    assert list(problems("berlin", DEFINITION)) == []


@pytest.mark.parametrize(
    ("schema", "line"),
    [
        ([], 'it describes no fields: say "type": "object" and "properties"'),
        (
            {**DEFINITION, "additionalProperties": True},
            'it takes fields that it does not name: say "additionalProperties": false',
        ),
        ({**DEFINITION, "required": ["phone"]}, "phone is required and no field: add it, or take it away"),
        ({**DEFINITION, "oneOf": []}, "oneOf is not understood: take it away"),
        (changed(a={"type": "object"}), 'a: say "type": "string", "integer", "number", "boolean" or "array"'),
        (
            changed(a={"type": "string", "pattern": "("}),
            "a: its pattern is none (missing ), unterminated subpattern at position 0): correct it",
        ),
        (
            changed(a={"type": "string", "format": "uri"}),
            "a: the format uri is not understood: use email, date or a pattern",
        ),
        (changed(a={"type": "array"}), 'a: an array is answered by choosing: say "items": {"enum": [...]}'),
        (changed(**{"a b": {"type": "string"}}), "a b: it is no name for a field: use letters, digits, - and _"),
    ],
)
def test_what_cannot_be_asked_is_one_line(schema: Any, line: str) -> None:
    assert line in list(problems("berlin", schema))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            {"event_type": "order.lost.v1"},
            "intake: no contract describes 'order.lost.v1': expected one of order.placed.v1",
        ),
        (
            {"answers": "replies"},
            "intake: the contract of order.placed.v1 has no property 'replies' for the answers: say which one it is",
        ),
    ],
)
def test_what_does_not_fit_the_contract_is_one_line(arguments: dict[str, str], line: str, tmp_path: Path) -> None:
    given = {"event_type": "order.placed.v1", "answers": "items", "source": "/shop", **arguments}
    with pytest.raises(ConfigurationError) as raised:
        configuration(APP, tmp_path, **given)
    assert str(raised.value) == line


def test_a_folder_without_definitions_and_a_broken_one_are_lines(tmp_path: Path) -> None:
    given = {"event_type": "order.placed.v1", "answers": "items", "source": "/shop"}
    with pytest.raises(ConfigurationError, match=r"there is no \*.schema.json"):
        configuration(APP, tmp_path, **given)
    (tmp_path / "berlin.schema.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"berlin.schema.json: it is no JSON"):
        configuration(APP, tmp_path, **given)
    (tmp_path / "berlin.schema.json").write_text(
        '{"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string", "x-fanout-goes-to": "nowhere"}}}'
    )
    with pytest.raises(ConfigurationError, match=r"a: x-fanout-goes-to is 'nowhere': expected a property of the data"):
        configuration(APP, tmp_path, **given)


def test_every_control_has_a_label_and_names_its_error() -> None:
    definition = Definition("berlin", DEFINITION)
    page = entry_page(definition, "k", {}, {each.name: f"{each.name} is wrong" for each in definition.fields})
    for field in definition.fields:
        assert f'id="{field.name}"' in page, field
        assert f'id="{field.name}-error"' in page and f"{field.name}-error" in page
        assert f'href="#{field.name}"' in page
    assert page.count("<h1>") == 1 and 'lang="en"' in page and "<script" not in page


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" onfocus="alert(1)', "</textarea><b>"])
def test_what_was_given_stays_text(text: str) -> None:
    page = entry_page(
        Definition("berlin", DEFINITION), text, {"email": text, "note": text, "article": text}, {"email": text}
    )
    assert text not in page
