"""One journey through the whole app: what `make demo` does, on an embedded AWS of its own."""

import re
import subprocess
import sys

import pytest

from tests.reading import ROOT, Synth, subscribers

VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+(\.\d+)?")
README = ROOT / "README.md"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    state = tmp_path_factory.mktemp("journey") / "state"
    demo = [sys.executable, "-m", "fanout.cli.main", "local", "demo", "--state", str(state)]
    done = subprocess.run(demo, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_event_comes_to_its_end_at_every_task(printed: str, synth: Synth) -> None:
    """The demo itself fails if one does not; here it must have looked at every task of the template."""
    for each in subscribers(synth["local"]):
        assert re.search(rf"^.*\b{each.task} .*✓ (done|dead letter|filtered out)", printed, re.MULTILINE), each.task
        assert f"dead-letter queue of {each.task}:" in printed


def test_the_readme_shows_what_it_prints(printed: str, synth: Synth) -> None:
    """Of the tasks that are still in the app."""
    recorded = re.search(r"<!-- demo -->\n```text\n(.*?)```", README.read_text(), re.DOTALL)
    if recorded is None:
        pytest.skip("this README records no demo")
    tasks = [each.task for each in subscribers(synth["local"])]
    assert rows(recorded[1], tasks) - rows(printed, tasks) == set()


def rows(text: str, tasks: list[str]) -> set[str]:
    """A task's rows, without what differs from run to run: numbers, ids, and the widths they give the columns."""
    lines = [" ".join(VARYING.sub("#", line).split()) for line in text.splitlines()]
    found = [re.search(rf"\b({'|'.join(tasks)}) ✓ .*", line) for line in lines]
    return {each[0] for each in found if each}
