"""All files are written, or none."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.errors import Unusable
from fanout.scaffold import folder as written
from fanout.scaffold.folder import check_new, write_files, write_new

FILES = {"a.txt": b"a", "b/c.txt": b"c"}


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def disk_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second write fails, and so does each that follows."""
    real, left = Path.write_bytes, iter([True])

    def write_bytes(path: Path, content: bytes) -> int:
        if not next(left, False):
            raise OSError(28, "No space left on device", str(path))
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


@pytest.fixture
def no_rights(tmp_path: Path) -> Iterator[Path]:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o500)
    yield closed
    closed.chmod(0o700)


def test_a_new_folder_is_made_whole(tmp_path: Path) -> None:
    write_new(tmp_path / "shop", FILES)
    assert tree(tmp_path) == {"shop/a.txt": b"a", "shop/b/c.txt": b"c"}


def test_an_empty_folder_is_filled_and_stays_the_same_folder(tmp_path: Path) -> None:
    before = tmp_path.stat().st_ino
    write_new(tmp_path, FILES)
    assert tree(tmp_path) == FILES and tmp_path.stat().st_ino == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b"]


def test_a_git_repository_and_a_virtual_environment_count_as_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".venv").mkdir()
    write_new(tmp_path, FILES)
    assert tree(tmp_path) == FILES


def test_a_folder_with_anything_else_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("mine")
    with pytest.raises(Unusable, match=r"is not empty, it has \.hidden"):
        write_new(tmp_path, FILES)
    assert tree(tmp_path) == {".hidden": b"mine"}


def test_a_file_and_a_missing_parent_and_a_dead_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name, why in [("file", "is a file"), ("no/such", "is not there"), ("link", "link to nothing")]:
        with pytest.raises(Unusable, match=why):
            check_new(tmp_path / name)
    assert not (tmp_path / "no").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", [".", "shop"])
def test_without_the_right_to_write_nothing_is_written(name: str, no_rights: Path) -> None:
    with pytest.raises(Unusable, match="permission denied; nothing was written"):
        write_new(no_rights / name, FILES)
    assert tree(no_rights) == {}


@pytest.mark.usefixtures("disk_full")
@pytest.mark.parametrize("name", [".", "shop"])
def test_a_full_disk_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no space left on device; nothing was written"):
        write_new(tmp_path / name, FILES)
    assert list(tmp_path.iterdir()) == []


def test_when_a_move_fails_what_was_moved_goes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.name == "b":
            raise OSError(5, "Input/output error", str(path))
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(Unusable, match="nothing was written"):
        write_new(tmp_path, FILES)
    assert list(tmp_path.iterdir()) == []


def test_files_are_added_and_others_replaced_with_their_mode(tmp_path: Path) -> None:
    (tmp_path / "stack.py").write_bytes(b"old")
    (tmp_path / "stack.py").chmod(0o640)
    write_files(tmp_path, {"new/x.py": b"x"}, replace={"stack.py": b"new"})
    assert tree(tmp_path) == {"stack.py": b"new", "new/x.py": b"x"}
    assert (tmp_path / "stack.py").stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_there_is_never_added_over(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_bytes(b"mine")
    with pytest.raises(Unusable, match="x.py exists"):
        write_files(tmp_path, {"a.py": b"", "x.py": b"x"}, replace={})
    assert tree(tmp_path) == {"x.py": b"mine"}


@pytest.mark.parametrize("fails_at", ["deep", "stack.py"])
def test_when_one_can_not_be_written_all_is_as_it_was(
    fails_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stack.py").write_bytes(b"old")
    real = written._swap

    def swap(path: Path, content: bytes) -> None:
        if path.name == fails_at:
            raise OSError(28, "No space left on device", str(path))
        real(path, content)

    monkeypatch.setattr(written, "_swap", swap)
    with pytest.raises(Unusable, match="no space left on device; nothing was written"):
        write_files(tmp_path, {"new/a.py": b"a", "new/very/deep": b""}, replace={"stack.py": b"new"})
    assert tree(tmp_path) == {"stack.py": b"old"} and not (tmp_path / "new").exists()
