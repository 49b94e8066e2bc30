"""`make test` runs the engine's tests again where anything that they read has changed, and only then."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.passed import key
from tests.places import ENGINE

FILES = ("engine/a.py", "engine/deep/b.json", "requirements-dev.txt", "pyproject.toml", "README.md", "stacks/stack.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
    for command in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "a"),
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def rename(folder: Path) -> None:
    (folder / "engine" / "a.py").rename(folder / "engine" / "c.py")


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda folder: (folder / "engine" / "a.py").write_text("another\n"),
    "as long as before": lambda folder: (folder / "engine" / "a.py").write_text("engine/b.py\n"),
    "deleted": lambda folder: (folder / "engine" / "deep" / "b.json").unlink(),
    "new": lambda folder: (folder / "engine" / "new.py").write_text(""),
    "renamed": rename,
    "executable": lambda folder: (folder / "engine" / "a.py").chmod(0o755),
    "other packages": lambda folder: (folder / "requirements-dev.txt").write_text("another==1\n"),
    "other settings of pytest": lambda folder: (folder / "pyproject.toml").write_text("[tool]\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_what_they_read_is_seen_and_taken_back_it_is_as_before(checkout: Path, what: str) -> None:
    before = key(checkout)
    CHANGES[what](checkout)
    assert key(checkout) != before
    for command in (("checkout", "-q", "."), ("clean", "-fdq")):
        subprocess.run(["git", *command], cwd=checkout, check=True)
    assert key(checkout) == before


def test_a_change_elsewhere_and_a_commit_change_nothing(checkout: Path) -> None:
    before = key(checkout)
    for name in ("README.md", "stacks/stack.py"):
        (checkout / name).write_text("another\n")
    assert key(checkout) == before
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    assert key(checkout) == before


def test_without_git_nothing_is_known_to_be_the_same(tmp_path: Path) -> None:
    assert key(tmp_path) != key(tmp_path)


def test_the_key_is_what_make_asks_for() -> None:
    assert "KEY := PYTHONPATH=. $(BIN)/python -m tests.passed\n" in (ENGINE / "Makefile").read_text()


def test_make_runs_all_until_they_have_passed_and_again_when_asked(tmp_path: Path) -> None:
    passed = tmp_path / "passed"

    def run(*variables: str, key: str = "echo one") -> tuple[int, str]:
        made = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("MAKE") and name not in ("MFLAGS", "ANEW")
        }
        command = ["make", "-C", str(ENGINE), "passed", f"PASSED={passed}", f"KEY={key}", *variables]
        done = subprocess.run(command, env=made, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    code, said = run("PYTEST=false")
    assert code and not passed.exists()
    code, said = run("PYTEST=:", key=f"date >> {tmp_path}/asked; wc -l < {tmp_path}/asked")  # edited while they ran
    assert not code and not passed.exists()
    code, said = run("PYTEST=:")
    assert not code and " .. " in said and passed.read_text() == "one\n"
    code, said = run("PYTEST=:")
    assert not code and "have passed" in said and " .. " not in said and "../repository" in said
    code, said = run("PYTEST=:", key="echo another")
    assert not code and " .. " in said and passed.read_text() == "another\n"
    code, said = run("PYTEST=:", "ANEW=1", key="echo another")
    assert not code and " .. " in said
