"""The engine's README names every module that others are made to import, and every extra."""

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.places import ENGINE, REPOSITORY

README = (ENGINE / "README.md").read_text("utf-8")
PUBLIC = set(re.findall(r"`(fanout\.[\w.]+)`", README.partition("## Public names")[2].partition("\n## ")[0]))
SCAFFOLD = ENGINE / "src" / "fanout" / "scaffold" / "files"
APPS = (REPOSITORY, ENGINE / "tests" / "app", ENGINE / "tests" / "kinds")
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", ENGINE / "README.md"]


def imported(code: str) -> set[str]:
    """The modules of the engine that `code` imports; of `from fanout import names` it is fanout.names."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "fanout":
            found |= {f"fanout.{each.name}" for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return {each for each in found if each.partition(".")[0] == "fanout"}


def samples() -> Iterator[tuple[Path, str]]:
    """Every Python block of the documents."""
    for path in [*DOCUMENTS, *(ENGINE / "docs").glob("*.md")]:
        for block in re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            yield path, textwrap.dedent(block)


def test_a_new_repository_imports_public_modules_alone() -> None:
    texts = {path: path.read_text("utf-8") for path in SCAFFOLD.rglob("*.py.txt")}
    read = {path: imported(re.sub("@([A-Z_]+)@", r"\1", text)) for path, text in texts.items()}
    assert len(read) > 15 and set().union(*read.values()) >= {"fanout.names", "fanout.constructs", "fanout.project"}
    assert {path: found - PUBLIC for path, found in read.items() if found - PUBLIC} == {}


def test_a_generated_class_imports_public_modules_alone() -> None:
    read = {path: imported(path.read_text("utf-8")) for app in APPS for path in app.glob("lambdas/events/*.py")}
    assert set().union(*read.values()) == {"fanout.runtime.errors", "fanout.runtime.event"}
    assert {path: found - PUBLIC for path, found in read.items() if found - PUBLIC} == {}


def test_the_app_imports_public_modules_alone() -> None:
    own = [*REPOSITORY.glob("*.py"), *(REPOSITORY / "stacks").glob("*.py"), *REPOSITORY.glob("lambdas/*/*.py")]
    read = {path: imported(path.read_text("utf-8")) for path in own}
    assert {path: found - PUBLIC for path, found in read.items() if found - PUBLIC} == {}


def test_documents_import_public_modules_alone() -> None:
    read = [(path, imported(code)) for path, code in samples()]
    assert len(read) > 15
    assert [(path, found - PUBLIC) for path, found in read if found - PUBLIC] == []


def test_every_public_module_is_there() -> None:
    places = [ENGINE / "src" / each.replace(".", "/") for each in PUBLIC]
    assert [each for each in places if not (each.with_suffix(".py").is_file() or each.is_dir())] == []


def test_every_extra_is_in_the_table() -> None:
    extras = tomllib.loads((ENGINE / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == set(extras)
