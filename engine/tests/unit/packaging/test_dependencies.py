"""Where a task's dependencies are kept, and what becomes of them when something goes wrong; uv is a stand-in."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fanout.errors import ConfigurationError
from fanout.packaging import dependencies, uv_install
from fanout.packaging.dependencies import dependencies_of, install
from fanout.packaging.targets import Target, aws_target, local_target
from tests.unit.packaging import small_app as app

PINNED = f"a==1 --hash=sha256:{'0' * 64}\n"
NAME = "lambdas/ship/requirements.txt"
AWS = aws_target()
UV = """#!/bin/sh
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/a-1.dist-info" "$2/bin" "$2/a/__pycache__"
touch "$2/.lock" "$2/a-1.dist-info/RECORD" "$2/a-1.dist-info/INSTALLER" "$2/bin/a" "$2/a/__pycache__/a.pyc"
echo 'Name: a' > "$2/a-1.dist-info/METADATA"; echo 'X = 1' > "$2/a/__init__.py"
printf '\\177ELF' > "$2/a/fast.so"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root, _ = app.write(tmp_path)
    (root / NAME).write_text(PINNED)
    return root


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    uv = tmp_path / "uv"

    def write(script: str) -> None:
        uv.write_text(script)
        uv.chmod(0o755)

    write(UV)
    monkeypatch.setattr(uv_install, "_uv", lambda: str(uv))
    return write


def error_of(do: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as error:
        do()
    assert "\n" not in str(error.value)
    return str(error.value)


def left(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".fanout/dependencies").glob("*"))


def test_synth_never_installs(root: Path) -> None:
    message = error_of(lambda: dependencies_of(root, "ship", AWS))
    assert message == f"{NAME} is not installed for python3.14-arm64: run `make install`"
    assert dependencies_of(root, "bill", AWS) is None
    assert not (root / ".fanout").exists()


def test_installed_once_for_each_content_and_target(root: Path) -> None:
    said: list[str] = []
    (root / "lambdas/bill/requirements.txt").write_text(PINNED)
    targets = [AWS, local_target()]
    install(root, targets, said.append)
    assert said == [f"installing {NAME} for {each}" for each in ("python3.14-arm64", "local")]
    install(root, targets, said.append)
    assert len(said) == 2
    assert dependencies_of(root, "ship", AWS) == dependencies_of(root, "bill", AWS)
    assert len(left(root)) == 2
    assert not any("." in name for name in left(root)), "the CDK would take it for an extension of the asset"
    (root / NAME).write_text(PINNED + "# another day\n")
    assert "is not installed" in error_of(lambda: dependencies_of(root, "ship", AWS))


def test_no_trace_of_the_machine_and_the_same_bytes_under_any_umask(root: Path) -> None:
    zips = []
    for mask in (0o077, 0o022):
        before = os.umask(mask)
        try:
            install(root, [AWS], lambda _: None, cache=root / f"cache-{mask}")
        finally:
            os.umask(before)
        folder = dependencies_of(root, "ship", AWS, cache=root / f"cache-{mask}")
        assert folder
        assert app.files(folder) == {"python/a-1.dist-info/METADATA", "python/a/__init__.py", "python/a/fast.so"}
        assert app.modes(folder) == {0o755, 0o644}
        zips.append(app.zipped(folder))
    assert zips[0] == zips[1]


def test_what_asks_for_nothing_here_is_no_layer(root: Path, stand_in: Callable[[str], None]) -> None:
    """All of it has markers of other platforms; a layer must not be empty."""
    stand_in("#!/bin/sh\n")
    install(root, [AWS], lambda _: None)
    assert dependencies_of(root, "ship", AWS) is None


@pytest.mark.parametrize(
    ("uv_says", "line"),
    [
        (
            "error: No solution found when resolving dependencies\n  cause: Because docopt==0.6.2 has no usable wheels and you",
            "docopt 0.6.2 has no wheel for python3.14-arm64, and nothing is built here: pin a version that has one, or another package",
        ),
        (
            "  cause: Because pywin32==306 has no wheels with a matching Python ABI tag (e.g., `cp314`) and you require",
            "pywin32 306 has no wheel for python3.14-arm64, and nothing is built here: pin a version that has one, or another package",
        ),
        (
            "error: Failed to download `a==1`\n  cause: Hash mismatch for `a==1`",
            "a==1 is another file than the one whose hash is written there: write it with `uv pip compile --universal --generate-hashes`",
        ),
        (
            "error: Hash-checking is required, but no trusted hash was provided for: `b`",
            "b is needed too, and not in it: write it with `uv pip compile --universal --generate-hashes`",
        ),
        (
            "error: Request failed after 3 retries in 12.0s\n  cause: Failed to fetch: https://x/\n  cause: Connection refused (os error 111)",
            "the package index is out of reach (Connection refused (os error 111)): mend the network or the proxy, and run `make install` again; a private index is named in UV_INDEX or UV_DEFAULT_INDEX, not in uv.toml or pyproject.toml",
        ),
        (
            "error: No solution found\n  cause: Because a was not found in the cache and you require a==1, we",
            "uv may not use the network here: unset UV_OFFLINE",
        ),
        (
            "error: No solution found\n  cause: Because there is no version of a==1 and you require a==1, we",
            "the package index has no a==1: write it with `uv pip compile --universal --generate-hashes`; a private index is named in UV_INDEX or UV_DEFAULT_INDEX, not in uv.toml or pyproject.toml",
        ),
        ("Using CPython\nerror: something\n  cause: of 2031\n  cause: b", "uv: something: of 2031"),
        ("", "uv: failed and said nothing"),
    ],
)
def test_why_uv_could_not(uv_says: str, line: str, root: Path, stand_in: Callable[[str], None]) -> None:
    (root / "says").write_text(uv_says)
    stand_in(f"{UV}cat {root}/says >&2\nexit 1\n")
    assert error_of(lambda: install(root, [AWS], lambda _: None)) == f"{NAME}: {line}"
    assert left(root) == []


def test_too_large_for_lambda(root: Path) -> None:
    small = Target("python3.14-arm64", "", (), most_bytes=10)
    assert "Lambda takes 0 MB with its function" in error_of(lambda: install(root, [small], lambda _: None))
    assert left(root) == []


def test_nothing_is_installed_when_any_file_is_refused(root: Path) -> None:
    (root / "lambdas/bill/requirements.txt").write_text("urllib3\n")
    assert error_of(lambda: install(root, [AWS], lambda _: None)).startswith("lambdas/bill/requirements.txt, line 1: ")
    assert not (root / ".fanout").exists()


def test_a_cache_that_cannot_be_written(root: Path) -> None:
    (root / ".fanout").write_text("a file")
    assert error_of(lambda: install(root, [AWS], lambda _: None)).endswith("cannot be written: Not a directory")


@pytest.mark.parametrize("missing", ["module", "program"])
def test_without_uv(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    if missing == "module":
        monkeypatch.setitem(sys.modules, "uv", None)
    else:
        monkeypatch.setattr("uv.find_uv_bin", lambda: (_ for _ in ()).throw(FileNotFoundError()))
    assert error_of(uv_install._uv).startswith("uv is not installed beside fanout: install fanout with its extra")


def test_variables_that_would_install_other_files_are_not_handed_on(
    root: Path, stand_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = ("UV_NO_VERIFY_HASHES", "UV_CONFIG_FILE", "UV_EXCLUDE_NEWER", "UV_PROJECT", "UV_WORKING_DIR")
    for name in others:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://example.com/simple")
    stand_in(f"{UV}env > {root}/environment\n")
    install(root, [AWS], lambda _: None)
    environment = (root / "environment").read_text().splitlines()
    assert [name for name in others if f"{name}=1" in environment] == []
    assert "UV_DEFAULT_INDEX=https://example.com/simple" in environment


def test_uv_reads_no_configuration_of_the_app_or_the_user(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With uv itself: a file of its own that it cannot read would end it, and one that it can read would change files."""
    monkeypatch.undo()
    home = root / "home"
    (home / "uv").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(root / "empty"))
    for file in (root / "uv.toml", home / "uv" / "uv.toml"):
        file.write_text("override-dependencies = 'no list'")
    assert error_of(lambda: install(root, [AWS], lambda _: None)).endswith("unset UV_OFFLINE")


@pytest.mark.parametrize("broken", ["no python/", "a file in its place"])
def test_a_folder_that_is_not_whole_is_made_anew(root: Path, broken: str) -> None:
    """Of a backup that was unpacked by halves, or somebody's hand."""
    install(root, [AWS], lambda _: None)
    folder = dependencies_of(root, "ship", AWS)
    assert folder
    shutil.rmtree(folder / "python")
    (folder / "python").touch() if broken == "a file in its place" else (folder / "left").touch()
    assert "is not installed" in error_of(lambda: dependencies_of(root, "ship", AWS))
    install(root, [AWS], lambda _: None)
    assert dependencies_of(root, "ship", AWS) == folder and left(root) == [folder.name]
    assert app.files(folder) == {"python/a-1.dist-info/METADATA", "python/a/__init__.py", "python/a/fast.so"}


def test_two_processes_at_once(root: Path, stand_in: Callable[[str], None]) -> None:
    stand_in(f"{UV}sleep 0.5\n")
    code = "import sys, pathlib; from fanout.packaging import uv_install as u, dependencies as d, targets as t\n"
    code += "u._uv = lambda: sys.argv[1]; d.install(pathlib.Path(sys.argv[2]), [t.aws_target()], print)"
    command = [sys.executable, "-c", code, uv_install._uv(), str(root)]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [each.wait(timeout=20) for each in both] == [0, 0]
    folder = dependencies_of(root, "ship", AWS)
    assert folder and left(root) == [folder.name]


def test_a_killed_process_leaves_nothing_half(root: Path, stand_in: Callable[[str], None]) -> None:
    stand_in(f"{UV}kill -KILL $PPID\n")
    code = "import sys, pathlib; from fanout.packaging import uv_install as u, dependencies as d, targets as t\n"
    code += "u._uv = lambda: sys.argv[1]; d.install(pathlib.Path(sys.argv[2]), [t.aws_target()], print)"
    killed = subprocess.run([sys.executable, "-c", code, uv_install._uv(), str(root)], capture_output=True)
    assert killed.returncode == -9
    (half,) = left(root)
    assert half.startswith(dependencies._MAKING)
    assert "is not installed" in error_of(lambda: dependencies_of(root, "ship", AWS))
    stand_in(UV)
    install(root, [AWS], lambda _: None)
    assert half in left(root), "another process may be at work in it"
    os.utime(root / ".fanout/dependencies" / half, (time.time() - 7200,) * 2)
    install(root, [AWS], lambda _: None)
    assert len(left(root)) == 1
