"""What no command reaches is said at each run, and files of this machine are named."""

import json
from pathlib import Path

import pytest

from fanout import names
from fanout.ops.dead_letters.line import dumped
from fanout.ops.erase.beyond import files_here
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
    assert files_here(Wanted(frozenset({reference}))) == [tmp_path / "theirs.jsonl"]


def test_where_there_are_attachments_what_a_repeated_try_left_is_said(world: World) -> None:
    assert "keep_days" not in str(world.erase()["beyond"])
    world.stack.outputs[names.ATTACHMENTS_BUCKET_OUTPUT] = "attachments"
    (told,) = [each for each in world.erase("--dry-run")["beyond"] if "keep_days" in each]
    assert told in world.erase()["beyond"] and "within two days" in told
