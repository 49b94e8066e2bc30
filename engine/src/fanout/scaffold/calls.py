"""The calls of Subscriber and Topic in a stack's file, as they are written there."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fanout.errors import Unusable

SUBSCRIBER, TOPIC = "Subscriber", "Topic"


class NoPlace(Unusable):
    """There is not exactly one place for the call."""


@dataclass(frozen=True)
class Call:
    """One that is a whole statement of a function, or the whole of what it assigns."""

    path: Path
    function: ast.FunctionDef
    statement: ast.stmt
    call: ast.Call

    @cached_property
    def _dotted(self) -> str:
        return ast.unparse(self.call.func).removesuffix(".from_arn")

    @property
    def kind(self) -> str:
        """What is called, without the module: Subscriber, Topic, or something else."""
        return self._dotted.rpartition(".")[2]

    @property
    def module(self) -> str:
        """The fc of fc.Subscriber; empty for a name alone."""
        return self._dotted.rpartition(".")[0]

    @property
    def topic(self) -> str:
        """The topic that it makes or subscribes to. Raises NoPlace where it has no name."""
        if not self.topics:
            raise NoPlace(f"the topic of stacks/{self.path.name} has no name there")
        return self.topics[0]

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """All names of that topic there; none where it has none."""
        if self.kind != TOPIC:
            named = self.given("topic")
            return () if named is None else (named,)
        if isinstance(self.statement, ast.Assign):
            return tuple(map(ast.unparse, self.statement.targets))
        return (ast.unparse(self.statement.target),) if isinstance(self.statement, ast.AnnAssign) else ()

    def given(self, name: str) -> str | None:
        found = self._keyword(name)
        return None if found is None else ast.unparse(found)

    def may_carry(self, event: str) -> bool:
        """Whether the topic that it makes carries these events. One whose types are not written here may."""
        types = self._keyword("types")
        if not isinstance(types, ast.List | ast.Tuple):
            return True
        written = [each.value if isinstance(each, ast.Constant) else event for each in types.elts]
        return event in written

    def _keyword(self, name: str) -> ast.expr | None:
        return next((each.value for each in self.call.keywords if each.arg == name), None)


def calls_in(path: Path, tree: ast.Module) -> Iterator[Call]:
    """Those of Subscriber, and of our own Topic: aws_cdk has one as well."""
    ours = imported(tree)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for statement in function.body:
            found = _called(statement)
            each = Call(path, function, statement, found) if found else None
            if each and (each.kind == SUBSCRIBER or (each.kind == TOPIC and (each.module or TOPIC) in ours)):
                yield each


def imported(tree: ast.Module) -> set[str]:
    """What a file calls that which it imports of fanout."""
    found: set[str] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Import):
            found |= {one.asname or one.name for one in each.names if one.name.startswith("fanout")}
        elif isinstance(each, ast.ImportFrom) and (each.module or "").startswith("fanout"):
            found |= {one.asname or one.name for one in each.names}
    return found


def _called(statement: ast.stmt) -> ast.Call | None:
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) else None
    while isinstance(value, ast.Attribute):  # topic = Topic(...).topic
        value = value.value
    return value if isinstance(value, ast.Call) and value.args else None
