"""Takes out of the engine's own code what Python does not need to run it, for a zip that every cold start reads and compiles.

That is comments, docstrings, the annotations of functions and of variables, and what only a type checker or an annotation
asks an import for. All else stays in its line, for tracebacks; and so does a class's annotation, which may be what the class
is made of.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

Place = tuple[int, int]
"""Row and column, both from 0; columns are of bytes."""
Cut = tuple[Place, Place, bytes]
"""From here to there, and what comes in its place."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def stripped(source: bytes) -> bytes:
    lines, module = source.split(b"\n"), ast.parse(source)
    nodes = [*ast.walk(module)]
    left = _without([*_comments(nodes, lines), *_cuts(nodes, lines)], lines)
    return _without(_unsaid(module, left), left.split(b"\n"))


def _without(cuts: Iterable[Cut], lines: list[bytes]) -> bytes:
    for (row, column), (last, until), instead in sorted(cuts, reverse=True):
        behind = lines[last][until:]
        lines[row : last + 1] = [(lines[row][:column] + instead).rstrip(), *[b""] * (last - row)]
        lines[last] += behind
    return b"\n".join(lines)


def _comments(nodes: list[ast.AST], lines: list[bytes]) -> Iterator[Cut]:
    """From a # that is in no text, to the end of its line. `tokenize` would take as long as all the rest."""
    texts = [_span(each) for each in nodes if isinstance(each, ast.Constant)]
    for row, line in enumerate(lines):
        for found in re.finditer(b"#", line):
            at = (row, found.start())
            if not any(begin <= at < end for begin, end in texts):
                yield at, (row, len(line)), b""
                break


def _cuts(nodes: list[ast.AST], lines: list[bytes]) -> Iterator[Cut]:
    of_classes = {id(each) for node in nodes if isinstance(node, ast.ClassDef) for each in node.body}
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | _Function):
            yield from _bare(node.body)
        if isinstance(node, _Function) and node.returns:
            row, column = _span(node.returns)[0]
            yield from _annotation((row, lines[row].rindex(b" ->", 0, column)), node.returns)
        elif isinstance(node, ast.arg) and node.annotation:
            row, column = _span(node)[0]
            yield from _annotation((row, column + len(node.arg.encode())), node.annotation)
        elif isinstance(node, ast.AnnAssign) and node.value and id(node) not in of_classes:
            yield from _annotation(_span(node.target)[1], node.annotation)
        elif isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING" and not node.orelse:
            yield *_span(node), b""


def _annotation(begin: Place, annotation: ast.expr) -> Iterator[Cut]:
    """If it is in one line: across several it would leave a statement in two pieces."""
    end = _span(annotation)[1]
    if begin[0] == end[0]:
        yield begin, end, b""


def _bare(body: list[ast.stmt]) -> Iterator[Cut]:
    """A docstring, wherever it stands; one in place of a block that has nothing else becomes `...`."""
    bare = [each for each in body if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)]
    for each in bare:
        yield *_span(each), b"..." if len(bare) == len(body) and each is body[0] else b""


def _unsaid(module: ast.Module, left: bytes) -> Iterator[Cut]:
    """Names that are imported from elsewhere, and said nowhere else in what is left. One that others import from here is `a as a`:
    https://mypy.readthedocs.io/en/stable/command_line.html#cmdoption-mypy-no-implicit-reexport"""
    said = Counter(re.findall(r"\w+", left.decode()))
    for node in (each for each in module.body if isinstance(each, ast.ImportFrom)):
        kept = [each for each in node.names if each.asname or said[each.name] > 1]
        if len(kept) < len(node.names):
            instead = ast.unparse(ast.ImportFrom(node.module, kept, node.level)) if kept else ""
            yield *_span(node), instead.encode()


def _span(node: ast.expr | ast.stmt | ast.arg) -> tuple[Place, Place]:
    return (node.lineno - 1, node.col_offset), ((node.end_lineno or 0) - 1, node.end_col_offset or 0)
