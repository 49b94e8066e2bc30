"""What a stack puts into a worker's image is enough to run it: no other file of the engine is there."""

import json
import os
import signal
import subprocess
import sys

import pytest

from fanout import names
from fanout.packaging.image_contents import image_contents
from tests.places import APP
from tests.unit.worker.test_parts import ENVIRON

NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "ARCHIVE_BUCKET": "none",
}


def started(environ: dict[str, str]) -> "subprocess.Popen[str]":
    place = image_contents(APP, "archive_order") / "app"
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "fanout.worker"],
        cwd=place,
        env={"PATH": os.defpath, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
def test_it_begins_says_that_its_queue_does_not_answer_and_ends() -> None:
    with started({**ENVIRON, **NOWHERE, names.TASK: "archive_order"}) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            if told.get("worker") == "not ready":
                break
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert told["task"] == "archive_order" and "did not answer" in told["refused"]
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({names.QUEUE_URL: ""}, "error: FANOUT_QUEUE_URL: not in the environment"),
        ({names.TASK: "no_such_task"}, "error: no_such_task cannot be imported"),
    ],
)
def test_what_cannot_begin_is_one_line_and_status_2(change: dict[str, str], line: str) -> None:
    with started({**ENVIRON, **NOWHERE, names.TASK: "archive_order", **change}) as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 2 and errors.startswith(line) and errors.count("\n") == 1


def test_told_to_end_before_it_began_it_ends_well() -> None:
    code = "import os, signal, sys\nsys.argv = ['w']\nimport fanout.worker.__main__ as w\n"
    code += "sys.modules['fanout.errors'] = None\nsignal.signal = lambda n, h, f=signal.signal: (f(n, h), os.kill(os.getpid(), n))\n"
    ended = subprocess.run([sys.executable, "-c", code + "w.main()"], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
