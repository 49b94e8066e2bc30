"""What is uploaded can be read by Lambda's user, whoever checked out and synthesized it."""

import os
from pathlib import Path

from fanout.packaging.tidy import make_readable, unreadable


def assembly(folder: Path) -> Path:
    """As umask 077 leaves it: a task, a program that its owner may run, an asset of one file, and no asset."""
    for name, mode in (
        ("asset.1/task/handler.py", 0o600),
        ("asset.1/tool", 0o700),
        ("asset.2.json", 0o600),
        ("manifest.json", 0o600),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
        (folder / name).chmod(mode)
    os.symlink("nowhere", folder / "asset.1" / "broken")
    return folder


def modes(folder: Path) -> dict[str, int]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in found}


def test_files_that_lambda_could_not_read_are_named(tmp_path: Path) -> None:
    assert unreadable(assembly(tmp_path)) == ["asset.1/task/handler.py", "asset.1/tool", "asset.2.json"]


def test_afterwards_everyone_may_read_them_and_what_ran_runs(tmp_path: Path) -> None:
    make_readable(assembly(tmp_path))
    assert unreadable(tmp_path) == []
    assert modes(tmp_path) == {
        "asset.1/task/handler.py": 0o644,
        "asset.1/tool": 0o755,
        "asset.2.json": 0o644,
        "manifest.json": 0o600,
    }


def test_a_group_that_may_write_is_no_other_zip(tmp_path: Path) -> None:
    (tmp_path / "asset.1").mkdir()
    file = tmp_path / "asset.1" / "handler.py"
    file.write_text("")
    file.chmod(0o664)
    make_readable(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o644
