"""Finds the one place in a stack's file where the next subscriber belongs, and writes the call that goes there."""

import ast
from dataclasses import dataclass
from pathlib import Path

from fanout.errors import Unusable
from fanout.scaffold.naming import construct_id

_CALLS = ("Subscriber", "Topic", "from_arn")
"""A subscriber goes behind the last one; where there is none, behind the topic."""
_WIDTH = 120


class NoPlace(Unusable):
    """There is not exactly one place for the call."""


@dataclass(frozen=True)
class Place:
    """A line of a file behind which the call goes, and how the calls there are written."""

    path: Path
    line: int
    """The last line of the paragraph, counted from 1."""
    indent: str
    scope: str
    topic: str
    settings: str | None
    ids: frozenset[str]
    """The ids of the constructs that are there already."""


@dataclass(frozen=True)
class _Found:
    path: Path
    function: ast.FunctionDef
    statement: ast.stmt
    call: ast.Call


def find_place(folder: Path) -> Place:
    """The end of the last subscriber's paragraph. Raises NoPlace where there are several files or functions of them."""
    trees = {path: _parsed(path) for path in sorted(folder.glob("*.py"))}
    for kinds in (_CALLS[:1], _CALLS[1:]):
        found = [each for path, tree in trees.items() for each in _calls(path, tree, kinds)]
        if found:
            return _place(found, trees)
    raise NoPlace(f"no call of Subscriber and no topic in {folder.name}/")


def call_of(place: Place, task: str) -> str:
    """The statement for one more subscriber, as the others there are written, in lines of 120 characters."""
    arguments = [place.scope, f'"{construct_id(task)}"', f"topic={place.topic}", f'task="{task}"']
    arguments += [f"settings={place.settings}"] if place.settings else []
    inner = place.indent + " " * 4
    flat = ", ".join(arguments)
    if len(f"{place.indent}Subscriber({flat})") <= _WIDTH:
        return f"Subscriber({flat})"
    if len(inner + flat) <= _WIDTH:
        return f"Subscriber(\n{inner}{flat}\n{place.indent})"
    return "Subscriber(\n" + "".join(f"{inner}{each},\n" for each in arguments) + f"{place.indent})"


def with_call(place: Place, call: str) -> str:
    """The file's text with `call` in its place."""
    lines = place.path.read_text("utf-8").splitlines(keepends=True)
    before, after = lines[: place.line], lines[place.line :]
    if before and not before[-1].endswith("\n"):
        before[-1] += "\n"
    text = "".join([*before, f"\n{place.indent}{call}\n", *after])
    ast.parse(text)
    return text


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        line = f" line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise NoPlace(f"can not read stacks/{path.name}{line}: {type(error).__name__}") from None


def _calls(path: Path, tree: ast.Module, kinds: tuple[str, ...]) -> list[_Found]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [
        _Found(path, function, statement, call)
        for function in functions
        for statement in function.body
        if (call := _called(statement, kinds))
    ]


def _called(statement: ast.stmt, kinds: tuple[str, ...]) -> ast.Call | None:
    """The call that is the whole statement, or the whole of what it assigns."""
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) else None
    while isinstance(value, ast.Attribute):  # topic = Topic(...).topic
        value = value.value
    if not isinstance(value, ast.Call) or not value.args:
        return None
    named = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    return value if named in kinds else None


def _place(found: list[_Found], trees: dict[Path, ast.Module]) -> Place:
    files = sorted({each.path.name for each in found})
    if len(files) > 1:
        raise NoPlace(f"subscribers are made in {len(files)} files of stacks/: {', '.join(files)}")
    if len({each.function.lineno for each in found}) > 1:
        raise NoPlace(f"subscribers are made in several functions of stacks/{files[0]}")
    last = max(found, key=lambda each: each.statement.lineno)
    lines = last.path.read_text("utf-8").splitlines()
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in last.call.keywords}
    return Place(
        path=last.path,
        line=_end_of_paragraph(last, lines),
        indent=" " * last.statement.col_offset,
        scope=ast.unparse(last.call.args[0]),
        topic=given.get("topic") or _assigned(last),
        settings=given.get("settings") if "topic" in given else None,
        ids=frozenset(_ids(trees[last.path])),
    )


def _end_of_paragraph(found: _Found, lines: list[str]) -> int:
    """Grants stand under their subscriber: the place is behind the statements that follow without a blank line."""
    end = found.statement.end_lineno or found.statement.lineno
    for statement in found.function.body:
        if statement.lineno > end and not any(not line.strip() for line in lines[end : statement.lineno - 1]):
            end = statement.end_lineno or statement.lineno
    return end


def _assigned(found: _Found) -> str:
    target = found.statement.targets[0] if isinstance(found.statement, ast.Assign) else None
    if target is None:
        raise NoPlace(f"the topic of stacks/{found.path.name} has no name there")
    return ast.unparse(target)


def _ids(tree: ast.Module) -> list[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) > 1]
    ids = [call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)]
    return [each for each in ids if isinstance(each, str)]
