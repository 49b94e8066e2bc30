"""An entry keeps the contract as every task reads it, and a synth refuses definitions that lead elsewhere."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fanout.contracts.contract import load
from fanout.errors import ConfigurationError
from fanout.intake import config, entry
from fanout.ops.dead_letters import line
from fanout.packaging.intake_zip import configuration, intake_zip
from fanout.publisher import attributes
from fanout.publisher.event import checked_event
from fanout.runtime import emitting
from tests.places import APP
from tests.unit.intake.given import CONFIG, DEFINITIONS, WRITTEN


def made(**answers: Any) -> entry.Entry:
    return entry.make(CONFIG.definitions["contact"], answers, CONFIG)


def test_the_publisher_takes_every_event_that_an_intake_makes() -> None:
    one = made(name="Ada", email="ada@example.com", topic="A question", budget=1.5, days=["Monday"], call_back=False)
    event = checked_event(json.loads(one.body), contracts=load(APP / "contracts"))
    assert (event.id, event.group, event.reference) == (one.event_id, one.group, one.reference)
    assert dict(event.attributes) == dict(one.attributes)
    assert event.size == entry.size(one.body, one.attributes)


def test_references_and_tokens_are_nobodys_to_guess() -> None:
    some = [made() for _ in range(200)]
    assert len({each.reference for each in some} | {each.token for each in some}) == 400
    assert all(entry.is_reference(each.reference) and len(each.token) == 22 for each in some)
    assert len(entry.ALPHABET) ** entry.REFERENCE_LENGTH >= 2**128


def test_a_fingerprint_is_of_answers_and_not_of_their_order() -> None:
    definition = CONFIG.definitions["contact"]
    assert entry.fingerprint(definition, {"a": 1, "b": 2}) == entry.fingerprint(definition, {"b": 2, "a": 1})
    assert entry.fingerprint(definition, {"a": 1}) != entry.fingerprint(definition, {"a": "1"})


def test_what_the_contract_refuses_names_the_rule_and_not_the_value() -> None:
    with pytest.raises(entry.NotAnEvent) as refused:
        made(email="canary at example.com")
    assert "canary" not in str(refused.value)
    assert "email" in str(refused.value)


def test_noncharacters_that_sqs_refuses_are_escaped() -> None:
    body = made(message="\uffff\ufffe").body
    assert not {"\uffff", "\ufffe"} & set(body)
    assert json.loads(body)["data"]["items"]["message"] == "\uffff\ufffe"


def test_publishers_tasks_intakes_and_who_looks_at_letters_know_the_same_characters() -> None:
    """Each is shipped without the others."""
    assert {attributes._VALUE, emitting._VALUE, entry._VALUE, line._TEXT} == {entry._VALUE}


@pytest.mark.parametrize("character", ["\ufffe", "\uffff"])
def test_what_sns_takes_in_no_attribute_is_refused_before_it_is_stored(character: str) -> None:
    repeated = replace(CONFIG, attributes={**CONFIG.attributes, "name": "data.customer.name"})
    definition, answers = CONFIG.definitions["contact"], {"name": f"Ada{character}canary"}
    with pytest.raises(entry.NotAnEvent, match="^attribute name has a character") as refused:
        entry.make(definition, answers, repeated)
    assert "canary" not in str(refused.value)
    assert entry.make(definition, {"name": "Ada \U0001f642"}, repeated).attributes["name"] == "Ada \U0001f642"


def of(folder: Path, **more: Any) -> dict[str, Any]:
    return configuration(
        APP, folder, **{"event_type": "order.placed.v1", "answers": "items", "source": "/shop", **more}
    )


def write(folder: Path, name: str, **fields: Any) -> None:
    written = {"type": "object", "additionalProperties": False, "properties": fields}
    (folder / f"{name}.schema.json").write_text(json.dumps(written))


def test_a_synth_says_all_that_is_wrong_with_the_definitions(tmp_path: Path) -> None:
    write(
        tmp_path,
        "one",
        a={"type": "string", "x-fanout-goes-to": "customer.telephone"},
        b={"type": "string", "anyOf": []},
    )
    write(tmp_path, "two", a={"type": "string", "x-fanout-goes-to": "customer.name"})
    with pytest.raises(ConfigurationError) as refused:
        of(tmp_path)
    assert str(refused.value).splitlines() == [
        f"definition {tmp_path}/one.schema.json: b: anyOf is not understood: take it away",
        f"definition {tmp_path}/one.schema.json: a: x-fanout-goes-to is 'customer.telephone': expected a property of the data of order.placed.v1",
        f'definition {tmp_path}/two.schema.json: a: the contract wants one line of at most 200 characters there: say "maxLength"',
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"event_type": "order.lost.v1"},
            "intake: no contract describes 'order.lost.v1': expected one of order.placed.v1",
        ),
        (
            {"answers": "lines"},
            "intake: the contract of order.placed.v1 has no property 'lines' for the answers: say which one it is",
        ),
    ],
)
def test_a_synth_refuses_what_no_contract_has(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        of(DEFINITIONS, **changes)
    assert str(refused.value) == told


def test_a_folder_without_definitions_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no \*\.schema\.json in"):
        of(tmp_path)
    (tmp_path / "a.schema.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"a\.schema\.json: it is no JSON \(JSONDecodeError\): correct it"):
        of(tmp_path)


def test_the_zip_has_what_the_functions_import_and_the_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = intake_zip(APP, WRITTEN)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(folder))
    assert config.load().definitions.keys() == {"contact", "note"}
    assert {each.name for each in folder.iterdir()} == {"fanout", "events", "intake.json"}
    assert intake_zip(APP, WRITTEN).is_dir()
