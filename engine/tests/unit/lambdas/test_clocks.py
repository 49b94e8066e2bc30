"""Which clock measures what. The monotonic one stands still while Lambda freezes a container, and while a laptop sleeps."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import APP, ENGINE, REPOSITORY

FOLDERS = (ENGINE / "src" / "fanout" / "runtime", APP / "lambdas", REPOSITORY / "lambdas")
STANDS_STILL = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time"}
WITHIN_ONE_INVOCATION = {"batch.py", "direct.py", "threads.py", "attempt.py", "bounded.py"}
"""bounded: one request, from its first byte to its last."""


def names_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "/".join(folder.parts[-3:]))
def test_only_what_one_invocation_measures_is_measured_by_a_clock_that_stands_still(folder: Path) -> None:
    found = {
        path.name for path in folder.rglob("*.py") if STANDS_STILL & set(names_of(ast.parse(path.read_text("utf-8"))))
    }
    assert found <= WITHIN_ONE_INVOCATION


@pytest.mark.parametrize("line", ["time.monotonic()", "from time import monotonic", "perf_counter()"])
def test_the_test_sees_such_a_clock(line: str) -> None:
    assert STANDS_STILL & set(names_of(ast.parse(line)))
