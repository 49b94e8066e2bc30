"""The app's Python files with one task: other subscribers go, and with them what only they need."""

import ast
from collections.abc import Sequence

from scaffold.edits import Edit, Stale


def with_one_task(kept: str) -> Edit:
    """Removes every statement of the constructor that makes another subscriber, or serves nothing but one."""

    def edit(text: str) -> str:
        body = _constructor(ast.parse(text)).body
        subscribers = {id(statement): task for statement in body if (task := _task(statement))}
        if kept not in subscribers.values():
            raise Stale(f"has no Subscriber of task {kept!r}")
        gone = [each for each in body if subscribers.get(id(each), kept) != kept]
        dead = {name for each in gone for name in _assigned(each)}
        gone += [each for each in body if each not in gone and dead & _used(each)]
        while unused := _unused([each for each in body if each not in gone]):
            gone += unused
        return _without_lines(text, gone)

    return edit


def with_definitions(*kept: str) -> Edit:
    """Removes every class and function of a module but these, and from its tuple TASKS what would make another."""

    def edit(text: str) -> str:
        tree = ast.parse(text)
        definitions = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        missing = sorted({*kept} - {node.name for node in definitions})
        if missing:
            raise Stale(f"has no definition of {missing[0]}")
        gone: list[ast.AST] = [node for node in definitions if node.name not in kept]
        gone += _other_tasks(tree, kept)
        needed = {name for node in tree.body if node not in gone for name in _names(node)}
        gone += _unneeded_constants(tree, needed)
        return _without_lines(text, gone)

    return edit


def _other_tasks(tree: ast.Module, kept: tuple[str, ...]) -> list[ast.AST]:
    made = [node.value for node in tree.body if isinstance(node, ast.Assign) and "TASKS" in _assigned(node)]
    elements = [each for value in made if isinstance(value, ast.Tuple) for each in value.elts]
    return [each for each in elements if not {*_names(each)} & {*kept}]


def _unneeded_constants(tree: ast.Module, needed: set[str]) -> list[ast.AST]:
    """Constants that nothing reads any more, each with the text under it that says what it is."""
    gone: list[ast.AST] = []
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and not {*_assigned(node)} & {*needed, "TASKS"}:
            described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            gone += [node, after] if described and after else [node]
    return gone


def _names(node: ast.AST) -> list[str]:
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]


def _constructor(tree: ast.Module) -> ast.FunctionDef:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _subscribes(node)]
    if len(found) != 1:
        raise Stale(f"makes subscribers in {len(found)} functions, expected 1")
    return found[0]


def _subscribes(function: ast.FunctionDef) -> bool:
    return any(_task(statement) for statement in function.body)


def _task(statement: ast.stmt) -> str | None:
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Subscriber":
            given = {keyword.arg: keyword.value for keyword in node.keywords}.get("task")
            return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None
    return None


def _assigned(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _used(statement: ast.stmt) -> set[str]:
    return {*_names(statement)}


def _unused(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Assignments of names that no other statement reads, subscribers apart."""
    unused = []
    for each in statements:
        elsewhere = {name for other in statements if other is not each for name in _used(other)}
        if _assigned(each) and not _task(each) and not elsewhere & {*_assigned(each)}:
            unused.append(each)
    return unused


def _without_lines(text: str, gone: Sequence[ast.AST]) -> str:
    spans = [(_first_line(each), getattr(each, "end_lineno", 0)) for each in gone]
    cut = {line for first, last in spans for line in range(first, last + 1)}
    kept = [line for number, line in enumerate(text.splitlines(keepends=True), 1) if number not in cut]
    return "".join(line for line, before in zip(kept, ["\n", *kept], strict=False) if line.strip() or before.strip())


def _first_line(node: ast.AST) -> int:
    """Decorators stand above what they decorate."""
    lines: list[int] = [each.lineno for each in getattr(node, "decorator_list", [])]
    return min([getattr(node, "lineno", 0), *lines])
