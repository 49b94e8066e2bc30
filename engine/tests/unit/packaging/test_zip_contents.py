"""What is in a function's zip, and that its bytes are the sources' alone."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import fanout
from fanout.errors import ConfigurationError
from fanout.packaging.zip_contents import OF_FEW, _room, _staged, zip_contents, zip_files
from tests.unit.packaging import small_app as app


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    return app.write(tmp_path)


def staged(written: tuple[Path, Path], task: str | None = "ship") -> Path:
    return zip_contents(written[0], task, engine=written[1])


def test_a_zip_holds_runtime_events_and_task(written: tuple[Path, Path]) -> None:
    folder = staged(written)
    assert app.files(folder) == app.ZIPPED
    assert (folder / "ship/handler.py").read_bytes() == (written[0] / "lambdas/ship/handler.py").read_bytes()


def test_a_function_of_the_engine_holds_the_runtime_alone(written: tuple[Path, Path]) -> None:
    files = app.files(staged(written, None))
    assert {name.split("/")[0] for name in files} == {"fanout"}
    assert "fanout/runtime/close_circuits.py" in files


def test_what_an_archive_needs_is_there_where_the_task_names_it(written: tuple[Path, Path]) -> None:
    (written[1] / "runtime" / "archive.py").write_text("")
    assert app.files(staged(written)) == app.ZIPPED
    handler = written[0] / "lambdas/ship/handler.py"
    handler.write_text(handler.read_text() + "from fanout.runtime import archive_key\n")
    _staged.cache_clear()
    assert app.files(staged(written)) == {*app.ZIPPED, "fanout/runtime/archive.py"}


@pytest.mark.parametrize("name", OF_FEW)
def test_what_few_tasks_need_is_there_where_their_stack_asks_for_it(name: str, written: tuple[Path, Path]) -> None:
    (written[1] / "runtime" / name).write_text("")
    assert app.files(staged(written)) == app.ZIPPED
    asked = zip_contents(written[0], "ship", engine=written[1], beside=(name,))
    assert app.files(asked) == {*app.ZIPPED, f"fanout/runtime/{name}"}


def test_code_that_is_put_by_hand_has_whatever_a_stack_may_ask_for(written: tuple[Path, Path]) -> None:
    assert {f"fanout/runtime/{name}" for name in OF_FEW} <= {name for _, name in zip_files(written[0], "ship")}


def test_upcasts_and_what_several_types_need_are_there_where_the_app_has_them(written: tuple[Path, Path]) -> None:
    (written[1] / "runtime" / "several.py").write_text("")
    assert app.files(staged(written)) == app.ZIPPED
    text = '"""Older events."""\n\ndef order_v2(old): ...\n'
    (written[0] / "lambdas" / "upcasts.py").write_text(text)
    (written[0] / "lambdas" / "events" / "order_v2.py").write_text("")
    _staged.cache_clear()
    folder = staged(written)
    assert app.files(folder) == {*app.ZIPPED, "events/order_v2.py", "upcasts.py", "fanout/runtime/several.py"}
    assert (folder / "upcasts.py").read_text() == text
    assert not app.files(staged(written, None)) & {"upcasts.py", "fanout/runtime/several.py"}


def test_upcasts_that_outlive_the_second_type_have_what_reads_them(written: tuple[Path, Path]) -> None:
    (written[1] / "runtime" / "several.py").write_text("")
    (written[0] / "lambdas" / "upcasts.py").write_text("")
    assert app.files(staged(written)) == {*app.ZIPPED, "upcasts.py", "fanout/runtime/several.py"}


def test_without_events_there_are_none(written: tuple[Path, Path]) -> None:
    (written[0] / "lambdas/events").rename(written[0] / "elsewhere")
    assert not (staged(written, "bill") / "events").exists()


def test_what_is_staged_imports_as_in_lambda(written: tuple[Path, Path]) -> None:
    command = [sys.executable, "-S", "-B", "-c", "import ship.handler"]
    subprocess.run(command, cwd=staged(written), env={}, check=True)


def test_staged_once_in_a_process_and_anew_in_the_next(written: tuple[Path, Path]) -> None:
    assert staged(written) is staged(written)
    assert staged(written) != staged(written, "bill")


@pytest.mark.parametrize("mask", [0o077, 0o022, 0o002])
def test_same_key_same_bytes_under_any_umask(mask: int, tmp_path: Path) -> None:
    """FAULTS-AWS 7: the key is of names and bytes, the zip has modes too, and the first zip of a key stays."""
    expected = app.zipped(staged(app.write(tmp_path / "usual")))
    _room.cache_clear()
    before = os.umask(mask)
    try:
        written = app.write(tmp_path / "other")
        for path in tmp_path.joinpath("other").rglob("*.csv"):
            path.chmod(0o700)  # as on a file system that keeps no modes
        folder = staged(written)
    finally:
        os.umask(before)
        _room.cache_clear()
    assert app.zipped(folder) == expected
    assert all(path.stat().st_mode & stat.S_IROTH for path in folder.rglob("*"))
    assert app.modes(folder) == {0o755, 0o644}
    assert [path.name for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o111] == ["tool.sh"]


def test_without_hard_links_the_bytes_are_the_same(written: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    linked = app.zipped(staged(written))
    _staged.cache_clear()
    monkeypatch.setattr(os, "link", refuse)
    assert app.zipped(staged(written)) == linked


def refuse(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_the_folder_is_gone_when_the_process_ends(written: tuple[Path, Path]) -> None:
    code = "import sys, pathlib; from fanout.packaging.zip_contents import zip_contents as z\n"
    code += "a, e = map(pathlib.Path, sys.argv[1:]); print(z(a, 'ship', engine=e))"
    command = [sys.executable, "-c", code, *map(str, written)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(said).name.startswith("ship-")
    assert not Path(said).parent.exists()


@pytest.mark.parametrize(
    ("task", "line"),
    [
        ("absent", "task 'absent' has no folder: expected lambdas/absent/handler.py in "),
        ("empty", "task 'empty' has no handler: expected lambdas/empty/handler.py in "),
        ("events", "task 'events' hides the package 'events' that functions import: rename lambdas/events"),
        ("email", "task 'email' hides the package 'email' that functions import: rename lambdas/email"),
        ("sync-crm", "task 'sync-crm' is no Python name: rename lambdas/sync-crm"),
        ("../ship", "task '../ship' is no Python name: rename lambdas/../ship"),
    ],
)
def test_refused_in_one_line(task: str, line: str, written: tuple[Path, Path]) -> None:
    (written[0] / "lambdas/empty").mkdir()
    with pytest.raises(ConfigurationError) as error:
        staged(written, task)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


def test_links_to_files_are_followed_and_to_folders_refused(written: tuple[Path, Path], tmp_path: Path) -> None:
    bill = written[0] / "lambdas/bill"
    (tmp_path / "shared.py").write_text("Y = 1\n")
    (bill / "linked.py").symlink_to(tmp_path / "shared.py")
    assert not (staged(written, "bill") / "bill/linked.py").is_symlink()
    _staged.cache_clear()
    (bill / "round").symlink_to(bill)
    with pytest.raises(ConfigurationError, match="^lambdas/bill/round is a link to a folder"):
        staged(written, "bill")
    (bill / "round").unlink()
    _staged.cache_clear()
    (bill / "broken.py").symlink_to("nowhere")
    with pytest.raises(ConfigurationError, match=r"broken\.py cannot be copied: No such file or directory$"):
        staged(written, "bill")


def test_the_engine_is_found_where_it_is_installed(written: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "__path__", [str(written[1])])
    assert app.files(zip_contents(written[0], "ship")) == app.ZIPPED
