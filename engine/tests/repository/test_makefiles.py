"""What the Makefiles run, that of a new repository too: stand-ins for what is installed say with what they were called."""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.places import REPOSITORY as ROOT

MAKEFILES = {"the app's": ROOT / "Makefile", "a new repository's": ROOT / "engine/src/fanout/scaffold/files/common/Makefile.txt"}  # fmt: skip
PROGRAMS = ("python", "fanout", "cdk", "ruff", "mypy", "uv")
LOGS = '#!/bin/sh\necho "${0##*/} $*" >> "$CALLS"\n'
SYNTHESIZES = f'{LOGS}[ "$3" = --anew ] && shift\nmkdir -p "$3" && cp version "$3"\n'
ASKS = f'{LOGS}case "$2" in stacks) echo Events-prod;; prepare) eval "$MEANWHILE";; esac\n'
DEPLOYS = f'{LOGS}cp "$3/version" deployed\n'


class Checkout:
    """In a folder whose name has a space."""

    def __init__(self, makefile: Path, folder: Path) -> None:
        self.root, self.calls = folder / "my app", folder / "calls"
        for each in (".venv/bin", "engine/tests/app", "engine/src/fanout/packaging", ".fanout"):
            (self.root / each).mkdir(parents=True)
        shutil.copy(makefile, self.root / "Makefile")
        shutil.copy(ROOT / "engine/Makefile", self.root / "engine/Makefile")
        (self.root / "engine/src/fanout/packaging/dependencies.py").touch()
        for name in PROGRAMS:
            self.stand_in(name, LOGS)

    def stand_in(self, name: str, script: str) -> None:
        path = self.root / ".venv/bin" / name
        path.write_text(script)
        path.chmod(0o755)

    def make(
        self, *arguments: str, meanwhile: str = "", old: Sequence[str] = ("install",)
    ) -> "subprocess.CompletedProcess[str]":
        of_make = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ANEW", "CI")
        environment = {name: value for name, value in os.environ.items() if name not in of_make}
        return subprocess.run(
            ["make", *(f"--old-file={each}" for each in old), *arguments],
            cwd=self.root,
            env={**environment, "CALLS": str(self.calls), "MEANWHILE": meanwhile},
            capture_output=True,
            text=True,
            check=False,
        )

    def called(self) -> list[str]:
        """And forgets it."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return lines


@pytest.fixture(params=list(MAKEFILES.values()), ids=list(MAKEFILES))
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Checkout:
    return Checkout(request.param, tmp_path)


def test_what_is_deployed_is_what_was_asked_about_whatever_is_synthesized_meanwhile(checkout: Checkout) -> None:
    checkout.stand_in("python", SYNTHESIZES)
    checkout.stand_in("fanout", ASKS)
    checkout.stand_in("cdk", DEPLOYS)
    (checkout.root / "version").write_text("1")
    told = checkout.make("deploy", "ENV=prod", meanwhile="printf 2 > version; make --old-file=install synth")
    assert told.returncode == 0, told.stderr
    assert (checkout.root / "cdk.out/version").read_text() == "2"
    assert (checkout.root / "deployed").read_text() == "1"
    assert checkout.called()[-1].split()[-1] == "Events-prod"
    assert list((checkout.root / ".fanout").iterdir()) == []


def test_a_deployment_that_nobody_said_yes_to_ends_there(checkout: Checkout) -> None:
    checkout.stand_in("fanout", ASKS)
    told = checkout.make("deploy", "ENV=prod", meanwhile="exit 1")
    assert told.returncode == 2
    assert checkout.called()[-1].startswith("fanout deploy prepare prod")
    assert list((checkout.root / ".fanout").iterdir()) == []


@pytest.mark.parametrize("target", ["lint", "types", "unit", "gate", "docs", "contract", "snapshot", "lock", "up"])
def test_a_checkouts_path_may_have_a_space(checkout: Checkout, target: str) -> None:
    told = checkout.make(target)
    assert told.returncode == 0, told.stderr
    assert checkout.called()


def test_packages_that_were_taken_away_are_installed_again(checkout: Checkout) -> None:
    def installed() -> bool:
        told = checkout.make("--old-file=.venv/.installed", ".fanout/dependencies/.installed")
        assert told.returncode == 0, told.stderr
        return "fanout install" in checkout.called()

    kept = checkout.root / ".fanout/dependencies"
    (kept / "local-1/python").mkdir(parents=True)
    assert installed()
    for path, age in ((kept / "local-1", 20), (kept, 20), (kept / ".installed", 10)):
        os.utime(path, (time.time() - age,) * 2)
    os.utime(checkout.root / "engine/src/fanout/packaging/dependencies.py", (time.time() - 20,) * 2)
    assert not installed()
    (kept / "local-1/python").rmdir()
    assert installed()
    shutil.rmtree(kept)
    assert installed()


def test_another_python_than_that_of_the_environment_there_is_refused_in_one_line(checkout: Checkout) -> None:
    checkout.stand_in("python", "#!/bin/sh\necho Python 3.11.7\n")
    checkout.stand_in("another", "#!/bin/sh\necho Python 3.13.0\n")
    installed = (".venv/.installed", "node_modules/.installed", ".fanout/dependencies/.installed")
    another = "PYTHON=.venv/bin/another"
    assert checkout.make(another, "install", old=installed).returncode == 0, "there is none yet"
    (checkout.root / ".venv/.python").touch()
    told = checkout.make(another, "install", old=installed)
    assert told.returncode == 2
    line = "error: .venv is of Python 3.11.7, and .venv/bin/another is Python 3.13.0: `make clean` first"
    assert told.stderr.splitlines()[0] == line
    for same in ((), ("PYTHON=.venv/bin/python",)):
        assert checkout.make(*same, "install", old=installed).returncode == 0


def test_the_cdk_cli_by_its_path_needs_no_node_but_the_one_beside_it(checkout: Checkout) -> None:
    cdk = '#!/bin/sh\nexec node of-the-cdk \\"\\$@\\"\n'
    made = f'mkdir -p node_modules/.bin && rm -f node_modules/.bin/cdk && printf "{cdk}" > node_modules/.bin/cdk'
    checkout.stand_in("npm", f"#!/bin/sh\n{made}\nchmod +x node_modules/.bin/cdk\n")
    checkout.stand_in("node", LOGS)
    for _ in range(2):
        told = checkout.make("node_modules/.installed", old=("package.json", "package-lock.json", ".venv/.installed"))
        assert told.returncode == 0, told.stderr
        (checkout.root / "node_modules/.installed").unlink()
    (checkout.root / "below").mkdir()
    environment = {"PATH": "/nowhere:/usr/bin:/bin", "CALLS": str(checkout.calls)}
    command = ["../.venv/bin/cdk", "bootstrap", "aws://123456789012/eu west"]
    subprocess.run(command, cwd=checkout.root / "below", env=environment, check=True)
    assert checkout.called() == ["node of-the-cdk bootstrap aws://123456789012/eu west"]


def test_to_begin_anew_stops_what_runs_before_what_stops_it_is_removed(checkout: Checkout) -> None:
    checkout.stand_in("fanout", f"{LOGS}exit 2\n")
    told = checkout.make("clean")
    assert told.returncode == 0, told.stderr
    assert checkout.called() == ["fanout local down"]
    assert not (checkout.root / ".venv").exists()
    assert checkout.make("clean").returncode == 0
