"""The command: what it writes, what it finds stale, what it refuses, and that two machines write the same bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from fanout.catalog.documents import BEGIN, END
from fanout.catalog.tasks import task
from fanout.cli import main
from fanout.errors import Unusable
from tests.unit.catalog.given import orders

SCHEMA = {"title": "order.placed.v1", "type": "object", "properties": {"type": {"const": "order.placed.v1"}}}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a contract, a README and a template, which is also the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "order_placed.v1.schema.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "README.md").write_text(f"# Orders\n\n{BEGIN}old\n{END}\nmore\n")
    synthesized(tmp_path, orders())
    return tmp_path


def synthesized(root: Path, body: dict[str, Any], name: str = "orders.json") -> Path:
    path = root / name
    path.write_text(json.dumps(body))
    return path


def run(root: Path, *arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr("sys.argv", ["fanout", "docs", str(root / "orders.json"), *arguments])
        main.main()
    return ended.value.code if isinstance(ended.value.code, int) else 0


def written(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.*") if path.is_file()}


def test_it_writes_a_page_for_each_subscriber_and_three_for_all(root: Path) -> None:
    assert run(root) == 0
    made = sorted(path.relative_to(root / "docs" / "catalog").as_posix() for path in (root / "docs").rglob("*.*"))
    assert made == ["README.md", "asyncapi.yaml", "permissions.md", "subscribers/BillFn.md", "subscribers/ShipFn.md"]


def test_the_readmes_picture_is_replaced_and_the_rest_stays(root: Path) -> None:
    run(root)
    text = (root / "README.md").read_text()
    assert text.startswith(f"# Orders\n\n{BEGIN}```mermaid\n")
    assert text.endswith(f"```\n{END}\nmore\n")


def test_what_was_just_written_is_current(root: Path) -> None:
    run(root)
    before = written(root)
    assert run(root, "--check") == 0
    assert written(root) == before


@pytest.mark.parametrize("page", ["README.md", "docs/catalog/asyncapi.yaml", "docs/catalog/subscribers/ShipFn.md"])
def test_what_is_stale_is_named_in_one_line(root: Path, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(root)
    path = root / page
    path.write_text(path.read_text().replace("queue", "q"))
    assert run(root, "--check") == 1
    assert capsys.readouterr().err == f"{page} is not what the templates say: run make docs\n"
    assert run(root) == 0
    assert run(root, "--check") == 0


def test_the_page_of_a_subscriber_that_is_gone_goes_and_what_people_wrote_stays(root: Path) -> None:
    run(root)
    notes = root / "docs" / "catalog" / "notes.md"
    notes.write_text("Ours.\n")
    resources = {id_: each for id_, each in orders()["Resources"].items() if not id_.startswith("Ship")}
    synthesized(root, {"Resources": resources})
    assert run(root, "--check") == 1
    assert run(root) == 0
    assert not (root / "docs" / "catalog" / "subscribers" / "ShipFn.md").exists()
    assert notes.exists()


def test_the_order_of_a_template_changes_no_document(root: Path) -> None:
    run(root)
    before = written(root)
    body = orders()
    body["Resources"] = dict(reversed(body["Resources"].items()))
    synthesized(root, body)
    assert run(root, "--check") == 0
    assert {name: text for name, text in written(root).items() if name != "orders.json"} == {
        name: text for name, text in before.items() if name != "orders.json"
    }


@pytest.mark.parametrize(
    ("body", "arguments", "line"),
    [
        ({"Resources": {}}, (), "no topic in it feeds a queue"),
        (orders(), ("--stack", "prod"), "no stack 'prod': expected one of orders"),
        ({}, (), "not a CloudFormation template"),
    ],
    ids=["no topic", "no such stack", "no template"],
)
def test_what_cannot_be_described_is_refused_in_one_line(
    root: Path, body: dict[str, Any], arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    synthesized(root, body)
    assert run(root, *arguments) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("error: ") and line in said
    assert not (root / "docs").exists()


def test_a_contract_that_is_no_json_is_refused_in_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "contracts" / "order_placed.v1.schema.json").write_text("{")
    assert run(root) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_a_machine_or_a_person_put_beside_the_pages_stays(root: Path) -> None:
    run(root)
    folder = root / "docs" / "catalog"
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1\xff")
    (folder / "drafts.old").mkdir()
    assert run(root, "--check") == 0 and run(root) == 0
    assert (folder / ".DS_Store").exists() and (folder / "drafts.old").exists()


def test_a_readme_that_cannot_be_read_is_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "README.md").write_bytes(b"\xff\xfe")
    assert run(root) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "README.md: not UTF-8" in said and not (root / "docs").exists()


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"def handle(:\n", b"a = '\0'\n"], ids=["no text", "no Python", "a NUL"]
)
def test_a_handler_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ship").mkdir()
    (tmp_path / "ship" / "handler.py").write_bytes(content)
    with pytest.raises(Unusable, match=r"ship/handler\.py: not Python: [^\n]+$"):
        task(tmp_path, "ship")
