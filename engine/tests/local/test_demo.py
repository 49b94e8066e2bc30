"""`make demo` proves every event at every task, and shows what each effect looks like. Of the README: tests/test_journey.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import APP

pytestmark = pytest.mark.long


def test_the_demo_proves_every_event_at_every_task(program_environment: dict[str, str], tmp_path: Path) -> None:
    demo = [sys.executable, "-m", "fanout.cli.main", "local", "demo", "--state", str(tmp_path / "demo")]
    done = subprocess.run(demo, cwd=APP, env=program_environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15 of 15 outcomes as expected (1 dead letter)" in done.stdout
    for shown in ("the e-mail, as SES was given it", "archive_order: s3://", "notify_partner: POST"):
        assert shown in done.stdout
