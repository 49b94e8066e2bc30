"""A line is on the disk as a whole, or the command ends with one; what a kill left there harms nothing."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout import names
from fanout.errors import OpsError
from fanout.ops.journal import DELETED, NOT_SENT, SENDING, SENT, Journal
from tests.examples import examples
from tests.unit.ops.given import World, message, world

__all__ = ["world"]


def journal(folder: Path) -> Journal:
    return Journal(folder / "j.jsonl", "me", "dead redrive", "me@here")


def steps(of: Journal) -> list[Any]:
    return [line.get("step") for line in of.read()]


def test_the_line_after_one_that_was_cut_is_read(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_text('{"step":"sent","letter":"m1"}\n{"step":"dele')
    one = journal(tmp_path)
    one.write("revealed", reason="INC-1")
    one.write("end")
    assert steps(one) == ["sent", "revealed", "end"]
    assert (tmp_path / "j.jsonl").read_bytes().count(b"\n\n") == 0


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, bytes(data)[:7]))
    one = journal(tmp_path)
    one.write("sending", letter="m1")
    assert steps(one) == ["sending"]


def test_a_disk_that_is_full_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, left = os.write, [20]

    def full(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        took, left[0] = whole(descriptor, bytes(data)[: left[0]]), 0
        return took

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OpsError, match=r"j\.jsonl cannot be used \(No space left on device\): nothing goes on"):
        journal(tmp_path).write("sending", letter="m1")


@pytest.mark.parametrize("trouble", ["home is a file", "journal is a folder", "home cannot be written"])
def test_a_journal_that_cannot_be_used_is_told_before_anything_is_done(
    trouble: str, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv(names.HOME, str(home))
    if trouble == "home is a file":
        home.write_text("")
    elif trouble == "journal is a folder":
        (home / "123456789012.eu-west-1.Orders-prod.jsonl").mkdir(parents=True)
    else:  # a root user may write anywhere
        monkeypatch.setattr(
            os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EACCES, "Permission denied"))
        )
    with pytest.raises(OpsError, match="the journal .* cannot be used"):
        Journal.open(world.stack, "dead redrive")


def test_a_journal_that_may_not_be_looked_for_is_one_line_and_one_that_is_not_there_has_no_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "j.jsonl").write_text('{"step":"sent"}\n')
    assert steps(journal(tmp_path)) == ["sent"]
    assert steps(journal(tmp_path / "gone")) == steps(journal(tmp_path / "j.jsonl")) == []

    def closed(path: Path, *_: Any, **__: Any) -> Any:  # a root user may enter any folder
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "stat", closed)
    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(OpsError, match=r"the journal .*j\.jsonl cannot be used \(Permission denied\)"):
        steps(journal(tmp_path))


def test_it_is_written_to_when_it_is_opened(world: World) -> None:
    one = Journal.open(world.stack, "dead redrive", task="task")
    (line,) = one.read()
    assert (line["step"], line["task"], line["run"]) == ("begin", "task", one.run)
    assert one.path.stat().st_mode & 0o777 == 0o600
    assert list(Journal.of(world.stack).read()) == [line]


def test_it_knows_what_was_begun(tmp_path: Path) -> None:
    one = journal(tmp_path)
    for step, id_ in ((SENDING, "a"), (SENT, "a"), (SENDING, "b"), (SENDING, "c"), (SENT, "c"), (DELETED, "c")):
        one.write(step, letter=id_, queue="q", **({"as": "new"} if step == SENT else {}))
    found = one.unfinished("q")
    assert (found.sent, found.unsure) == ({"a": "new", "c": "new"}, {"b"})
    assert one.unfinished("another").unsure == set()


def test_what_a_killed_run_may_have_sent_is_unsure_until_it_is_sent_though_another_run_is_refused(
    tmp_path: Path,
) -> None:
    journal(tmp_path).write(SENDING, letter="a", queue="q")
    later = journal(tmp_path)
    later.write(SENDING, letter="a", queue="q")
    later.write(NOT_SENT, letter="a", queue="q")
    assert later.unfinished("q").unsure == {"a"}


def test_what_was_redriven_before_is_known_by_message_and_by_event(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.write(SENT, letter="m0", event_id="e1", queue="q", **{"as": "m1"})
    assert message({"id": "other"}) in one.redriven("q")
    assert message({"id": "e1"}) in Journal(one.path, "", "").redriven("q")
    assert message({"id": "e1"}) not in one.redriven("another")


ODD = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"[" * 100_000, b"\xff\xfe{}", b'{"a":' * 5_000, b"null", b"9" * 5_000, b'{"step":']),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.fixed_dictionaries(
    {}, optional={name: VALUES for name in ("step", "letter", "queue", "as", "event_id", "run", "letters", "command")}
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(ODD | FIELDS.map(lambda line: json.dumps(line).encode()), max_size=6))
def test_whatever_is_in_it_is_read(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    one = journal(tmp_path_factory.mktemp("journal"))
    one.path.write_bytes(b"\n".join(lines))
    one.write(SENT, letter="m9", queue="q", run="r", **{"as": "new"})
    assert one.unfinished("q").sent["m9"] == "new"
    assert "new" in one.redriven("q").messages
    assert one.frozen("nobody", "q") is None
    assert all(isinstance(line, dict) for line in one.read())
