"""`fanout verify`: 0 only when nothing failed, 1 when something did, 2 and nothing done when it may not be run so."""

import json
import sys
from pathlib import Path

import pytest

from fanout.cli import verify as command
from fanout.cli.main import main
from tests.unit.ops.verify.world import World


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, world: World, *arguments: str) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(command, "connect", lambda target: world.stack)
    monkeypatch.setattr(command, "Verification", lambda *_: world.verification())
    monkeypatch.setattr(sys, "argv", ["fanout", "verify", "--env", "dev", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


@pytest.mark.parametrize(("broken", "status"), [((), 0), (("not delivered",), 1)])
def test_the_exit_status_and_the_table(
    broken: tuple[str, ...],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World(monkeypatch, frozenset(broken))
    assert run(monkeypatch, tmp_path, world, "--only", "delivery") == status
    told = capsys.readouterr().out
    assert ("2 steps: 2 passed" if not status else "2 steps: 1 passed, 1 failed") in told
    assert str(next((tmp_path / ".fanout").iterdir())) in told


def test_json_is_all_that_is_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, World(monkeypatch), "--only", "delivery", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["well"] is True and [each["step"] for each in told["steps"]] == ["delivery", "clean"]
    assert set(told["steps"][0]) == {"step", "proves", "result", "seen", "seconds"}


def test_what_was_seen_is_said_although_no_file_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".fanout").write_text("a file")
    assert run(monkeypatch, tmp_path, World(monkeypatch), "--only", "delivery", "--json") == 2
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["well"], told["facts"]) == (True, None) and "the facts cannot be written" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "delivery"), "its data is kept, so it is production: nothing was done; give --yes"),
        (("--only", "nothing"), "no step 'nothing'"),
        (("--only", "delivery", "--core"), "--only names the steps: leave out --core"),
    ],
)
def test_what_may_not_be_run_so_is_one_line_and_nothing_is_published(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World(monkeypatch, protected=True)
    assert run(monkeypatch, tmp_path, world, *arguments) == 2
    told = capsys.readouterr().err
    assert said in told and len(told.splitlines()) == 1
    assert world.published == [] and not (tmp_path / ".fanout").exists()


def test_production_is_verified_when_asked_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, tmp_path, World(monkeypatch, protected=True), "--only", "delivery", "--yes") == 0
