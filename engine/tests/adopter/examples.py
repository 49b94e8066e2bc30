"""Deletes the example tasks as an adopter does: their folders, their calls with what only they need, their tests."""

import ast
import shutil

from tests.adopter.checkout import Checkout

CONSTRUCTS = ("archive", "email_sender", "webhook")
"""Of stacks/: what only the examples need."""


def delete_examples(app: Checkout) -> None:
    for handler in sorted(app.root.glob("lambdas/*/handler.py")):
        shutil.rmtree(handler.parent)
        shutil.rmtree(app.root / "tests" / "tasks" / handler.parent.name, ignore_errors=True)
    for name in CONSTRUCTS:
        (app.root / "stacks" / f"{name}.py").unlink()
    app.stack.write_text(_without_examples(app.stack.read_text()))
    acknowledged = app.root / "tests" / "acknowledged.py"
    acknowledged.write_text(_without_patterns(acknowledged.read_text()))


def _without_examples(text: str) -> str:
    """Without the imports of their constructs, the calls, and the statements that use one."""
    tree = ast.parse(text)
    modules = [f"stacks.{name}" for name in CONSTRUCTS]
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module in modules]
    gone = {"Subscriber", *(alias.name for node in imports for alias in node.names)}
    doomed: list[ast.stmt] = [*imports]
    (constructor,) = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    for statement in constructor.body:
        if _names(statement) & gone:
            doomed.append(statement)
            if isinstance(statement, ast.Assign):
                gone |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return _without(text, doomed)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _without(text: str, nodes: list[ast.stmt]) -> str:
    """Without these statements, and the empty line behind one that has an empty line before it, too."""
    lines = text.splitlines()
    for node in sorted(nodes, key=lambda each: -each.lineno):
        assert node.end_lineno
        del lines[node.lineno - 1 : node.end_lineno]
        if lines[node.lineno - 2 : node.lineno] == ["", ""] and lines[node.lineno : node.lineno + 1] != [""]:
            del lines[node.lineno - 1]
    return "\n".join(lines) + "\n"


def _without_patterns(text: str) -> str:
    """The findings of the constructs that are gone go with them."""
    before, _, rest = text.partition("ACKNOWLEDGED = {")
    return f"{before}ACKNOWLEDGED: dict[str, str] = {{}}" + rest.partition("\n}")[2]
