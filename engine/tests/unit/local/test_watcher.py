"""The watch loses nothing that was saved: not beside a deployment, not beside a broken file, not after an error."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from fanout.errors import ConfigurationError
from fanout.local.console import console
from fanout.local.handlers.imports import Importer
from fanout.local.run import Run
from fanout.local.watch import code, watch
from fanout.local.watch import files as watched
from fanout.local.watch.files import snapshot
from fanout.local.watch.watch import Watcher

HANDLER = "def handle(event, context): ...\n"


class App:
    """Two tasks, and an embedded AWS that knows what each of them runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said: list[str] = []
        self.runs: dict[str, bytes] = {}
        self.deployments = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self.put_error: Exception | None = None
        for task in ("a", "b"):
            self.save(f"lambdas/{task}/handler.py", HANDLER)
        self.save("stacks/s.py", "")
        self.save("cdk.json", "{}")
        stack = SimpleNamespace(
            tasks=["a", "b"], subscribers=[], subscriber=lambda task: SimpleNamespace(function_name=task)
        )
        self.evidence: Any = SimpleNamespace(stack=stack, emulator=SimpleNamespace(connection=None))
        self.state = SimpleNamespace(lock=lambda waiting: nullcontext())
        self.connection = None

    def save(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def up(self, agree: object = None) -> Any:
        self.deployments += 1
        for task in self.evidence.stack.tasks:
            self.runs[task] = code.zipped(task)
        self.meanwhile()
        return self.evidence

    def put(self, seen: object, task: str) -> None:
        if self.put_error:
            raise self.put_error
        self.runs[task] = code.zipped(task)

    def runs_what_was_saved(self) -> bool:
        return all(self.runs[task] == code.zipped(task) for task in ("a", "b"))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    made = App(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watched, "ENGINE", tmp_path / "engine")
    monkeypatch.setattr(code, "put", made.put)
    monkeypatch.setattr(watch, "handler_of", lambda *given: None)
    monkeypatch.setattr(console, "print", lambda text="", **style: made.said.append(text))
    monkeypatch.setattr(watch, "note", made.said.append)
    return made


@pytest.fixture
def watcher(app: App) -> Watcher:
    """As it is after the first deployment."""
    importer = cast(Importer, SimpleNamespace(failure=lambda handler: None, failures=lambda handlers: []))
    files = snapshot(app.root)
    return Watcher(cast(Run, app), app.up(), importer, lambda deletions: None, files)


def test_what_is_saved_while_the_watch_begins_runs(app: App, watcher: Watcher) -> None:
    app.save("lambdas/a/handler.py", f"VALUE = 2\n{HANDLER}")
    watcher.begin()
    watcher.look()
    assert app.runs_what_was_saved() and app.deployments == 1


def test_what_is_saved_while_a_deployment_is_under_way_runs_after_it(app: App, watcher: Watcher) -> None:
    watcher.begin()
    app.meanwhile = lambda: app.save("lambdas/a/handler.py", f"VALUE = 2\n{HANDLER}")
    app.save("stacks/s.py", "# changed")
    watcher.look()
    watcher.look()
    assert app.runs_what_was_saved() and app.deployments == 2


def test_a_deployment_alone_is_not_followed_by_another_nor_by_the_code_again(app: App, watcher: Watcher) -> None:
    watcher.begin()
    app.save("stacks/s.py", "# changed")
    watcher.look()
    app.put_error = AssertionError("it runs already")
    watcher.look()
    app.save("lambdas/a/handler.py", HANDLER)
    watcher.look()
    assert app.deployments == 2


def test_a_broken_file_holds_its_own_task_alone(app: App, watcher: Watcher) -> None:
    watcher.begin()
    app.save("lambdas/a/handler.py", f"VALUE = 2\n{HANDLER}")
    app.save("lambdas/b/helper.py", "VALUE = 2\n")
    app.save("lambdas/b/handler.py", "def handle(:\n")
    watcher.look()
    assert app.runs["a"] == code.zipped("a") and app.runs["b"] != code.zipped("b")
    assert "SyntaxError" in "".join(app.said)
    app.save("lambdas/b/handler.py", HANDLER)
    watcher.look()
    assert app.runs_what_was_saved()


def test_a_stack_that_is_saved_beside_a_broken_file_is_deployed_once_that_is_mended(app: App, watcher: Watcher) -> None:
    watcher.begin()
    app.save("lambdas/a/handler.py", "def handle(:\n")
    app.save("stacks/s.py", "# changed")
    watcher.look()
    assert app.deployments == 1
    app.save("lambdas/a/handler.py", HANDLER)
    watcher.look()
    assert app.deployments == 2


def test_a_deployment_that_failed_is_tried_again_at_the_next_save(
    app: App, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher.begin()

    def up(agree: object) -> Any:
        if not (app.root / "lambdas/c/handler.py").exists():
            raise ConfigurationError("task 'c' has no folder")
        return App.up(app, agree)

    monkeypatch.setattr(app, "up", up)
    app.save("stacks/s.py", "# Subscriber of c")
    watcher.look()
    assert app.said[-1] == "[red]✗[/] task 'c' has no folder"
    app.save("lambdas/c/handler.py", HANDLER)
    watcher.look()
    assert app.deployments == 2 and "belongs to no deployed subscriber" not in "".join(app.said)


def test_an_emulator_that_was_stopped_is_one_line_and_what_was_saved_runs_at_the_next_save(
    app: App, watcher: Watcher
) -> None:
    watcher.begin()
    app.put_error = EndpointConnectionError(endpoint_url="https://127.0.0.1:4566")
    app.save("lambdas/a/handler.py", f"VALUE = 2\n{HANDLER}")
    watcher.look()
    assert app.said[-1].startswith("[red]✗[/] ") and "127.0.0.1:4566" in app.said[-1]
    app.put_error = None
    app.save("lambdas/b/handler.py", f"VALUE = 2\n{HANDLER}")
    watcher.look()
    assert app.runs_what_was_saved()


def test_a_file_that_cannot_be_read_is_one_line_and_keeps_no_other_task_from_its_code(
    app: App, watcher: Watcher
) -> None:
    watcher.begin()
    (app.root / "lambdas/a/data.json").symlink_to("gone.json")
    for task in ("a", "b"):
        app.save(f"lambdas/{task}/handler.py", f"VALUE = 2\n{HANDLER}")
    watcher.look()
    assert "lambdas/a/data.json: No such file or directory" in "".join(app.said)
    assert app.runs["b"] == code.zipped("b")


def test_a_fault_of_fanout_itself_is_not_hidden(app: App, watcher: Watcher) -> None:
    watcher.begin()
    app.put_error = ZeroDivisionError()
    app.save("lambdas/a/handler.py", f"VALUE = 2\n{HANDLER}")
    with pytest.raises(ZeroDivisionError):
        watcher.look()
