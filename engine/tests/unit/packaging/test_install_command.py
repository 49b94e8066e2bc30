"""`fanout install` as `make install` calls it."""

import subprocess
import sys
from pathlib import Path

import pytest

from fanout.packaging import uv_install
from tests.unit.fanout import Run
from tests.unit.packaging import small_app
from tests.unit.packaging.test_dependencies import PINNED, UV


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """In a folder of an app whose task pins a package; uv is a stand-in."""
    root, _ = small_app.write(tmp_path)
    (root / "cdk.json").write_text("{}")
    (root / "lambdas/ship/requirements.txt").write_text(PINNED)
    uv = tmp_path / "uv"
    uv.write_text(UV)
    uv.chmod(0o755)
    monkeypatch.setattr(uv_install, "_uv", lambda: str(uv))
    monkeypatch.chdir(root / "lambdas")
    return Run(monkeypatch, capsys, "install")


def test_it_installs_for_lambda_and_for_this_machine_and_says_nothing_the_second_time(run: Run) -> None:
    assert run() == 0
    assert run.out.splitlines() == [
        f"installing lambdas/ship/requirements.txt for {target}" for target in ("python3.14-arm64", "local")
    ]
    assert len(list(Path("../.fanout/dependencies").iterdir())) == 2
    assert run() == 0
    assert run.out == run.err == ""


def test_what_cannot_be_installed_is_one_line(run: Run) -> None:
    Path("ship/requirements.txt").write_text("urllib3\n")
    assert run() == 2
    assert run.err.startswith("error: lambdas/ship/requirements.txt, line 1: 'urllib3' pins no version with ==: ")
    assert run.err.count("\n") == 1


def test_it_needs_no_cdk() -> None:
    code = "import sys, fanout.cli.install; assert 'aws_cdk' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
