"""The room reads JSON: it knows neither the CDK nor AWS, and nobody but checks/."""

import ast
import sys
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[3] / "costs").glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_imports_the_standard_library_and_checks(file: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    assert found <= {*sys.stdlib_module_names, "checks", "costs"}
