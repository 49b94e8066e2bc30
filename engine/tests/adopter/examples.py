"""Deletes the example tasks as an adopter does: their folders, their calls with what only they need, their tests."""

import ast
import shutil
from pathlib import Path

from tests.adopter.checkout import Checkout


def delete_examples(app: Checkout) -> None:
    for handler in sorted(app.root.glob("lambdas/*/handler.py")):
        task = handler.parent.name
        shutil.rmtree(handler.parent)
        shutil.rmtree(app.root / "tests" / "tasks" / task, ignore_errors=True)
    constructs = _delete_calls(app.stack)
    for module in constructs:
        (app.root / (module.replace(".", "/") + ".py")).unlink()
    app.write("tests/acknowledged.py", _without_patterns(app.root / "tests" / "acknowledged.py"))


def _delete_calls(stack: Path) -> list[str]:
    """Statements of the constructor that make a subscriber or a construct of the app's own, or use one; the imports."""
    text = stack.read_text()
    tree = ast.parse(text)
    own = {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("stacks.")
        and node.module != "stacks.settings"
        for alias in node.names
    }
    (constructor,) = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    gone = {"Subscriber", *own}
    doomed: list[ast.stmt] = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module in own.values()
    ]
    for statement in constructor.body:
        if _names(statement) & gone:
            doomed.append(statement)
            if isinstance(statement, ast.Assign):
                gone |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    stack.write_text(_without(text, doomed))
    return sorted({module for module in own.values() if module})


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _without(text: str, nodes: list[ast.stmt]) -> str:
    lines = text.splitlines()
    for node in sorted(nodes, key=lambda each: -each.lineno):
        assert node.end_lineno
        del lines[node.lineno - 1 : node.end_lineno]
        if lines[node.lineno - 2 : node.lineno - 1] == [""] and lines[node.lineno - 1 : node.lineno] == [""]:
            del lines[node.lineno - 1]
    return "\n".join(lines) + "\n"


def _without_patterns(path: Path) -> str:
    """The findings of the constructs that are gone: the adopter's file names those of their own."""
    text = path.read_text()
    before, _, rest = text.partition("ACKNOWLEDGED = {")
    return f"{before}ACKNOWLEDGED: dict[str, str] = {{}}" + rest.partition("\n}")[2]
