"""The app's schemas, their examples and the generated package say the same."""

import json
import re
import shutil
from pathlib import Path

import pytest

from fanout import names
from fanout.cli.contract import build, check
from fanout.contracts.app import HEARTBEAT_SCHEMA_PATH, app_contracts, heartbeat_schema
from fanout.contracts.validator import problem_finder
from tests.places import APP

CONTRACTS, EVENTS = APP / "contracts", APP / "lambdas" / "events"


@pytest.mark.parametrize("body", app_contracts().valid.values(), ids=app_contracts().valid)
def test_valid_examples_keep_the_contract(body: str) -> None:
    event = json.loads(body)
    assert problem_finder(app_contracts()[event["type"]].schema)(event) is None


def test_examples_hold_made_up_data_only() -> None:
    everything = "".join([*app_contracts().valid.values(), *app_contracts().invalid.values()])
    hosts = re.findall(r"@([\w.-]+)", everything)
    assert hosts and set(hosts) == {
        "example.com",
        "simulator.amazonses.com",
    }  # the second takes every mail, and has no reader


def test_the_heartbeats_type_has_one_value_everywhere() -> None:
    assert names.HEARTBEAT_TYPE == heartbeat_schema()["properties"]["type"]["const"]
    assert names.HEARTBEAT_TYPE.endswith(names.HEARTBEAT_SUFFIX)


def test_nothing_in_the_contract_closes_an_object_to_unknown_fields() -> None:
    for path in (*CONTRACTS.glob("*.schema.json"), HEARTBEAT_SCHEMA_PATH):
        assert "additionalProperties" not in path.read_text("utf-8")


def test_the_committed_package_is_current() -> None:
    assert check() == 0


def test_build_writes_it_and_check_names_a_stale_file_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contracts, events = tmp_path / "contracts", tmp_path / "events"
    shutil.copytree(CONTRACTS, contracts)
    build(contracts, events)
    assert check(contracts, events) == 0
    made = {path.name: path.read_text() for path in events.glob("*.py")}
    assert made == {path.name: path.read_text() for path in EVENTS.glob("*.py")}
    for name, text in made.items():
        for spoilt in (None, "# another schema\n"):
            (events / name).unlink() if spoilt is None else (events / name).write_text(spoilt)
            assert check(contracts, events) == 1
            told = f"{events / name}: not what the schemas in {contracts} say: run `fanout contract build`\n"
            assert capsys.readouterr().err == told
        (events / name).write_text(text)
