"""`make demo` shows what the README shows."""

import re
import subprocess
import sys
from pathlib import Path

from tests.places import APP, REPOSITORY

VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+(\.\d+)?")


def lines(text: str) -> list[str]:
    """Without what differs from run to run: numbers, ids, and the widths they give the columns."""
    return [" ".join(VARYING.sub("#", line).split()) for line in text.splitlines() if line.strip()]


def shown_in_the_readme() -> list[str]:
    found = re.search(r"<!-- demo -->\n```text\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert found
    return [line for line in lines(found[1]) if line != "…"]


def test_the_demo_prints_what_the_readme_shows(program_environment: dict[str, str], tmp_path: Path) -> None:
    demo = [sys.executable, "-m", "fanout.local", "demo", "--state", str(tmp_path / "demo")]
    done = subprocess.run(demo, cwd=APP, env=program_environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = lines(done.stdout)
    assert [line for line in shown_in_the_readme() if line not in printed] == []
