"""Finds the one place in a stack's file where the next subscriber belongs, and writes the call that goes there."""

import ast
import io
from dataclasses import dataclass
from pathlib import Path

from fanout.scaffold.calls import SUBSCRIBER, TOPIC, Call, NoPlace, calls_in, imported
from fanout.scaffold.naming import construct_id

_WIDTH = 120


@dataclass(frozen=True)
class Place:
    """A line of a file behind which the call goes, and how the calls there are written."""

    path: Path
    line: int
    """The last line of the paragraph, counted from 1."""
    indent: str
    name: str
    """Of Subscriber, as this file has it: fc.Subscriber."""
    scope: str
    topic: str
    settings: str | None
    ids: frozenset[str]
    """The ids of the constructs that are there already."""


def find_place(folder: Path, event: str) -> Place:
    """The end of the last subscriber's paragraph; where there is none, of the topic's.

    Raises NoPlace where there are several files or functions of them, and where `event` may be on one of several topics.
    """
    trees = {path: _parsed(path) for path in sorted(folder.glob("*.py"))}
    calls = [each for path, tree in trees.items() for each in calls_in(path, tree)]
    subscribers = [each for each in calls if each.kind == SUBSCRIBER]
    topics = [each for each in calls if each.kind == TOPIC]
    if not calls:
        raise NoPlace(f"no call of Subscriber and no topic in {folder.name}/")
    _check_one_function(subscribers or topics)
    last = max(_of_topic(event, subscribers, topics), key=lambda each: each.statement.lineno)
    return _place(last, trees[last.path])


def call_of(place: Place, task: str) -> str:
    """The statement for one more subscriber, as the others there are written, in lines of 120 characters."""
    arguments = [place.scope, f'"{construct_id(task)}"', f"topic={place.topic}", f'task="{task}"']
    arguments += [f"settings={place.settings}"] if place.settings else []
    inner = place.indent + ("\t" if "\t" in place.indent else " " * 4)
    flat = ", ".join(arguments)
    if len(f"{place.indent}{place.name}({flat})") <= _WIDTH:
        return f"{place.name}({flat})"
    if len(inner + flat) <= _WIDTH:
        return f"{place.name}(\n{inner}{flat}\n{place.indent})"
    return f"{place.name}(\n" + "".join(f"{inner}{each},\n" for each in arguments) + f"{place.indent})"


def with_call(place: Place, call: str) -> str:
    """The file's text with `call` in its place, its line ends as they are. Raises NoPlace where that is no Python."""
    lines = _lines(place.path)
    end = "\r\n" if any(each.endswith("\r\n") for each in lines) else "\n"
    before, after = lines[: place.line], lines[place.line :]
    if before and not before[-1].endswith(("\n", "\r")):
        before[-1] += end
    text = "".join([*before, f"\n{place.indent}{call}\n".replace("\n", end), *after])
    try:
        ast.parse(text)
    except SyntaxError:
        where = f"line {place.line} of stacks/{place.path.name}"
        raise NoPlace(f"the call does not fit behind {where}: write it yourself: {call}") from None
    return text


def _lines(path: Path) -> list[str]:
    """With their ends, and parted where Python parts them: U+000C and U+2028 stand within a line."""
    return list(io.StringIO(path.read_bytes().decode(), newline=""))


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        line = f" line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise NoPlace(f"can not read stacks/{path.name}{line}: {type(error).__name__}") from None


def _check_one_function(found: list[Call]) -> None:
    files = sorted({each.path.name for each in found})
    if len(files) > 1:
        raise NoPlace(f"subscribers are made in {len(files)} files of stacks/: {', '.join(files)}")
    if len({each.function.lineno for each in found}) > 1:
        raise NoPlace(f"subscribers are made in several functions of stacks/{files[0]}")


def _of_topic(event: str, subscribers: list[Call], topics: list[Call]) -> list[Call]:
    """The subscribers of the one topic that carries `event`; where it has none, its own call. A topic without a name there counts
    only where no other may carry it."""
    named = {each.topic for each in subscribers}
    if len(named) < 2 and len(topics) < 2:
        return subscribers or topics
    made = {name for each in topics for name in each.topics}
    may_carry = [each for each in topics if each.may_carry(event)]
    carrying = [each for each in may_carry if each.topics] or may_carry
    if len(carrying) != 1 or not named <= made:
        raise NoPlace(f"which topic in stacks/ carries {event} is not clear: {', '.join(sorted(named | made))}")
    return [each for each in subscribers if each.topic in carrying[0].topics] or carrying


def _place(last: Call, tree: ast.Module) -> Place:
    file = f"stacks/{last.path.name}"
    if last.kind == TOPIC and not last.module and SUBSCRIBER not in imported(tree):
        raise NoPlace(f"{file} does not import Subscriber")
    lines = _lines(last.path)
    indent = lines[last.statement.lineno - 1].encode()[: last.statement.col_offset].decode()
    end = _end_of_paragraph(last, lines)
    if indent.strip():
        raise NoPlace(f"{file} line {last.statement.lineno} has more than the one call")
    if any(isinstance(each, _ENDS) and each.lineno <= end for each in last.function.body):
        raise NoPlace(f"what is behind line {end} of {file} never runs")
    return Place(
        path=last.path,
        line=end,
        indent=indent,
        name=f"{last.module}.{SUBSCRIBER}" if last.module else SUBSCRIBER,
        scope=ast.unparse(last.call.args[0]),
        topic=last.topic,
        settings=last.given("settings") if last.kind == SUBSCRIBER else None,
        ids=frozenset(_ids(tree)),
    )


_ENDS = (ast.Return, ast.Raise)
"""What is behind such a statement never runs."""


def _end_of_paragraph(found: Call, lines: list[str]) -> int:
    """Grants stand under their subscriber: the place is behind the statements that follow without a blank line."""
    end = found.statement.end_lineno or found.statement.lineno
    for statement in found.function.body:
        if statement.lineno > end:
            is_parted = any(not line.strip() for line in lines[end : statement.lineno - 1])
            if is_parted or isinstance(statement, _ENDS):
                break
            end = statement.end_lineno or statement.lineno
    return end


def _ids(tree: ast.Module) -> list[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) > 1]
    ids = [call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)]
    return [each for each in ids if isinstance(each, str)]
