"""What a handler, and the app's upcasts, say of events: read from their source, without running it."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fanout.errors import ConfigurationError


def taken_by(path: Path, types: Mapping[str, str]) -> set[str]:
    """The types in the annotations of the functions that are given to `handler_of`. `types` has the app's by class.

    Raises ConfigurationError, one line, where a function does not say, and where two say the same.
    """
    module = _parsed(path)
    imported, given = _imported(module), set(_given(module))
    by_type: dict[str, str] = {}
    for function in (each for each in ast.walk(module) if isinstance(each, ast.FunctionDef) and each.name in given):
        found = [types[each] for each in _annotation(function, imported) if each in types]
        if not found and len(given) > 1:
            raise ConfigurationError(f"{path}: {function.name} {_unsaid(types)}")
        for type_ in dict.fromkeys(found):
            if by_type.setdefault(type_, function.name) != function.name:
                both = f"{by_type[type_]} and {function.name}"
                raise ConfigurationError(f"{path}: {both} both take {type_}: let one function take it")
    if not by_type:
        raise ConfigurationError(
            f"{path}: it does not say which events it takes: annotate the function in it that is given to handler_of"
            f" with one of {', '.join(sorted(types))}"
        )
    return {*by_type}


def upcasts_in(path: Path, types: Mapping[str, str], modules: Mapping[str, str]) -> dict[str, str]:
    """The older type that is read as each newer one. `modules` has the app's types by module, as the functions are named.

    Raises ConfigurationError, one line.
    """
    if not path.is_file():
        return {}
    module = _parsed(path)
    imported, found = _imported(module), {}
    for function in module.body:
        if not isinstance(function, ast.FunctionDef) or function.name.startswith("_"):
            continue
        if function.name not in modules:
            raise ConfigurationError(
                f"{path}: {function.name} is the module of no type: call an upcast after what it makes, one of"
                f" {', '.join(sorted(modules))}, and begin the name of another function with _"
            )
        new = modules[function.name]
        old = {types[each] for each in _annotation(function, imported) if each in types}
        if len(old) != 1 or new in old:
            others = sorted(name for name, type_ in types.items() if type_ != new)
            known = f"annotate its parameter with one of {', '.join(others)}"
            rest = known if others else "no other type has a schema, so take the function away"
            raise ConfigurationError(f"{path}: {function.name} does not say which event it reads: {rest}")
        found[new] = old.pop()
    return found


def with_older(types: Iterable[str], upcasts: Mapping[str, str]) -> set[str]:
    """And all from which upcasts lead to them."""
    found = set(types)
    while more := {upcasts[each] for each in found if each in upcasts} - found:
        found |= more
    return found


def _unsaid(types: Iterable[str]) -> str:
    return f"does not say which events it takes: annotate its parameter with one of {', '.join(sorted(types))}"


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"))
    except (SyntaxError, ValueError) as error:
        raise ConfigurationError(f"{path}: it is no Python ({error}): correct it") from None


def _given(module: ast.Module) -> Iterator[str]:
    """Names of the functions that are given to `handler_of`."""
    for each in ast.walk(module):
        if isinstance(each, ast.Call) and _last_name(each.func) == "handler_of":
            yield from (argument.id for argument in each.args if isinstance(argument, ast.Name))


def _imported(module: ast.Module) -> dict[str, str]:
    """The own names of what is imported under others."""
    return {
        alias.asname: alias.name
        for each in ast.walk(module)
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
        if alias.asname
    }


def _annotation(function: ast.FunctionDef, imported: Mapping[str, str]) -> Iterator[str]:
    """The names in that of the first parameter."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    for name in _names_in(parameters[0].annotation if parameters else None):
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
