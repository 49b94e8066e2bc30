"""A new team's day: the wheel in an empty environment, `fanout init`, and what its own Makefile promises.

They install everything anew and run a whole suite and a demo, which takes minutes.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fanout.scaffold.wheel import read_wheel
from tests.wheel.environments import Environment

ARN = "arn:aws:sns:eu-central-1:210987654321:Orders"
LONGEST = 1_200
NOT_INHERITED = (
    "PYTHONPATH",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
    "VIRTUAL_ENV",
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT",
    "CDK_HOME",
)
MADE_BY_INSTALL = (".venv", "node_modules")


def make(root: Path, *targets: str) -> str:
    """What it prints. The environment is a newcomer's: nothing of this repository's own run is inherited."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment["PATH"] = os.pathsep.join(
        each for each in environment["PATH"].split(os.pathsep) if ".venv" not in each and "node_modules" not in each
    )
    began = time.monotonic()
    done = subprocess.run(
        ["make", *targets], cwd=root, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert done.returncode == 0, f"make {' '.join(targets)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    print(f"make {' '.join(targets)}: {time.monotonic() - began:.0f} s")
    return done.stdout


@pytest.fixture(scope="module")
def shop(with_extra: Callable[[str], Environment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that a wheel made, by a command that has the extra `cli` alone."""
    root = tmp_path_factory.mktemp("team") / "shop"
    done = with_extra("cli").run("fanout", "init", root)
    assert done.returncode == 0, done.stderr
    return root


def test_the_engine_in_it_is_the_wheel_that_made_it(shop: Path, wheel: Path) -> None:
    (vendored,) = (shop / "vendor").iterdir()
    assert files_of(vendored) == files_of(wheel)


def test_demo_and_test_pass_at_once(shop: Path) -> None:
    demo = make(shop, "demo")
    assert re.search(r"(\d+) of \1 outcomes as expected", demo)
    assert re.search(r"\d+ passed", make(shop, "test"))
    assert list((shop / "tests/snapshots").iterdir()) and (shop / "docs/catalog/README.md").exists()


def test_a_new_task_passes_after_snapshot_and_docs(shop: Path) -> None:
    before = (shop / "stacks/shop_stack.py").read_text()
    command = [str(shop / ".venv/bin/fanout"), "new", "task", "sync_crm", "--write"]
    subprocess.run(command, cwd=shop, check=True, capture_output=True)
    assert 'task="sync_crm"' in (shop / "stacks/shop_stack.py").read_text().replace(before, "")
    make(shop, "snapshot", "docs", "test")
    assert (shop / "docs/catalog/subscribers/sync_crm.md").exists()


def test_a_team_that_only_subscribes_has_a_demo_and_tests_too(
    shop: Path, with_extra: Callable[[str], Environment], tmp_path: Path
) -> None:
    root = tmp_path / "crm"
    done = with_extra("cli").run("fanout", "init", root, "--subscriber-of", ARN)
    assert done.returncode == 0, done.stderr
    for name in MADE_BY_INSTALL:  # what both need is the same; installing it again proves nothing more
        (root / name).symlink_to(shop / name)
    shutil.copytree(shop / ".mypy_cache", root / ".mypy_cache")  # of the same packages
    assert re.search(r"(\d+) of \1 outcomes as expected", make(root, "demo"))
    make(root, "test")
    prod, local = ((root / f"tests/snapshots/Crm-{name}.json").read_text() for name in ("prod", "local"))
    assert ARN in prod and "StandIn" not in prod
    assert ARN not in local and "StandIn" in local


def files_of(wheel: Path) -> dict[str, bytes]:
    """What a wheel installs."""
    import io
    import zipfile

    archive = zipfile.ZipFile(io.BytesIO(read_wheel(wheel).content))
    return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}
