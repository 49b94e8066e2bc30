"""Which of the CDK's types mypy reads: those of every service that something here imports."""

import ast
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.places import ENGINE, REPOSITORY

CONFIGURED = [REPOSITORY / "pyproject.toml", ENGINE / "pyproject.toml"]


def of_the_cdk(file: Path) -> dict[str, list[str]]:
    """Modules by whether mypy follows their imports."""
    told: list[dict[str, Any]] = tomllib.loads(file.read_text())["tool"]["mypy"]["overrides"]
    found = {each["follow_imports"]: each["module"] for each in told if "follow_imports" in each}
    return {how: [modules] if isinstance(modules, str) else modules for how, modules in found.items()}


def checked(file: Path) -> Iterator[Path]:
    """What this configuration's mypy reads."""
    for name in tomllib.loads(file.read_text())["tool"]["mypy"]["files"]:
        path = file.parent / name
        yield from path.rglob("*.py") if path.is_dir() else [path]


def imported(source: str) -> Iterator[str]:
    """Modules of the CDK."""
    if "aws_cdk" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("aws_cdk"))
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("aws_cdk"):
            yield str(node.module)
            if node.module == "aws_cdk":
                yield from (f"aws_cdk.{each.name}" for each in node.names if each.name.islower())


def unread(modules: Iterable[str], followed: list[str]) -> set[str]:
    """Those whose types would be anything."""
    return {each for each in modules if each not in followed and f"{each}.*" not in followed}


@pytest.mark.parametrize("file", CONFIGURED, ids=["app", "engine"])
def test_every_service_that_is_imported_has_its_types(file: Path) -> None:
    found = {each for path in checked(file) for each in imported(path.read_text())}
    assert "aws_cdk" in found
    assert unread(found, of_the_cdk(file)["normal"]) == set(), f"add it to follow_imports in {file}"


def test_both_read_the_same_so_that_they_share_what_mypy_remembers() -> None:
    app, engine = map(of_the_cdk, CONFIGURED)
    assert app == engine and app["skip"] == ["aws_cdk.*"]


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("from aws_cdk import aws_glue as glue", {"aws_cdk.aws_glue"}),
        ("from aws_cdk.aws_glue import CfnJob", {"aws_cdk.aws_glue"}),
        ("import aws_cdk.aws_glue", {"aws_cdk.aws_glue"}),
        ("def late():\n    from aws_cdk import Stack, aws_sqs, assertions", set()),
    ],
)
def test_the_test_sees_what_has_no_types(source: str, missing: set[str]) -> None:
    assert unread(imported(source), of_the_cdk(CONFIGURED[0])["normal"]) == missing
