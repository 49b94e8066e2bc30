"""A zip has the engine's code without what Python does not need, and every line of it where it was."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from fanout.packaging.stripping import stripped
from fanout.packaging.zip_contents import zip_contents
from tests.places import APP, ENGINE

TASK = "archive_order"
STAGED = zip_contents(APP, TASK)
FILES = sorted(path.relative_to(STAGED) for path in STAGED.rglob("*.py"))
KINDS = ENGINE / "tests" / "kinds"
SENT = [
    *(file for part in ("runtime", "worker", "intake", "publisher") for file in (ENGINE / "src/fanout" / part).rglob("*.py")),
    *(file for app in (APP, KINDS) for file in (app / "lambdas/events").glob("*.py")),
]  # fmt: skip
"""Of the engine's packages and of what it generates."""


class Needed(ast.NodeTransformer):
    """Leaves in a tree what a zip is to have, by the tree alone."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        own = [each for each in node.body if not is_bare(each)]
        node.body = [each if isinstance(each, ast.AnnAssign) else self.visit(each) for each in own]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        plain = ast.Assign([node.target], node.value or ast.Constant(None))
        return node if node.value is None else ast.copy_location(plain, node)

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if is_bare(node) else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        for_checkers = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" and not node.orelse
        return None if for_checkers else self.generic_visit(node)


def is_bare(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def statements(tree: ast.AST) -> list[tuple[str, int]]:
    """Each as it is dumped, with its line, nested ones too."""
    return [(ast.dump(each), each.lineno) for each in ast.walk(tree) if isinstance(each, ast.stmt)]


def needed(source: str) -> list[tuple[str, int]]:
    tree = Needed().visit(ast.parse(source))
    said = Counter(re.findall(r"\w+", ast.unparse(tree)))
    for each in [each for each in tree.body if isinstance(each, ast.ImportFrom)]:
        each.names = [name for name in each.names if name.asname or said[name.name] > 1]
        if not each.names:
            tree.body.remove(each)
    return statements(tree)


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Module and name, of the engine."""
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("fanout."):
            yield from ((each.module or "", name.name) for name in each.names)


def bound(tree: ast.AST) -> set[str]:
    """What a module has, and perhaps more."""
    found = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    found |= {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef)}
    return found | {each.asname or each.name for each in ast.walk(tree) if isinstance(each, ast.alias)}


@cache
def bound_in(file: Path) -> set[str]:
    """What is left of it once it is stripped."""
    return bound(ast.parse(stripped(file.read_bytes())))


def texts(source: str) -> list[object]:
    bare = [each.value for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Expr)]
    return [each.value for each in bare if isinstance(each, ast.Constant) and isinstance(each.value, str)]


@pytest.mark.parametrize("file", SENT, ids=lambda file: file.relative_to(ENGINE).as_posix())
def test_what_is_needed_is_left_and_in_its_line(file: Path) -> None:
    source = file.read_bytes()
    text = stripped(source).decode()
    assert needed(text) == needed(source.decode())
    assert text.count("\n") == source.count(b"\n")
    assert texts(text) == []
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    assert not [each for each in tokens if each.type == tokenize.COMMENT]
    parameters = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.arg | ast.FunctionDef)]
    assert not [each for each in parameters if (each.annotation if isinstance(each, ast.arg) else each.returns)]


@pytest.mark.parametrize("file", SENT, ids=lambda file: file.relative_to(ENGINE).as_posix())
def test_what_a_file_asks_another_for_is_still_there(file: Path) -> None:
    for module, name in imported(ast.parse(stripped(file.read_bytes()))):
        folder = ENGINE / "src" / module.replace(".", "/")
        if not folder.is_dir():
            assert name in bound_in(folder.with_suffix(".py")), f"{module}.{name}"


def test_there_was_something_to_leave_out() -> None:
    assert sum(len(texts(file.read_text())) for file in SENT) > 100
    assert sum(len(stripped(file.read_bytes())) for file in SENT) < 0.8 * sum(file.stat().st_size for file in SENT)


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('def f(ä: "é", *b: int, c: int = 1, **d: str) -> "ö": ...  # ü', "def f(ä, *b, c = 1, **d): ..."),
        ('class A:\n    """one\n    two"""\n    b: int = 1', "class A:\n\n\n    b: int = 1"),
        ('class A:\n    """one\n    two"""', "class A:\n    ...\n"),
        ('def f():\n    """one"""\n    ...', "def f():\n    ...\n"),
        ("x: dict[\n    str, int\n] = {}", "x: dict[\n    str, int\n] = {}"),
        ("async def f(a: int) -> None:\n    'b'\n    return a", "async def f(a):\n\n    return a"),
        ("a.b: int = 1; c: int = 2", "a.b = 1; c = 2"),
        ("a = f'#{b}' '#é'  # c: int = '#'", "a = f'#{b}' '#é'"),
        ("if TYPE_CHECKING:\n    import a  # b", "\n"),
        ("class A:\n    'a'  # b\n    ...", "class A:\n    ...\n"),
        ("def f():\n    x: int\n    self.y: int = 1", "def f():\n    x: int\n    self.y = 1"),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    a = 1", "if TYPE_CHECKING:\n    import a\nelse:\n    a = 1"),
        ("if TYPE_CHECKING:\n    import a\nb = '# no comment'", "\n\nb = '# no comment'"),
        ("from a import b, c as d\nfrom e import Fb\nx: Fb = b", "from a import b, c as d\n\nx = b"),
        ("from a import (\n    b,\n    c,\n)\ndef d(e: b): c", "from a import c\n\n\n\ndef d(e): c"),
        ("from a import b\n__all__ = ['b']", "from a import b\n__all__ = ['b']"),
        ("import a\nx: a.b = 1", "import a\nx = 1"),
    ],
)
def test_each_kind(source: str, left: str) -> None:
    assert stripped(source.encode()).decode() == left


@pytest.mark.parametrize("name", FILES, ids=str)
def test_a_zip_has_the_teams_code_as_it_is_and_the_engines_without_the_rest(name: Path) -> None:
    staged = (STAGED / name).read_bytes()
    if name.parts[0] == TASK:
        assert staged == (APP / "lambdas" / name).read_bytes()
    elif name.name == "names.py":  # only what no file of the zip says is left out
        kept = set(needed(staged.decode()))
        assert kept and kept < set(needed((ENGINE / "src" / name).read_text()))
    else:
        original = ENGINE / "src" / name if name.parts[0] == "fanout" else APP / "lambdas" / name
        assert staged == stripped(original.read_bytes())


def test_the_classes_of_several_types_are_imported_from_a_zip() -> None:
    """Their package asks a type checker one thing, and says another to Python."""
    staged = zip_contents(KINDS, "print_label")
    program = "from events import InvoiceMade, OrderPlaced, OrderPlacedV2"
    subprocess.run([sys.executable, "-c", program], cwd=staged, check=True, timeout=60)
