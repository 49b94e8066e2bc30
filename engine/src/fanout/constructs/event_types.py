"""Which of the app's event types a task takes, read from its handler without running it."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from fanout.errors import ConfigurationError


def types_taken(app_root: Path, task: str) -> tuple[str, ...]:
    """Those in the annotation of the function that is given to `handler_of`; () when these are all the app has.

    Raises ConfigurationError where there are several and the handler does not say.
    """
    schemas = sorted((app_root / "contracts").glob("*.schema.json"))
    if len(schemas) < 2:
        return ()
    classes = _classes(schemas)
    path = app_root / "lambdas" / task / "handler.py"
    try:
        names = set(_names_taken(ast.parse(path.read_text("utf-8"))))
    except (SyntaxError, ValueError) as error:
        raise ConfigurationError(f"{path}: it is no Python ({error}): correct it") from None
    taken = tuple(sorted(classes[each] for each in names & classes.keys()))
    if not taken:
        raise ConfigurationError(
            f"{path}: it does not say which events it takes: annotate the function in it that is given to handler_of"
            f" with one of {', '.join(sorted(classes))}"
        )
    return () if len(taken) == len(classes) else taken


def _classes(schemas: list[Path]) -> dict[str, str]:
    """The type of each class. What is no schema is told of when the contracts are loaded to judge filters."""
    from fanout.contracts.model import class_name  # by an app with several types, and by no other
    from fanout.contracts.roles import event_type

    found = {}
    for path in schemas:
        try:
            type_ = event_type(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigurationError(f"contract {path}: it cannot be read ({type(error).__name__})") from None
        if isinstance(type_, str):
            found[class_name(type_)] = type_
    return found


def _names_taken(module: ast.Module) -> Iterator[str]:
    """Of classes, by their own names where they are imported under others."""
    nodes = list(ast.walk(module))
    given = {
        each.args[0].id
        for each in nodes
        if isinstance(each, ast.Call) and _last_name(each.func) == "handler_of" and each.args
        if isinstance(each.args[0], ast.Name)
    }
    imported = {
        alias.asname: alias.name
        for each in nodes
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
        if alias.asname
    }
    for each in nodes:
        if isinstance(each, ast.FunctionDef) and each.name in given:
            parameters = [*each.args.posonlyargs, *each.args.args]
            annotation = parameters[0].annotation if parameters else None
            for name in _names_in(annotation):
                yield imported.get(name, name)


def _names_in(annotation: ast.expr | None) -> Iterator[str]:
    for each in ast.walk(annotation) if annotation is not None else ():
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield from _names_in(ast.parse(each.value, mode="eval").body)
        elif name := _last_name(each):
            yield name


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
