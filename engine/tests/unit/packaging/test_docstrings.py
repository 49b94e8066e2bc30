"""A zip has the engine's code without its docstrings and comments, and every line of it where it was."""

import ast
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from fanout.packaging.zip_contents import zip_contents
from tests.places import APP, ENGINE

TASK = "archive_order"
STAGED = zip_contents(APP, TASK)
FILES = sorted(path.relative_to(STAGED) for path in STAGED.rglob("*.py"))


def statements(source: str) -> list[tuple[str, int]]:
    """Type and line of each, docstrings and what stands for them left out."""
    found = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.stmt)]
    return [(type(each).__name__, each.lineno) for each in found if not is_bare(each)]


def is_bare(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def texts(source: str) -> list[object]:
    bare = [each.value for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Expr)]
    return [each.value for each in bare if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def original(name: Path) -> Path:
    return ENGINE / "src" / name if name.parts[0] == "fanout" else APP / "lambdas" / name


@pytest.mark.parametrize("name", FILES, ids=str)
def test_each_line_is_where_it_was(name: Path) -> None:
    staged, source = (STAGED / name).read_text(), original(name).read_text()
    left_out = set(statements(source)) - set(statements(staged))
    assert statements(staged) == [each for each in statements(source) if each not in left_out]
    assert bool(left_out) == (name.name == "names.py"), "only what no file of the zip says is left out"
    if name.parts[0] == TASK:
        assert staged == source
    else:
        assert texts(staged) == []
        tokens = tokenize.generate_tokens(io.StringIO(staged).readline)
        assert not [each for each in tokens if each.type == tokenize.COMMENT]


def test_there_were_docstrings_to_leave_out() -> None:
    assert sum(len(texts(original(name).read_text())) for name in FILES) > 30


def test_the_classes_of_several_types_are_imported_from_a_zip() -> None:
    """Their package asks a type checker one thing, and says another to Python."""
    staged = zip_contents(ENGINE / "tests" / "kinds", "print_label")
    program = "from events import InvoiceMade, OrderPlaced, OrderPlacedV2"
    subprocess.run([sys.executable, "-c", program], cwd=staged, check=True, timeout=60)
