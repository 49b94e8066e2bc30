"""How `make test` divides its tests: what a module sets up is made once, by one worker."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
NOTED = """\
import os
import pytest

@pytest.mark.parametrize("number", range(2))
def test_is_noted(number):
    with open(f"run-by-{{os.environ['PYTEST_XDIST_WORKER']}}", "a") as file:
        file.write("{name}\\n")
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


@pytest.mark.long
def test_what_a_module_sets_up_is_made_once(tmp_path: Path) -> None:
    assert made(tmp_path, *options()) == ["one", "two"]


@pytest.mark.long
def test_without_the_option_each_worker_makes_it(tmp_path: Path) -> None:
    assert len(made(tmp_path)) > 2


@pytest.mark.long
def test_a_third_worker_begins_with_what_waits_and_all_is_run_once(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.lanes import pytest_xdist_make_scheduler\n")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = --import-mode=importlib\npythonpath = {ENGINE}\n")
    files = [f"tests/{kind}/test_{number}.py" for kind in ("infra", "local") for number in range(6)]
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTED.format(name=name))
    command = [sys.executable, "-m", "pytest", "-q", "-n", "3", *options(), "-p", "no:cacheprovider", "."]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    run = {worker: (tmp_path / f"run-by-{worker}").read_text().split() for worker in ("gw0", "gw1", "gw2")}
    assert ["/local/" in run[worker][0] for worker in run] == [False, False, True]
    assert sorted(name for each in run.values() for name in each) == sorted(each for each in files for _ in range(2))


def test_every_property_has_all_its_examples_in_long() -> None:
    tests, long = (re.search(rf"^{name}:.*\n\t(.*)$", MAKEFILE, re.MULTILINE) for name in ("tests", "long"))
    assert tests and long
    assert "--hypothesis-profile=few" in tests[1] and '-m "not long"' in tests[1]
    assert '-m "long or hypothesis"' in long[1] and "profile" not in long[1]
    assert ".. --ignore=../wheel" in tests[1] and ".. --ignore=../wheel" in long[1]
