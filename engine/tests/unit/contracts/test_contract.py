"""The schema, its examples and the generated validator say the same."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fanout.contracts import app as contracts
from fanout.contracts.__main__ import FOLDER, GENERATED, main
from fanout.contracts.validator import problem_finder
from fanout.runtime import event
from tests.places import ENGINE


@pytest.mark.parametrize("body", contracts.valid_examples().values(), ids=contracts.valid_examples())
def test_valid_examples_keep_the_contract(body: str) -> None:
    assert problem_finder()(json.loads(body)) is None


def test_examples_hold_made_up_data_only() -> None:
    everything = "".join([*contracts.valid_examples().values(), *contracts.invalid_examples().values()])
    hosts = re.findall(r"@([\w.-]+)", everything)
    assert hosts and set(hosts) == {"example.com"}


def test_the_type_has_one_value_everywhere() -> None:
    assert contracts.TYPE == event.TYPE == contracts.schema()["properties"]["type"]["const"]
    heartbeat = contracts.heartbeat_schema()["properties"]["type"]["const"]
    assert contracts.HEARTBEAT_TYPE == event.HEARTBEAT_TYPE == heartbeat


def test_nothing_in_the_contract_closes_an_object_to_unknown_fields() -> None:
    for path in (contracts.SCHEMA_PATH, contracts.HEARTBEAT_SCHEMA_PATH):
        assert "additionalProperties" not in path.read_text("utf-8")


def test_the_committed_validator_is_current() -> None:
    assert main(["--check"]) == 0, "run python -m fanout.contracts"


def test_check_names_the_stale_file_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in GENERATED:
        assert main([], folder=tmp_path) == 0
        assert main(["--check"], folder=tmp_path) == 0
        stale = tmp_path / name
        for spoil in (stale.unlink, lambda stale=stale: stale.write_text("# another schema\n")):
            spoil()
            assert main(["--check"], folder=tmp_path) == 1
            assert capsys.readouterr().err == f"{stale} is not what the schema says: run python -m fanout.contracts\n"
    main([], folder=tmp_path)
    assert all((tmp_path / name).read_text("utf-8") == (FOLDER / name).read_text("utf-8") for name in GENERATED)


def test_a_task_needs_no_third_party_package_to_read_an_event() -> None:
    """`-S` hides site-packages, as a Lambda function without a layer would."""
    code = "import fanout.runtime.event, sys; sys.exit('decimal' in sys.modules)"
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, 'src'); {code}"], cwd=ENGINE, check=True
    )
