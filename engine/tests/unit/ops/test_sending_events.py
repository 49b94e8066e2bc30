"""What `fanout send` takes, and what it refuses before anything is published."""

import io
import json
from pathlib import Path

import pytest

from fanout.contracts.app import app_contracts
from fanout.errors import Unusable
from fanout.ops.send.event import read_events

ONE = json.loads(next(iter(app_contracts().valid.values())))


def test_a_file_is_one_event_an_array_or_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events"
    for text, count in (
        (json.dumps(ONE, indent=1), 1),
        (json.dumps([ONE, ONE]), 2),
        (f"{json.dumps(ONE)}\n\n{json.dumps(ONE)}\n", 2),
    ):
        path.write_text(text)
        assert [each.id for each in read_events(str(path), example=False, count=1)] == [ONE["id"]] * count
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(ONE)))
    assert read_events("-", example=False, count=1)[0].id == ONE["id"]


def test_copies_and_examples_have_ids_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(ONE))
    assert len({each.id for each in read_events(str(path), example=False, count=5)}) == 5
    assert len({each.id for each in read_events(None, example=True, count=5)}) == 5


@pytest.mark.parametrize(
    ("text", "line"),
    [("{", "line 1: neither JSON nor JSON Lines"), ("", "has no event"), (app_contracts().invalid["missing_id"], "event must contain")],
)  # fmt: skip
def test_what_cannot_be_sent_is_one_line(text: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(text)
    with pytest.raises(Unusable, match=line):
        read_events(str(path), example=False, count=1)


@pytest.mark.parametrize(
    ("source", "example", "count", "line"),
    [
        (None, False, 1, "which event"),
        ("x", True, 1, "which event"),
        (None, True, 0, "expected 1 to 10000"),
        ("/nowhere/event.json", False, 1, "cannot be read: No such file"),
    ],
)
def test_what_makes_no_sense_is_one_line(source: str | None, example: bool, count: int, line: str) -> None:
    with pytest.raises(Unusable, match=line):
        read_events(source, example=example, count=count)
