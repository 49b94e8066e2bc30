"""What the commands of the embedded AWS say in the end is what is so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fanout.cli import run
from fanout.cli.local import down, up
from fanout.cli.local_command import DEMO, DRILL, INTERRUPTED, MAIN
from fanout.local.emulator.state import State
from fanout.local.handlers.imports import Handler


def raising(error: BaseException) -> Callable[..., Any]:
    def called(*given: Any, **named: Any) -> Any:
        raise error

    return called


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of folders in which something runs; `down` and `up` know no other."""
    found: set[str] = set()
    (tmp_path / "cdk.json").write_text("{}")
    monkeypatch.chdir(tmp_path)

    class Run:
        def __init__(self, folder: Path) -> None:
            self.name = str(folder.relative_to(tmp_path))
            self.state = State(folder)

        def is_running(self) -> bool:
            return self.name in found

        def down(self) -> bool:
            was_running = self.is_running()
            found.discard(self.name)
            return was_running

        current = raising(KeyboardInterrupt())

    monkeypatch.setattr(down, "Run", Run)
    monkeypatch.setattr(up, "Run", Run)
    monkeypatch.setattr("fanout.cli.local_command.stop_on_all", lambda: None)
    return found


@pytest.mark.parametrize("name", [MAIN, DEMO, DRILL])
def test_down_stops_what_was_left_behind_by_a_demo_or_a_drill_too(
    running: set[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    running.add(name)
    down.down()
    down.down()
    assert not running and capsys.readouterr().out == "stopped\nnothing ran\n"


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        (True, "interrupted: the embedded AWS is still up: `make down` stops it\n"),
        (False, "interrupted: everything that this command started was stopped\n"),
    ],
)
def test_ctrl_c_says_whether_the_embedded_aws_runs_on(
    running: set[str], runs: bool, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    running.update([MAIN] if runs else [])
    with pytest.raises(SystemExit) as ended:
        up.up()
    assert (ended.value.code, capsys.readouterr().err) == (INTERRUPTED, told)


def test_a_task_that_ends_the_program_has_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "call", raising(SystemExit(0)))
    assert run._called(Handler("own", "own.handler.handle", {}), "{}", post_mortem=False) == 1
    assert "✗ own failed: it would be retried" in capsys.readouterr().err


def test_an_event_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("\ufeff{}", "utf-8")
    assert run._body(tmp_path / "event.json", None) == "{}"
