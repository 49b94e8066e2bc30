"""What a task's requirements.txt may say."""

from pathlib import Path

import pytest

from fanout.errors import ConfigurationError
from fanout.packaging.requirements import requirements_of

HASH = f"--hash=sha256:{'0' * 64}"
LOCK = "write it with `uv pip compile --universal --generate-hashes`"


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "lambdas/ship/requirements.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return requirements_of(tmp_path, "ship")


@pytest.mark.parametrize(
    "text", ["", "\n# only words == 1\n", "   # more\n", "--index-url https://example.com/simple\n"]
)
def test_asks_for_nothing(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) is None
    assert requirements_of(tmp_path, "no_such_task") is None


@pytest.mark.parametrize(
    "text",
    [
        f"a==1 {HASH}",
        f"# made by uv\na==1.0.post1 \\\n    {HASH} \\\n    {HASH}\n    # via b\n",
        f"a[x,y]==1 ; python_version < '3.12' \\\r\n {HASH}\r\n",
        f"a == 1 {HASH}  # why\nB_c.d==2+local {HASH}",
    ],
)
def test_pinned_with_hashes(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("urllib3\n", f"line 1: 'urllib3' pins no version with ==: {LOCK}"),
        (f"a==1 {HASH}\n\nb>=2 {HASH}", f"line 3: 'b>=2' pins no version with ==: {LOCK}"),
        (f"a==2.* {HASH}", f"line 1: 'a==2.*' pins no version with ==: {LOCK}"),
        (f"a==1,<2 {HASH}", f"line 1: 'a==1,<2' pins no version with ==: {LOCK}"),
        ("a @ https://example.com/a.whl", f"line 1: 'a @ https://example.com/a.whl' pins no version with ==: {LOCK}"),
        ("./a.whl", f"line 1: './a.whl' pins no version with ==: {LOCK}"),
        ("a==1\n", f"line 1: 'a==1' has no hash: {LOCK}"),
        ("-r ../other.txt", f"line 1: '-r ../other.txt' is not taken, only pinned packages are: {LOCK}"),
        ("-e .", f"line 1: '-e .' is not taken, only pinned packages are: {LOCK}"),
    ],
)
def test_refused_in_one_line(text: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, text)
    assert str(error.value) == f"lambdas/ship/requirements.txt, {line}"


def test_a_byte_order_mark_is_no_part_of_the_first_line_nor_of_what_tells_two_files_apart(tmp_path: Path) -> None:
    with_mark = read(tmp_path, f"\ufeffa==1 {HASH}\n")
    assert with_mark and with_mark == read(tmp_path, f"a==1 {HASH}\n")
    assert read(tmp_path, "\ufeff# only words\n") is None


def test_not_text(tmp_path: Path) -> None:
    read(tmp_path, "")
    (tmp_path / "lambdas/ship/requirements.txt").write_bytes(b"a==\xff")
    with pytest.raises(ConfigurationError, match="^lambdas/ship/requirements.txt: byte 3 is not UTF-8: "):
        requirements_of(tmp_path, "ship")
