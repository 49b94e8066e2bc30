"""What no command reaches is said at each run, and files of this machine are named."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fanout import names
from fanout.ops.dead_letters.line import dumped
from fanout.ops.erase.beyond import Here, files_here
from fanout.ops.erase.wanted import Wanted
from tests.unit.ops.erase.given import World, world
from tests.unit.ops.given import event

__all__ = ["world"]


@pytest.mark.parametrize("reference", ["o7", "Ämter-7", 'o"7', "o\U0001f95d7"])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_file_of_dead_letters_is_named_whatever_their_reference(
    reference: str, is_ascii: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(names.HOME, str(tmp_path))
    for name, each in (("theirs", reference), ("others", "o8")):
        body = json.dumps(event(data={"order_id": each}), ensure_ascii=is_ascii)
        (tmp_path / f"{name}.jsonl").write_text(dumped({"task": "task", "body": body}))
    (tmp_path / "folder.jsonl").mkdir()
    assert files_here(Wanted(frozenset({reference}))) == Here([tmp_path / "theirs.jsonl"])


def test_a_file_of_this_machine_that_may_not_be_read_is_told_and_it_is_not_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.open
    closed = world.folder / "dropped-task-4f1c0a9e27b3.jsonl"
    closed.write_text(dumped({"task": "task", "body": json.dumps(event(7))}))

    def refused(path: Path, *how: Any, **more: Any) -> Any:  # a root user may read anything
        if path == closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return whole(path, *how, **more)

    monkeypatch.setattr(Path, "open", refused)
    said = f"{closed} on this machine was not looked into (Permission denied)"
    counted = world.erase("--dry-run", status=1)
    assert not counted["complete"] and counted["beyond"][0].startswith(said)
    done = world.erase(status=1)
    assert not done["done"] and [each.startswith(said) for each in done["left"]] == [True]
    assert said in world.run("erase", "--reference", "o7", "--reason", "asked to", "--yes", status=1)


def test_where_the_folder_of_files_may_not_be_listed_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(names.HOME, str(tmp_path / "none"))
    assert files_here(Wanted(frozenset({"o7"}))) == Here()
    monkeypatch.setenv(names.HOME, str(tmp_path))

    def refused(path: Path) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "iterdir", refused)
    (line,) = files_here(Wanted(frozenset({"o7"}))).unread
    assert line.startswith(f"{tmp_path} on this machine was not looked into (Permission denied)")


def test_where_there_are_attachments_what_a_repeated_try_left_is_said(world: World) -> None:
    assert "keep_days" not in str(world.erase()["beyond"])
    world.stack.outputs[names.ATTACHMENTS_BUCKET_OUTPUT] = "attachments"
    (told,) = [each for each in world.erase("--dry-run")["beyond"] if "keep_days" in each]
    assert told in world.erase()["beyond"] and "within two days" in told
