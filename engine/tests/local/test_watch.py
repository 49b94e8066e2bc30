"""`fanout local watch` on the embedded AWS: what is saved runs, what is broken is told, and what tasks print appears."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.local.watch import code
from tests.local.conftest import Deployed
from tests.local.test_fan_out import new_event, publish
from tests.places import copy_app

pytestmark = pytest.mark.long

TASK = "archive_order"


@pytest.fixture
def checkout(tmp_path: Path, a_deployment: Deployed) -> Iterator[Path]:
    """A copy of the app that is deployed; its code is put back afterwards."""
    copy_app(tmp_path)
    yield tmp_path
    code.put(a_deployment.evidence, TASK)


def test_what_is_saved_runs_and_what_is_broken_is_told_and_does_not_end_the_watch(
    deployed: Deployed, checkout: Path, program_environment: dict[str, str], tmp_path: Path
) -> None:
    said = tmp_path / "said.txt"
    command = [sys.executable, "-m", "fanout.cli.main", "local", "watch", "--state", str(deployed.run.state.folder)]
    environment = {**program_environment, "PYTHONUNBUFFERED": "1"}
    handler = checkout / "lambdas" / TASK / "handler.py"
    before = handler.read_text()

    def appears(text: str, times: int = 1) -> None:
        deployed.wait_until(lambda: said.read_text().count(text) >= times, f"{text!r} in {said.read_text()}", 60)

    with said.open("w") as out:
        watch = subprocess.Popen(command, cwd=checkout, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        appears("watching")
        handler.write_text(before.replace("    try:\n", '    print("seen by the watch")\n    try:\n', 1))
        appears(f"{TASK} runs the new code")
        event = new_event()
        publish(deployed, event)
        appears(f"{TASK}  seen by the watch")
        appears(f"{TASK}  done  {event['id']}")

        handler.write_text(f"import nosuchmodule\n{before}")
        appears(f"lambdas/{TASK}/handler.py:1: ModuleNotFoundError: No module named 'nosuchmodule'")
        appears("goes on with the code before")
        handler.write_text(f"{before}\ndef x(:\n")
        appears(f"lambdas/{TASK}/handler.py:{before.count(chr(10)) + 2}: SyntaxError")
        handler.write_text(before)
        appears(f"{TASK} runs the new code", times=2)
        event = new_event()
        publish(deployed, event)
        appears(f"{TASK}  done  {event['id']}")
        assert said.read_text().count("seen by the watch") == 1

        settings = checkout / "stacks" / "settings.py"
        settings.write_text(settings.read_text() + "raise SystemError('the stack is broken')\n")
        appears("SystemError: the stack is broken")
        assert watch.poll() is None
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 0, said.read_text()
    finally:
        watch.kill()
        watch.wait()
