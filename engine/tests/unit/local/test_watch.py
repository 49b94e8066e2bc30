"""What a saved file asks for, what is shown of a log line, and which errors are told before anything runs."""

import json
from pathlib import Path

import pytest

from fanout.local.watch.files import ENGINE, changed, classify, snapshot
from fanout.local.watch.lines import rendered
from fanout.local.watch.watch import syntax_error


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("lambdas/a/handler.py", "lambdas/a/helper.py", "lambdas/events/__init__.py", "stacks/s.py", "app.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "cdk.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "tasks", "shared", "packages", "stack"),
    [
        ("lambdas/a/helper.py", frozenset({"a"}), False, False, False),
        ("lambdas/a/deep/er.json", frozenset({"a"}), False, False, False),
        ("lambdas/events/__init__.py", frozenset(), True, False, False),
        ("lambdas/a/requirements.txt", frozenset({"a"}), False, True, False),
        ("stacks/s.py", frozenset(), False, False, True),
        ("contracts/x.json", frozenset(), False, False, True),
        ("cdk.json", frozenset(), False, False, True),
        (str(ENGINE / "runtime" / "log.py"), frozenset(), True, False, False),
        (str(ENGINE / "constructs" / "topic.py"), frozenset(), False, False, True),
    ],
)
def test_a_saved_file_asks_for_its_own_task_for_all_tasks_or_for_a_deployment(
    root: Path, name: str, tasks: frozenset[str], shared: bool, packages: bool, stack: bool
) -> None:
    change = classify([str(root / name)], root)
    assert (change.tasks, change.shared, change.packages, change.stack) == (tasks, shared, packages, stack)


def test_a_new_a_changed_and_a_deleted_file_are_seen_and_an_editors_own_are_not(root: Path) -> None:
    before = snapshot(root)
    (root / "lambdas/a/new.py").write_text("x")
    (root / "app.py").write_text("changed")
    (root / "stacks/s.py").unlink()
    for name in (".helper.py.swp", "#helper.py#", "4913", "__pycache__/helper.pyc"):
        (root / "lambdas/a" / name).parent.mkdir(exist_ok=True)
        (root / "lambdas/a" / name).touch()
    found = [str(Path(each).relative_to(root)) for each in changed(before, snapshot(root))]
    assert found == ["app.py", "lambdas/a/new.py", "stacks/s.py"]
    assert any(each.startswith(str(ENGINE)) for each in before)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("START RequestId: 1 Version: $LATEST", ""),
        ("REPORT RequestId: 1\tDuration: 5 ms", ""),
        ({"messages": {"m": 1}, "message": "received"}, ""),
        ({"_aws": {}, "Done": 1}, ""),
        ("a print [of] mine\n", "[cyan]a[/]  a print \\[of] mine"),
        ({"level": "INFO", "message": "a logger's line"}, "[cyan]a[/]  INFO  a logger's line"),
        ({"outcome": "done", "event_id": "e", "attempt": 1}, "[cyan]a[/]  [green]done[/]  e  attempt 1"),
        (
            {
                "outcome": "failed",
                "event_id": "e",
                "attempt": 2,
                "error_type": "KeyError",
                "error": "x",
                "place": "h:3",
            },
            "[cyan]a[/]  [yellow]failed[/]  e  attempt 2  KeyError: x  h:3",
        ),
        ("[1, 2]", "[cyan]a[/]  [1, 2]"),
        ({"level": "ERROR", "message": "m", "stackTrace": None}, "[cyan]a[/]  ERROR  m"),
        ({"level": "ERROR", "message": "m", "stackTrace": ["x.py:1"]}, "[cyan]a[/]  ERROR  m\n    x.py:1"),
        ({"level": "ERROR", "message": "m", "stackTrace": 3}, "[cyan]a[/]  ERROR  m"),
        ("[" * 100_000, f"[cyan]a[/]  {'[' * 100_000}"),
    ],
)
def test_outcomes_and_a_tasks_own_lines_are_shown_and_lambdas_are_not(line: object, shown: str) -> None:
    assert rendered("a", line if isinstance(line, str) else json.dumps(line)) == shown


def test_a_syntax_error_is_told_with_its_line(root: Path) -> None:
    path = root / "lambdas/a/handler.py"
    assert syntax_error(path) == ""
    path.write_text("import json\ndef x(:\n")
    assert syntax_error(path).startswith(f"{path}:2: SyntaxError: ")
    assert syntax_error(root / "cdk.json") == syntax_error(root / "gone.py") == ""
