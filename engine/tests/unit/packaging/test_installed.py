"""What a user reads where an extra is missing, or where the app has another version of the engine."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fanout.installed import BROUGHT_BY, another_version, missing, version
from tests.places import ENGINE

PROJECT = tomllib.loads((ENGINE / "pyproject.toml").read_text())["project"]
BASE = {"boto3", "botocore", "fastjsonschema"}


def run(code: str, *arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, after `code`."""
    program = f"import sys; {code}; from fanout.__main__ import main; main()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


def without(module: str) -> str:
    return f"sys.modules[{module!r}] = None"


def test_the_version_is_that_of_the_project_and_needs_no_extra() -> None:
    assert version() == PROJECT["version"]
    ended = run(without("typer"), "--version")
    assert (ended.returncode, ended.stdout) == (0, f"fanout {version()}\n")


@pytest.mark.parametrize(
    ("module", "arguments", "line"),
    [
        ("typer", ["status"], "`fanout status` needs fanout[cli]: install that extra from where this fanout came"),
        ("typer", [], "`fanout` needs fanout[cli]: install that extra from where this fanout came"),
        (
            "rich",
            ["check", "a.json"],
            "`fanout check` needs fanout[cli]: install that extra from where this fanout came",
        ),
        (
            "cfnlint",
            ["diff", "a.json", "b.json"],
            "`fanout diff` needs fanout[checks]: install that extra from where this fanout came",
        ),
        (
            "yaml",
            ["check", "a.yaml"],
            "a YAML template needs fanout[cli]: install that extra from where this fanout came",
        ),
    ],
)
def test_a_missing_extra_is_one_line(module: str, arguments: list[str], line: str, tmp_path: Path) -> None:
    queue = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": %s}}}}'
    for name, fifo in (("a.json", "true"), ("b.json", "false")):
        (tmp_path / name).write_text(queue % fifo)
    (tmp_path / "a.yaml").write_text("Resources: {}\n")
    ended = run(without(module), *arguments, cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"error: {line}\n")


def test_an_import_that_no_extra_brings_is_one_line_with_its_place() -> None:
    ended = run(without("fanout.cli.check"), "check")
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and missing("x", "fanout.cli.check") is None
    assert ended.stderr.startswith("error: no module fanout.cli.check in fanout/cli/lazy.py, line ")


def test_the_constructs_say_what_they_need() -> None:
    code = f"import sys; {without('aws_cdk')}; import fanout.constructs"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    line = "ImportError: fanout.constructs needs fanout[constructs]: install that extra from where this fanout came"
    assert ended.stderr.splitlines()[-1] == line


@pytest.mark.long
def test_whatever_is_imported_is_brought_by_the_base_or_by_an_extra() -> None:
    asked = {
        name.partition(".")[0]
        for path in (ENGINE / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in imported(node)
    }
    only_types = {name for name in asked if name.startswith("mypy_boto3_")}
    foreign = asked - sys.stdlib_module_names - only_types - {"fanout"}
    assert foreign <= BASE | set(BROUGHT_BY), foreign - BASE - set(BROUGHT_BY)
    assert set(BROUGHT_BY.values()) | {"all"} == set(PROJECT["optional-dependencies"])


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module or "fanout"] if isinstance(node, ast.ImportFrom) and not node.level else []


def app_with(version: str, root: Path) -> Path:
    metadata = root / f".venv/lib/python3.13/site-packages/fanout-{version}.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: fanout\nVersion: {version}\n")
    (root / "cdk.json").write_text("{}")
    return root


def test_another_version_than_the_apps_stops_before_anything_is_done(tmp_path: Path) -> None:
    app_with("99.1", tmp_path)
    ended = run("pass", "install", cwd=tmp_path)
    line = f"this is fanout {version()} of {sys.prefix}, and {tmp_path} uses 99.1: run .venv/bin/fanout"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"error: {line}\n")
    assert not (tmp_path / ".fanout").exists()
    assert run("pass", "--version", cwd=tmp_path).returncode == 0


def test_the_same_version_or_none_is_fine(tmp_path: Path) -> None:
    assert another_version(tmp_path) is None
    assert another_version(app_with(version(), tmp_path)) is None
