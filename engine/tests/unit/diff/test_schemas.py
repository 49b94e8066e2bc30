"""Which properties force a replacement: as cfn-lint itself says, without the second that its import takes."""

import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from fanout.diff import schemas
from fanout.errors import Unusable

TYPES = (
    "AWS::SQS::Queue",
    "AWS::SNS::Subscription",
    "AWS::DynamoDB::Table",
    "AWS::Lambda::EventSourceMapping",
    "AWS::KMS::Key",
    "AWS::CloudFormation::CustomResource",
    "Custom::Anything",
    "AWS::Serverless::Function",
    "AWS::Not::There",
    "Some::Company::MODULE",
    "",
)


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    _forget()
    yield
    _forget()


def _forget() -> None:
    schemas.create_only.cache_clear()
    schemas._files.cache_clear()


def brought(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A cfn-lint with `folder` as its own."""
    spec = ModuleSpec("cfnlint", None, origin=str(folder / "__init__.py"))
    monkeypatch.setattr(schemas, "find_spec", lambda _: spec)


@pytest.mark.parametrize("type_", TYPES)
def test_it_is_what_cfn_lint_says(type_: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read = schemas.create_only(type_)
    schemas.create_only.cache_clear()
    brought(monkeypatch, tmp_path)  # has no files: cfn-lint is asked
    assert read == schemas.create_only(type_)


def test_a_queues_name_and_kind_are_among_them() -> None:
    assert {("QueueName",), ("FifoQueue",)} <= {*schemas.create_only("AWS::SQS::Queue")}


@pytest.mark.parametrize("text", ["", "[", "[]", "\x00", '{"AWS::SQS::Queue": "is-not-there"}'])
def test_files_of_another_release_are_left_to_it(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    brought(monkeypatch, tmp_path)
    file = tmp_path / "data" / "schemas" / "providers" / "us-east-1.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert ("QueueName",) in schemas.create_only("AWS::SQS::Queue")


def test_a_cfn_lint_that_cannot_be_asked_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    brought(monkeypatch, tmp_path)
    monkeypatch.setitem(sys.modules, "cfnlint.schema", None)
    with pytest.raises(Unusable, match=r"^`fanout diff` cannot read the schemas of this cfn-lint: "):
        schemas.create_only("AWS::SQS::Queue")


def test_it_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "cfnlint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cfnlint.schema", None)  # importing it raises
    assert schemas.create_only("AWS::SQS::Queue")


def test_without_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "find_spec", lambda _: None)
    with pytest.raises(Unusable, match=r"^`fanout diff` needs fanout\[checks\]"):
        schemas.create_only("AWS::SQS::Queue")
