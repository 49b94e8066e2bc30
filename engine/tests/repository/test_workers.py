"""How `make test` divides its tests: what a module sets up is made once, by one worker."""

import re
import subprocess
import sys
from pathlib import Path

from tests.places import ENGINE

MAKEFILE = (ENGINE / "Makefile").read_text()
TESTS = """\
import pytest

@pytest.fixture(scope="module")
def costly():
    with open("made", "a") as file:
        file.write("{name}\\n")

@pytest.mark.parametrize("number", range(20))
def test_shares(costly, number): ...
"""


def options() -> list[str]:
    (found,) = re.findall(r"^DIST := (.*)$", MAKEFILE, re.MULTILINE)
    return str(found).split()


def made(folder: Path, *how: str) -> list[str]:
    """Which modules set up something, once for each time."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name in ("one", "two"):
        (folder / f"test_{name}.py").write_text(TESTS.format(name=name))
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", *how, "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted((folder / "made").read_text().split())


def test_what_a_module_sets_up_is_made_once(tmp_path: Path) -> None:
    assert made(tmp_path, *options()) == ["one", "two"]


def test_without_the_option_each_worker_makes_it(tmp_path: Path) -> None:
    assert len(made(tmp_path)) > 2


def test_every_property_has_all_its_examples_in_long() -> None:
    tests, long = (re.search(rf"^{name}:.*\n\t(.*)$", MAKEFILE, re.MULTILINE) for name in ("tests", "long"))
    assert tests and long
    assert "--hypothesis-profile=some" in tests[1] and '-m "not long"' in tests[1]
    assert '-m "long or hypothesis"' in long[1] and "profile" not in long[1]
    assert ".. --ignore=../wheel" in tests[1] and ".. --ignore=../wheel" in long[1]
