"""What `fanout local` makes of an app's demo.py, of one without, and of one that cannot be run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.local import app
from fanout.local.errors import LocalError
from fanout.ops.aws.stack import Stack

TOLD = """
from fanout.local.app import Task

class First(Task):
    breaks = "it is switched off"

TASKS = (First("first"), Task("gone"), Task("second"))
BREAK = "first"
"""


def stack(*tasks: str) -> Stack:
    return cast(Stack, SimpleNamespace(subscribers=[SimpleNamespace(task=each) for each in tasks]))


def test_without_a_demo_file_every_task_is_judged_by_its_log_and_the_examples_are_published(tmp_path: Path) -> None:
    told = app.load(tmp_path)
    assert [(type(each), each.name) for each in told.of(stack("b", "a"))] == [(app.Task, "a"), (app.Task, "b")]
    assert told.breaks is None
    assert told.events().keys() == app.examples().keys() != set()
    none: Any = None
    assert told.of(stack("a"))[0].proof(none, next(iter(told.events().values()))) == (True, "as its log says")


def test_tasks_that_are_gone_are_ignored_and_those_that_are_not_named_come_last(tmp_path: Path) -> None:
    (tmp_path / "demo.py").write_text(TOLD)
    told = app.load(tmp_path)
    assert [each.name for each in told.of(stack("own", "second", "first"))] == ["first", "second", "own"]
    assert told.of(stack("first"))[0].breaks == "it is switched off"
    assert told.breaks == "first"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("import json\n\nimport nosuchmodule\n", 3, "ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("x = 1\ny = = 2\n", 2, "SyntaxError: "),
        ("import json\njson.loads('{')\n", 2, "JSONDecodeError: "),
    ],
)
def test_a_demo_file_that_cannot_be_run_is_told_with_its_own_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    (tmp_path / "demo.py").write_text(text)
    with pytest.raises(LocalError) as raised:
        app.load(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / 'demo.py'}:{line}: {what}")
